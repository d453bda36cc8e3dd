"""Before the first model: fixed bounds and declared cadences tell, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.domain.anomaly import Verdict
from monitor.domain.batch import Mode
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from tests.shard.driving import START, Run, noise, play, st


@pytest.mark.parametrize("seed", range(4))
def test_nothing_a_learning_series_does_is_a_model_s_anomaly(seed: int) -> None:
    values = noise(33, seed)
    values[[12, 20, 28]] += (1e3, -1e6, 1e300)
    values[21:27] = np.nan
    run = play(values)
    assert run.told() == []
    assert set(run.verdicts()) == {Verdict.LEARNING}


def test_fixed_bounds_tell_from_the_first_bucket() -> None:
    run = Run()
    run.declare("orders", static_upper=110.0)
    values = noise(20)
    values[3] = 200.0
    play(values, run=run)
    assert [(t.kind, t.onset_ms) for t in run.told(0, "opened")] == [("spike", START + 3 * MINUTE_MS)]


@pytest.mark.parametrize(("declared", "told"), [(True, ["no data"]), (False, [])])
def test_silence_tells_where_the_cadence_is_declared(declared: bool, told: list[str]) -> None:
    run = Run()
    if declared:
        run.declare("orders", cadence_ms=MINUTE_MS)
    play(noise(20), run=run)
    run.tick(START + 55 * MINUTE_MS)
    assert run.told(0, "opened") == []
    run.tick(START + 65 * MINUTE_MS)
    assert [t.kind for t in run.told(0, "opened")] == told


def test_back_filled_history_counts_from_the_first_live_sample() -> None:
    """As much a past as one that was lived through: the stage and the models are those of the history."""
    run, lived = Run(), Run()
    y = noise(200)
    at = START + HOUR_MS * np.arange(200)
    run.send(at[:150], y[:150], mode=Mode.BACKFILL)
    assert run.shard.common["flags"][0] & st.TRUSTED
    run.send(at[150:], y[150:], mode=Mode.LIVE)
    lived.send(at, y, mode=Mode.LIVE)
    assert run.outcome() == lived.outcome()


def test_the_band_of_a_learning_series_holds_nearly_all_of_it() -> None:
    """From its first final bucket on, by its first eight values."""
    inside = []
    for seed in range(40):
        seen = play(noise(34, seed)).observations()
        inside.append(np.mean((seen.value >= seen.lower) & (seen.value <= seen.upper)))
    assert np.mean(inside) > 0.99
