"""Pauses of learning: nothing is learned inside, everything outside, and the first bucket behind the end
teaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.mute import PAUSE_KEPT_MS, PAUSES_MAX, Selector
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from monitor.learning.learning import without
from monitor.shard.pauses import Pauses
from tests.shard.driving import START, Run, noise

LEARNED = 600
FEW = settings(max_examples=20)


def pause(
    run: Run, first: int, end: int, id: str = "p", rows: tuple[int, ...] = (0,), **selector: Any
) -> None:
    """Learning of these rows stands still from minute ``first`` to ``end``."""
    spans = [[START + first * MINUTE_MS, START + end * MINUTE_MS]]
    asked = {"id": id, "selector": Selector(**selector).to_body(), "spans": spans, "created_ms": START}
    run.apply(Control(Kind.MUTE, {"mute": {"id": id}, "pause": asked, "rows": list(rows)}))


def end(run: Run, minute: float, id: str = "p") -> None:
    run.apply(Control(Kind.MUTE, {"ended": id, "at_ms": int(START + minute * MINUTE_MS)}))


def feed(run: Run, first: int, values: Any, row: int = 0) -> None:
    y = np.asarray(values, np.float64)
    at = START + (first + np.arange(len(y))) * MINUTE_MS
    there = ~np.isnan(y)
    run.send(at[there], y[there], row)


def learned(run: Run, row: int = 0) -> tuple[Any, ...]:
    """All that values leave behind in what is known of a series."""
    shard = run.shard
    common, clock = shard.common[row], shard.clocks[row]
    plain = [common[name] for name in ("champion", "challenger", "tail", "offset", "unit", "lowpass_scale")]
    plain += [common["advantage"], *(clock[name] for name in ("final_n", "gap_max", "run_max"))]
    tail = shard.bank.common[row, 32:].tobytes()
    return (*map(float, plain), tail, shard.bank.models[row].tobytes(), shard.bank.season.tobytes())


def taught() -> Run:
    run = Run()
    feed(run, 0, noise(LEARNED))
    return run


def settled(run: Run, first: int) -> tuple[Any, ...]:
    """What is known once the bucket before ``first`` is final and ``first`` itself is not."""
    feed(run, first, [100.0, 100.0])
    return learned(run)


@FEW
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_whatever_happens_inside_nothing_is_learned(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    run = taught()
    pause(run, LEARNED, LEARNED + length)
    feed(run, LEARNED, [100.0, 100.0])  # all before is final now
    before = learned(run)
    inside = rng.normal(100.0, 3.0 ** rng.integers(0, 4), length)
    inside[rng.random(length) < 0.2] = np.nan
    inside[rng.random(length) < 0.2] = 100.0
    feed(run, LEARNED, inside)
    feed(run, LEARNED + length, [100.5, 99.5])
    assert learned(run) == before
    feed(run, LEARNED + length + 2, [100.1])  # the first bucket behind the end is final
    assert learned(run) != before


def test_a_bucket_that_the_end_touches_does_not_teach_and_the_next_one_does() -> None:
    run = taught()
    pause(run, LEARNED, LEARNED + 10)
    end(run, LEARNED + 4.5)
    feed(run, LEARNED, [100.0, 100.0])
    before = learned(run)
    feed(run, LEARNED + 2, [101.0, 99.0, 100.5, 99.4, 100.2])
    assert learned(run) == before  # minute 4 is final, and the end lies in it
    feed(run, LEARNED + 7, [100.0])
    assert learned(run) != before


@FEW
@given(st.integers(0, 2**32))
def test_cut_anyhow_and_resumed_the_state_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = noise(900, seed % 1000)
    values[rng.random(900) < 0.02] += 30.0
    values[650:700] = np.nan
    first, length = int(rng.integers(300, 700)), int(rng.integers(1, 200))
    whole = Run()
    pause(whole, first, first + length)
    feed(whole, 0, values)
    cut = Run()
    pause(cut, first, first + length)
    for part in np.split(np.arange(900), np.sort(rng.integers(0, 900, 5))):
        feed(cut, int(part[0]) if len(part) else 0, values[part])
        cut.resume()
    assert (cut.digest(), cut.outcome()) == (whole.digest(), whole.outcome())


def test_values_are_judged_all_the_same() -> None:
    run = taught()
    pause(run, LEARNED, LEARNED + 100)
    feed(run, LEARNED, [100.0, 160.0, 100.0, 100.0, 100.0, 100.0])
    assert [one.kind for one in run.told(0, "opened")][-1] == "spike"


def test_a_gap_inside_does_not_make_gaps_ordinary() -> None:
    run = taught()
    pause(run, LEARNED, LEARNED + 90)
    feed(run, LEARNED + 89, noise(40, 5))
    assert int(run.shard.clocks["gap_max"][0]) == 0
    other = taught()
    feed(other, LEARNED + 89, noise(40, 5))
    assert int(other.shard.clocks["gap_max"][0]) > 80


def test_others_go_on_and_later_series_are_selected_as_they_appear() -> None:
    names = [Identity.of("shop.orders"), Identity.of("cpu"), Identity.of("shop.visits")]
    run = Run(names)
    run.new = run.new[:2]
    feed(run, 0, noise(LEARNED, 1), 0)
    feed(run, 0, noise(LEARNED, 2), 1)
    pause(run, LEARNED, 2 * LEARNED, metric="shop.*")
    run.new = ((2, names[2].canonical()),)
    for row in range(3):
        feed(run, LEARNED, noise(LEARNED, 3 + row), row)
    n = run.shard.clocks["final_n"][:3].tolist()
    assert n[0] < LEARNED + 3
    assert n[1] > 2 * LEARNED - 5
    assert n[2] == 1  # that there is a final bucket, and no more


def test_more_pauses_than_bits_have_no_effect_and_old_ones_make_room() -> None:
    pauses = Pauses()
    for number in range(PAUSES_MAX + 1):
        pauses.begin(str(number), Selector(), ((START, START + 5),), START, [0])
    assert len(pauses) == PAUSES_MAX
    pauses.begin(
        "later", Selector(), ((START + DAY_MS, START + 2 * DAY_MS),), START + PAUSE_KEPT_MS + DAY_MS, [0]
    )
    assert pauses.of(0) == [(START + DAY_MS, START + 2 * DAY_MS)]
    assert int(pauses.rows["mask"][0]) == 1


@pytest.mark.parametrize("paused", [False, True])
def test_a_pass_reads_nothing_of_a_pause(paused: bool) -> None:
    at = START + np.arange(200) * MINUTE_MS
    spans = [(START + 50 * MINUTE_MS, START + 60 * MINUTE_MS)] if paused else []
    kept = without(np.ones(200, bool), at, MINUTE_MS, spans)
    assert np.flatnonzero(~kept).tolist() == (list(range(50, 60)) if paused else [])
