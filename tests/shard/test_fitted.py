"""Families that are called by address: in a shard they say and learn what their kernels say and learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.base import Family, season_slots, writable
from learners.baseline.neural import HIDDEN, INPUTS, weights_of
from learners.families import BASELINES
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from tests.shard.driving import START, Run

PASS = 1280  # of the passes by the hour, which are 256 buckets apart
COUNT = 1_500
WEIGHTS = weights_of(INPUTS, HIDDEN)


def values() -> NDArray[np.float64]:
    """Hénon's map: both a line and a network foretell more of it than an average."""
    y = np.full(COUNT, 0.3)
    for i in range(2, COUNT):
        y[i] = 1.0 - 1.4 * y[i - 1] ** 2 + 0.3 * y[i - 2]
    return 50.0 + 5.0 * y + 0.05 * np.random.default_rng(1).standard_normal(COUNT)


def model(run: Run, family: Family) -> tuple[Any, NDArray[np.float32]]:
    """Copies of record and table of the series' champion, which is of ``family``."""
    record = writable(run.shard.bank.models[0, 0].tobytes(), BASELINES[family].dtype)
    at, slots = int(record["at"][0]), season_slots(record[0])
    record["at"] = 0
    return record, run.shard.bank.season[at : at + slots].copy()


@pytest.mark.parametrize("name", ["arima", "neural"])
@pytest.mark.parametrize("resumed", [False, True])
def test_like_its_kernels(name: str, resumed: bool) -> None:
    family, run = Family[name.upper()], Run()
    kernels = BASELINES[family]
    run.declare("orders", models=[name], cadence_ms=HOUR_MS)
    y, at = values(), START + HOUR_MS * np.arange(COUNT)
    run.send(at[: PASS + 1], y[: PASS + 1])
    assert run.shard.common[0]["champion"] == family, "it forecasts best"
    if resumed:
        run.resume()
    ordinary = 0
    for i in range(PASS + 1, PASS + 150):
        record, season = model(run, family)
        common, final = run.shard.common[0], int(run.shard.clocks[0]["final_n"])
        offset, unit = float(common["offset"]), float(common["unit"])
        run.send(at[i], y[i])
        assert int(run.shard.clocks[0]["final_n"]) == final + 1
        seen = run.observations().take(np.arange(final, final + 1))
        t = int(at[final]) // HOUR_MS
        centre, scale = kernels.forecast(record[0], season, t)
        assert float(seen.expected[0]) == pytest.approx(offset + unit * centre, rel=1e-6)
        if seen.score[0] > 1.0:
            continue  # it may have taught less
        ordinary += 1
        kernels.learn(record[0], season, t, (y[final] - offset) / unit, centre, scale, 1.0)
        told, kept = model(run, family)
        assert told.tobytes() == record.tobytes()
        assert kept.tobytes() == season.tobytes()
    assert ordinary > 20


@pytest.mark.parametrize("name", ["arima", "neural"])
def test_an_adopted_level_moves_it(name: str) -> None:
    run, y = Run(), values()
    run.declare("orders", models=[name], cadence_ms=HOUR_MS)
    run.send(START + HOUR_MS * np.arange(PASS + 1), y[: PASS + 1])
    assert run.shard.common[0]["champion"] == Family[name.upper()]
    run.send(START + HOUR_MS * np.arange(PASS + 1, PASS + 241), 400.0 + y[:240])
    assert "level shift" in {told.kind for told in run.told(0, "closed")}
    record, season = model(run, Family[name.upper()])
    assert abs(float(run.observations().expected[-1]) - 450.0) < 30.0
    assert np.isfinite(season).all()
    assert record["seen"][0] > PASS - 300


def test_is_trained_anew_in_every_pass() -> None:
    run = Run()
    run.declare("orders", models=["neural"], cadence_ms=HOUR_MS)
    at, y = START + HOUR_MS * np.arange(PASS + 300), np.concatenate([values(), values()])
    run.send(at[: PASS + 1], y[: PASS + 1])
    _, before = model(run, Family.NEURAL)
    run.send(at[PASS + 1 :], y[PASS + 1 : PASS + 300])
    _, after = model(run, Family.NEURAL)
    assert not np.array_equal(before[:WEIGHTS], after[:WEIGHTS])


def test_nobody_gets_them_who_has_not_asked() -> None:
    run = Run()
    run.send(START + MINUTE_MS * np.arange(COUNT), values())
    assert not {Family.ARIMA, Family.NEURAL} & {
        int(run.shard.common[0]["champion"]),
        int(run.shard.common[0]["challenger"]),
    }
