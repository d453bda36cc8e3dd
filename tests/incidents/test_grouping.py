"""Grouping is a function of the set of anomalies, resumable anywhere, and cheap."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.anomaly import Anomaly
from monitor.incidents.grouping import Sweep, group, in_order, name_part
from monitor.incidents.rules import Rules
from tests.incidents.making import DAY, HOUR, anomalies, anomaly

RULES = Rules()


def ids(groups: object) -> set[frozenset[str]]:
    return {frozenset(a.id for a in g.members) for g in groups}  # type: ignore[attr-defined]


def slowly(found: list[Anomaly], rules: Rules) -> set[frozenset[str]]:
    """Every pair looked at, sets joined by hand."""
    groups: list[list[Anomaly]] = []
    for one in sorted(found, key=in_order):
        joined = [g for g in groups if alive(g, one, rules) and evidence(g, one, rules) >= rules.evidence_min]
        for g in joined:
            groups.remove(g)
        groups.append([a for g in joined for a in g] + [one])
    return {frozenset(a.id for a in g) for g in groups}


def alive(members: list[Anomaly], one: Anomaly, rules: Rules) -> bool:
    return one.begin_ms < min(m.begin_ms for m in members) + rules.cap_ms


def evidence(members: list[Anomaly], one: Anomaly, rules: Rules) -> float:
    near = [m.series for m in members if one.begin_ms <= rules.reach_ms(m)]
    tags = sum(any(tag in m.tags for m in near) for tag in one.series.tags)
    metric = any(m.metric == one.series.metric for m in near)
    part = any(name_part(m.metric) == name_part(one.series.metric) for m in near)
    return tags * rules.same_tag + metric * rules.same_metric + part * rules.same_name_part


@given(anomalies(), st.sampled_from((1.0, 2.0, 3.0)))
def test_equals_the_slow_twin(found: list[Anomaly], least: float) -> None:
    rules = Rules(evidence_min=least)
    assert ids(group(found, rules)) == slowly(found, rules)


@given(anomalies(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(found: list[Anomaly], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(found, RULES) == group(shuffled, RULES)


@given(anomalies(), st.data())
def test_teams_are_grouped_as_if_each_were_alone(found: list[Anomaly], data: st.DataObject) -> None:
    of = {series: data.draw(st.sampled_from(("", "red", "blue"))) for series in {a.series for a in found}}
    owned = [replace(a, team=of[a.series]) for a in found]
    alone = [ids(group([a for a in owned if a.team == team], RULES)) for team in ("", "red", "blue")]
    assert ids(group(owned, RULES)) == alone[0] | alone[1] | alone[2]


@given(anomalies(), st.integers(0, 30))
def test_a_sweep_resumed_anywhere_goes_on_alike(found: list[Anomaly], cut: int) -> None:
    ordered = sorted(found, key=in_order)
    whole = Sweep(RULES)
    joined = {a.id: whole.place(a) for a in ordered}
    if cut >= len(ordered):
        return
    at_ms = ordered[cut].begin_ms
    resumed = Sweep(RULES)
    resumed.recall(((a, joined[a.id]) for a in ordered[:cut] if a.begin_ms > at_ms - RULES.cap_ms), at_ms)
    assert {a.id: resumed.place(a) for a in ordered[cut:]} == {a.id: joined[a.id] for a in ordered[cut:]}


@given(anomalies())
def test_no_group_begins_beyond_the_cap(found: list[Anomaly]) -> None:
    for one in group(found, RULES):
        assert one.members[-1].begin_ms - one.start_ms < RULES.cap_ms


def count(*found: Anomaly) -> int:
    return len(group(found, RULES))


def test_what_belongs_together() -> None:
    jfk = {"origin": "JFK"}
    assert count(anomaly("share", jfk), anomaly("share", {"origin": "EWR"}, 1)) == 1  # the metric
    assert count(anomaly("share", jfk), anomaly("delay", jfk, 1)) == 1  # a tag
    assert count(anomaly("flights.share"), anomaly("flights.departures", jfk, 1)) == 1  # the family
    assert count(anomaly("share", jfk), anomaly("delay", {"origin": "EWR"}, 1)) == 2
    assert count(anomaly("share", {"origin": "JFK"}), anomaly("delay", {"dest": "JFK"}, 1)) == 2


def test_overlap_with_slack() -> None:
    assert count(anomaly(at=0, hours=1), anomaly(at=3)) == 1
    assert count(anomaly(at=0, hours=1), anomaly(at=3.1)) == 2
    minute = 60_000
    assert count(anomaly(hours=0.5, cadence_ms=minute), anomaly(at=1.5, cadence_ms=minute)) == 1
    assert count(anomaly(hours=0.5, cadence_ms=minute), anomaly(at=1.6, cadence_ms=minute)) == 2


def test_one_that_connects_two_makes_them_one() -> None:
    apart = [anomaly("a", {"k": "1"}, 0), anomaly("b", {"k": "2"}, 0)]
    assert count(*apart) == 2
    assert count(*apart, anomaly("a", {"k": "2"}, 1)) == 1


def test_a_long_member_does_not_collect_what_begins_days_later() -> None:
    shift = anomaly("a", {"k": "1"}, 0, None)
    assert count(shift, anomaly("a", {"k": "2"}, 26)) == 1
    assert count(shift, anomaly("a", {"k": "2"}, 27)) == 2


def test_a_chain_ends_at_the_cap() -> None:
    chain = [anomaly(at=at, hours=2) for at in range(0, 24 * 10, 3)]
    groups = group(chain, RULES)
    assert [len(g.members) for g in groups] == [32, 32, 16]
    assert all(g.members[-1].begin_ms - g.start_ms < 4 * DAY for g in groups)


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="recent_ms"):
        Rules(recent_ms=4 * DAY)
    with pytest.raises(ValueError, match="slack"):
        Rules(slack_min_ms=2 * DAY)
    with pytest.raises(ValueError, match="evidence_min"):
        Rules(evidence_min=0)


def test_twenty_thousand_in_one_cluster_take_seconds() -> None:
    storm = [
        anomaly(f"app.m{i % 40}", {"host": f"h{i % 500}", "dc": f"d{i % 3}"}, i / 1000, 2 + i % 5)
        for i in range(20_000)
    ]
    began = time.perf_counter()
    assert count(*storm) == 1
    assert time.perf_counter() - began < 5


def test_slack_is_two_buckets_within_an_hour_and_a_day() -> None:
    assert [RULES.slack_ms(c) // HOUR for c in (60_000, HOUR, 12 * HOUR, 7 * DAY)] == [1, 2, 24, 24]
