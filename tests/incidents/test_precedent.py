"""A series that came with a group once before joins it again; one by itself at that time does not."""

from __future__ import annotations

import pytest

from monitor.correlation.learned import learn
from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.topology import Evidence, Onset
from monitor.incidents.grouping import Sweep, group, in_order
from monitor.incidents.precedent import MOST, Past
from monitor.incidents.relations import Relations, onsets_among
from monitor.incidents.rules import Rules
from tests.incidents.making import EPOCH, anomaly

RULES = Rules()
LATER = 24 * 20
"""Hours after the epoch: what begins then is grouped, what began before was long ago."""


def one(metric: str, at: float) -> Anomaly:
    """Named so that no two have a key in common."""
    return anomaly(f"{metric}x.{metric}", {metric: "1"}, at, 0.5, cadence_ms=MINUTE_MS)


def on_host(name: str, at: float) -> Anomaly:
    """Of one host, which makes a group of those that begin together on it."""
    return anomaly(f"{name}x.{name}", {"host": "h"}, at, 0.5, cadence_ms=MINUTE_MS)


def pair(at: float) -> list[Anomaly]:
    return [on_host("a", at), on_host("b", at + 0.01)]


def relations(found: list[Anomaly], end_ms: int) -> Relations:
    def between(from_ms: int, until_ms: int) -> list[Onset]:
        return onsets_among(a for a in found if from_ms <= a.begin_ms < until_ms)

    return Relations(RULES, learn, None, between, end_ms)


def joined(history: list[Anomaly], now: list[Anomaly], last: Anomaly) -> list[tuple[Evidence, str]]:
    found = sorted([*history, *now, last], key=in_order)
    sweep = Sweep(RULES, relations(found, last.begin_ms + DAY_MS))
    bonds = [sweep.place(a) for a in found]
    assert found[-1] == last
    return [(bond.kind, bond.what) for bond in bonds[-1].values()]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (0.2, 0.2, [(Evidence.PRECEDENT, "1 time")]),
        (0.2, 0.3, [(Evidence.PRECEDENT, "1 time")]),  # six minutes astray
        (0.2, 0.45, []),  # fifteen minutes astray
        (30.0, 0.2, []),  # it was alone then
        (None, 0.2, []),
    ],
)
def test_what_came_with_them_once_comes_with_them_again(
    before: float | None, now: float, expected: list[tuple[Evidence, str]]
) -> None:
    history = pair(0) + ([one("c", before)] if before is not None else [])
    assert joined(history, pair(LATER), one("c", LATER + now)) == expected


def test_a_series_that_begins_often_is_there_by_chance() -> None:
    """Once in forty onsets it was with them: that is no sign."""
    often = [one("c", 0.2 + 7 * times) for times in range(40)]
    assert joined(pair(0) + often, pair(LATER), one("c", LATER + 0.2)) == []


def test_a_group_that_begins_often_asks_for_more() -> None:
    """It began thirty times, and so one of them was beside the series' onset by chance."""
    rarely = [one("d", at) for at in (0.2, 27.2, 60.2)]
    history = [a for times in range(30) for a in pair(11 * times)] + rarely
    assert joined(history, pair(LATER), one("d", LATER + 0.2)) == []


@pytest.mark.parametrize(("others", "sizes"), [(0, [2]), (200, [1, 201])])
def test_of_a_large_group_one_edge_is_no_reason(others: int, sizes: list[int]) -> None:
    """Two met twice by themselves. That the second is told with the first takes more where the first is one
    of two hundred."""
    met = [a for times in range(2) for a in (on_host("c", 50.0 * times), one("d", 0.35 + 50.0 * times))]
    crowd = [on_host(f"e{number}", LATER + number / 3_600) for number in range(others)]
    now = [*crowd, on_host("c", LATER + 0.06), one("d", LATER + 0.41)]
    found = [*met, *now]
    groups = group(found, RULES, relations(found, EPOCH + 22 * DAY_MS))
    late = [g for g in groups if g.members[0] in now]
    assert sorted(len(g.members) for g in late) == sizes


def test_of_a_group_without_end_the_first_are_looked_at() -> None:
    past = Past(one("a", 0))
    for number in range(1, MOST + 50):
        past.take(Past(one(f"a{number}", number / 60)))
    members, looked_at = past.state()
    assert (members, len(looked_at)) == (MOST + 50, MOST)
