"""What a label carries of an anomaly, and who has how much of a say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.influence import DAILY, votes
from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.domain.series import Identity
from monitor.domain.shape import Shape, Statistic, missed, shape_of

ORDERS = Identity.of("orders")
SPIKE = Anomaly(
    *("a-1", ORDERS, AnomalyKind.SPIKE, 1, 60, 60, 120, 180, 60.0, 9.0, 5.0, 4.0, 6.0, 2, 60),
)


@pytest.mark.parametrize(
    ("kind", "value", "statistic", "size"),
    [
        (AnomalyKind.SPIKE, 9.0, Statistic.VALUE, 4.0),
        (AnomalyKind.SPIKE, 5.5, Statistic.LEAN, 0.5),
        (AnomalyKind.FLAT_LINE, 5.0, Statistic.STILL, 0.0),
        (AnomalyKind.FLAT_LINE, math.nan, Statistic.STILL, 0.0),
    ],
)
def test_which_statistic_said_it(kind: AnomalyKind, value: float, statistic: Statistic, size: float) -> None:
    shape = shape_of(replace(SPIKE, kind=kind, value=value))
    assert shape is not None
    assert (shape.statistic, shape.size, shape.level) == (statistic, size, 6.0)
    assert (shape.from_ms, shape.to_ms) == (60, 180)


@pytest.mark.parametrize("kind", [AnomalyKind.NO_DATA, AnomalyKind.ENDED, AnomalyKind.ABSORBED_DRIFT])
def test_silence_and_drift_have_no_shape(kind: AnomalyKind) -> None:
    assert shape_of(replace(SPIKE, kind=kind)) is None


def test_an_open_anomaly_has_the_span_so_far_and_a_shift_lasts() -> None:
    shape = shape_of(replace(SPIKE, kind=AnomalyKind.LEVEL_SHIFT, end_ms=None))
    assert shape is not None
    assert (shape.to_ms, shape.lasting) == (180, True)


def test_a_span_without_judged_buckets_has_no_shape() -> None:
    empty = {name: np.empty(0) for name in ("value", "expected", "lower", "upper", "score")}
    assert missed("0b", "orders", (0, 9), empty) is None
    unknown = {name: np.full(3, math.nan) for name in empty}
    assert missed("0b", "orders", (0, 9), unknown) is None


def said(number: int, verdict: Said, user: str = "user:ann", shapes: int = 1, day: int = 0) -> Label:
    shape = Shape("0b", "orders", Statistic.VALUE, 1, 6.0, 4.0, 1, False, 0, 1)
    target = Target(TargetKind.ANOMALY, f"a-{number}", 0, 1, f"a-{number}", "0b")
    return Label(str(number), verdict, target, user, "", day * 86_400_000, shapes=(shape,) * shapes)


def test_shapes_of_one_user_and_day_are_limited_by_verdict() -> None:
    many = [said(number, Said.FALSE_ALARM, shapes=8) for number in range(9)]
    assert len(votes(many)) == DAILY
    assert len(votes([*many, said(10, Said.TRUE)])) == DAILY + 1
    assert len(votes([*many, said(10, Said.FALSE_ALARM, user="user:bob")])) == DAILY + 1
    assert len(votes([*many, said(10, Said.FALSE_ALARM, day=1)])) == DAILY + 1


def test_the_newest_of_one_user_rules_and_what_two_disagree_about_does_not_act() -> None:
    first, second = said(1, Said.FALSE_ALARM), replace(said(1, Said.TRUE), id="2")
    assert [vote.quieter for vote in votes([first, second])] == [False]
    other = replace(second, user="user:bob")
    assert votes([first, other]) == []
    same = replace(first, id="3", user="user:bob")
    assert [vote.label.id for vote in votes([first, same])] == ["3"]


def test_labels_without_shapes_and_other_verdicts_do_not_act() -> None:
    assert votes([said(1, Said.TRUE, shapes=0), said(2, Said.EXPECTED), said(3, Said.WRONG_GROUP)]) == []
