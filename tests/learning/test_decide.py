"""What a learning pass decides, by what the series lives by now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learners.base import Family
from monitor.learning.learning import Current, Waiting, decide

NEW = Current(int(Family.EMA), int(Family.EMA), (), assigned=False, advantage=0.0, in_anomaly=False)


def waiting(current: Current = NEW, count: int = 300, seed: int = 1, row: int = 0) -> Waiting:
    y = 10.0 + np.random.default_rng(seed).standard_normal(count)
    t = np.arange(count, dtype=np.int64)
    return Waiting(row, count, 3_600_000, None, t, y, np.full(count, np.nan), current)


def test_a_new_series_gets_models_and_a_tail() -> None:
    (decision,) = decide([waiting()])
    assert decision.choice is not None
    assert decision.models
    assert decision.choice.champion.family != Family.NONE
    assert decision.choice.tail.record != bytes(32)


def test_who_lives_by_the_same_models_keeps_their_state() -> None:
    (first,) = decide([waiting()])
    assert first.choice is not None
    living = replace(
        NEW,
        champion=int(first.choice.champion.family),
        challenger=int(first.choice.challenger.family),
        periods=tuple(first.choice.periods),
        assigned=True,
    )
    (again,) = decide([waiting(living)])
    assert again.choice is not None
    assert not again.models


def test_inside_an_anomaly_everything_is_kept() -> None:
    inside = replace(NEW, assigned=True, in_anomaly=True)
    (decision,) = decide([waiting(inside, count=600)])
    assert decision.choice is None
    assert not decision.models


def test_a_young_series_inside_an_anomaly_gets_new_models() -> None:
    """What it calls an anomaly may be what it has not seen yet."""
    inside = replace(NEW, assigned=True, in_anomaly=True)
    (decision,) = decide([waiting(inside, 100)])
    assert decision.choice is not None
    assert decision.models


def test_a_series_that_has_nothing_yet_learns_also_inside_an_anomaly() -> None:
    (decision,) = decide([waiting(replace(NEW, in_anomaly=True))])
    assert decision.choice is not None
    assert decision.models


@pytest.mark.parametrize("count", [1, 2, 32])
def test_short_windows(count: int) -> None:
    (decision,) = decide([waiting(count=count)])
    assert decision.choice is not None
    assert decision.choice.unit > 0.0


def test_decisions_are_a_function_of_the_window_alone() -> None:
    many = [waiting(seed=seed, row=seed) for seed in range(6)]
    bodies = [d.choice.to_body() for d in decide(many) if d.choice is not None]
    assert len(bodies) == 6
    alone = [decide([one])[0].choice for one in reversed(many)]
    assert bodies == [c.to_body() for c in reversed(alone) if c is not None]
