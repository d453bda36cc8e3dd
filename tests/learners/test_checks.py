"""Every family shows every behaviour of `learners.checks`."""

from collections.abc import Callable

import pytest

from learners.base import Family, Tail
from learners.checks import BASELINE_CHECKS, TAIL_CHECKS
from learners.families import BASELINES, TAILS, BaselineFamily, TailFamily


@pytest.mark.parametrize("check", BASELINE_CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("family", BASELINES, ids=lambda f: f.name.lower())
def test_baseline(family: Family, check: Callable[[BaselineFamily], None]) -> None:
    check(BASELINES[family])


@pytest.mark.parametrize("check", TAIL_CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("family", TAILS, ids=lambda f: f.name.lower())
def test_tail(family: Tail, check: Callable[[TailFamily], None]) -> None:
    check(TAILS[family])


def test_every_family_that_can_be_stored_is_there() -> None:
    assert set(BASELINES) == set(Family) - {Family.NONE}
    assert set(TAILS) == set(Tail) - {Tail.NONE}
