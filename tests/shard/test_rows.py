"""Rows come and go: forgotten series leave nothing behind, assignments reach only whom they are meant for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.domain.batch import Mode
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from monitor.domain.records import Control, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.shard import state as st
from monitor.shard.apply import apply
from monitor.shard.shard import Shard
from monitor.shard.snapshot import state_bytes
from monitor.shard.warm import warm_shard
from tests.shard.driving import START, Run, noise, play

SEASONAL = 100.0 + 50.0 * (np.arange(24 * 40) % 24 > 8) + noise(24 * 40, level=0.0)
A, B = Identity.of("a"), Identity.of("b")


def forget(run: Run, *rows: int) -> None:
    run.apply(Control(Kind.FORGET, {"rows": list(rows)}))


def used(run: Run) -> tuple[int, int]:
    return int(run.shard.directory["n_pending"][0]), int(run.shard.directory["n_episodes"][0])


def test_a_forgotten_series_gives_back_all_it_had() -> None:
    values = SEASONAL.copy()
    values[-5:] += 500.0
    run = play(values, HOUR_MS, run=Run([A]))
    assert run.told(0, "opened")
    assert run.shard.profiles["period0"][0] == 24
    slots = run.shard.bank.season_used
    assert slots > 0
    assert used(run)[1] == 1
    forget(run, 0)
    assert used(run) == (0, 0)
    assert not run.shard.bank.season.any()
    assert not run.shard.bank.common[0, 32:].any()
    again = play(SEASONAL, HOUR_MS, run=Run([A]))
    run.new, run.applied = ((0, B.canonical()),), []
    play(SEASONAL, HOUR_MS, run=run)
    assert run.shard.bank.season_used == slots, "the table was used again"
    assert run.outcome() == again.outcome()


def test_forgetting_a_series_that_waits_empties_its_pool() -> None:
    run = play(noise(60), run=Run([A], assigns=False))
    assert used(run)[0] > 20
    forget(run, 0)
    assert used(run) == (0, 0)


def test_samples_of_a_series_that_was_forgotten_are_dropped() -> None:
    run = play(noise(60), run=Run([A]))
    forget(run, 0)
    before = run.digest()
    play(noise(60), run=run)
    assert run.digest() == before
    assert used(run) == (0, 0)


def test_an_assignment_of_a_series_that_was_forgotten_is_dropped() -> None:
    run = play(noise(60), run=Run([A], assigns=False))
    forget(run, 0)
    run.new = ((0, B.canonical()),)
    play(noise(12, 2), run=run)
    before = run.digest()
    run.apply(assignment(0, 32))
    assert run.digest() == before
    assert not run.shard.common["flags"][0] & st.HELD


def assignment(row: int, final_n: int) -> Control:
    body: dict[str, Any] = {"row": row, "final_n": final_n, "choice": None, "models": False}
    return Control(Kind.ASSIGN, {"items": [body]})


@pytest.mark.parametrize(("row", "final_n"), [(0, 31), (0, 33), (1, 32), (10**6, 32)])
def test_an_assignment_for_another_bucket_or_row_is_dropped(row: int, final_n: int) -> None:
    run = play(noise(60), run=Run([A], assigns=False))
    before = run.digest()
    run.apply(assignment(row, final_n))
    assert run.digest() == before
    run.apply(assignment(0, 32))
    assert run.digest() != before
    assert len(run.observations()) > 32


def test_forgetting_rows_that_never_were() -> None:
    run = play(noise(60), run=Run([A]))
    before = run.digest()
    forget(run, 7, 10**6)
    assert run.digest() == before


def test_rows_come_in_any_order() -> None:
    shard = Shard(rows=1)
    ts = START + MINUTE_MS * np.arange(40)
    for row in (5_000, 3, 70_000):
        new = ((row, Identity.of(f"m{row}").canonical()),)
        apply(shard, Samples(np.full(40, row, np.int32), ts, noise(40), None, Mode.LIVE, 0, 0, new))
    assert shard.rows == 70_001
    assert shard.clocks["final_n"][[3, 5_000, 70_000]].tolist() == [32, 32, 32]
    assert np.count_nonzero(shard.common["flags"][: shard.rows]) == 3


def test_a_large_batch_overflows_no_buffer() -> None:
    """More final buckets, revisions and held series than any buffer holds."""
    rows = 3_000
    run = Run([Identity.of("m", {"i": str(i)}) for i in range(rows)], assigns=False)
    row = np.tile(np.arange(rows, dtype=np.int32), 40)
    ts = START + MINUTE_MS * np.repeat(np.arange(40), rows)
    run.send(ts, np.random.default_rng(1).standard_normal(len(ts)), row)
    assert len(run.due) == rows
    seen = np.concatenate([one.observations.row for one in run.applied])
    assert np.bincount(seen).tolist() == [32] * rows
    run.send(np.full(80_000, START), np.zeros(80_000), np.arange(80_000, dtype=np.int32) % rows)
    assert len(run.applied[-1].revisions) == 80_000


def test_warming_leaves_nothing_behind() -> None:
    warm_shard()


def test_bytes_a_series() -> None:
    """What the module says a series takes, without its season."""
    shard = Shard(rows=1)
    new = tuple((row, Identity.of(f"m{row}").canonical()) for row in range(10_000))
    before = state_bytes(shard)
    none = (np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))
    apply(shard, Samples(*none, None, Mode.LIVE, 0, 0, new))
    grown = (state_bytes(shard) - before) / len(shard.clocks)
    assert grown <= 2 * 32 + 64 + 64 + 12 + 64


@pytest.mark.slow
def test_more_series_than_the_list_of_marked_rows_holds_are_finished() -> None:
    count = 70_000
    shard = Shard(rows=count)
    new = tuple((row, Identity.of(f"m{row}").canonical()) for row in range(count))
    rows = np.arange(count, dtype=np.int32)
    times, values = np.full(count, 1_600_000_000_000, np.int64), np.ones(count)
    apply(shard, Samples(rows, times, values, None, Mode.BACKFILL, 0, 0, new))
    applied = apply(shard, Tick(1_600_000_000_000, complete=True))
    assert len(applied.observations) == count
