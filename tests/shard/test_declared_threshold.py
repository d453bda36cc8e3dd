"""A declared threshold: taken at once where there is a model, by every later pass, and given up again."""

from __future__ import annotations

import numpy as np
import pytest

from learners.base import Tail
from learners.threshold.declared import NAMES, tail_of
from monitor.domain.durations import HOUR_MS
from tests.shard.driving import START, Run, noise

AT = START + HOUR_MS * np.arange(600)
VALUES = noise(600)


def tail(run: Run) -> Tail:
    return Tail(int(run.shard.common["tail"][0]))


@pytest.mark.parametrize("name", NAMES)
def test_declared_before_the_first_pass(name: str) -> None:
    run = Run()
    run.declare("orders", threshold=name)
    run.send(AT, VALUES)
    assert tail(run) == tail_of(name)
    seen = run.observations()
    judged = seen.upper[seen.verdict == 0]
    assert np.isfinite(judged).all()
    assert (judged > 100.0).all()


@pytest.mark.parametrize("aggregation", [None, "mean"])
def test_declared_later_it_holds_from_the_next_bucket_and_moves_nothing_else(aggregation: str | None) -> None:
    run = Run()
    run.declare("orders", aggregation=aggregation)
    run.send(AT[:400], VALUES[:400])
    final, models = int(run.shard.clocks["final_n"][0]), run.shard.bank.models[0].copy()
    run.declare("orders", aggregation=aggregation, threshold="sigma")
    assert tail(run) is Tail.SIGMA
    assert not run.shard.common["flags"][0] & 1
    run.send(AT[400:], VALUES[400:])
    seen = run.observations()
    assert len(seen) == int(run.shard.clocks["final_n"][0]) > final
    assert (np.diff(seen.ts_ms) == HOUR_MS).all()
    run.declare("orders", aggregation=aggregation)
    assert tail(run) is Tail.EXTREME_VALUE
    assert models.shape == run.shard.bank.models[0].shape


def test_the_same_whenever_batches_are_cut() -> None:
    whole, parts = Run(), Run()
    for run, cuts in ((whole, [600]), (parts, [17, 33, 170, 555])):
        run.declare("ord*", threshold="conformal")
        for part in np.split(np.arange(600), cuts):
            if len(part):
                run.send(AT[part], VALUES[part])
    assert whole.digest() == parts.digest()
    assert whole.outcome() == parts.outcome()


def test_a_declaration_that_asks_for_what_is_there_holds_nothing() -> None:
    run = Run(assigns=False)
    run.send(AT[:34], VALUES[:34])
    run.assign()
    run.declare("orders", threshold="extreme_value")
    run.declare("orders", unit="ms")
    assert run.due == []
