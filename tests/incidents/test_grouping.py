"""Grouping is a function of the set of anomalies, resumable anywhere, and cheap."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.acts import Tie
from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.topology import UNTOLD, keys_of
from monitor.incidents.grouping import Sweep, group, in_order
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules
from monitor.incidents.ties import Ties
from tests.incidents.making import EPOCH, anomalies, anomaly, relations_of

RULES = Rules()


def ids(groups: object) -> set[frozenset[str]]:
    return {frozenset(a.id for a in g.members) for g in groups}  # type: ignore[attr-defined]


def slowly(found: list[Anomaly], rules: Rules, relations: Relations) -> set[frozenset[str]]:
    """Every pair looked at, sets joined by hand."""
    groups: list[list[Anomaly]] = []
    for one in sorted(found, key=in_order):
        alike = [g for g in groups if g[0].team == one.team and alive(g, one, rules)]
        crowd = sum(any(one.begin_ms <= rules.reach_ms(m) for m in g) for g in alike)
        times = sum(returned(m, one, rules) for g in groups for m in g) + 1
        back = [g for g in alike if times >= rules.unstable_times and draws_again(g, one, rules)]
        learned = [
            g for g in alike if by_edges(drawing(g, one, rules), one, rules, relations) >= enough(g, rules)
        ]
        before = [] if learned else by_precedent(alike, one, rules, relations)
        sure = [*back, *learned, *before]
        joined = [g for g in alike if g in sure or related(g, one, crowd, rules, relations)]
        for g in joined:
            groups.remove(g)
        groups.append([a for g in joined for a in g] + [one])
    return {frozenset(a.id for a in g) for g in groups}


def returned(m: Anomaly, one: Anomaly, rules: Rules) -> bool:
    """Did the same series begin within the window before?"""
    if {m.kind, one.kind} & set(UNTOLD) or (m.team, m.series) != (one.team, one.series):
        return False
    return m.begin_ms > one.begin_ms - rules.unstable_ms(one.cadence_ms)


def draws_again(members: list[Anomaly], one: Anomaly, rules: Rules) -> bool:
    same = [m for m in members if m.series == one.series and m.kind not in UNTOLD]
    return one.kind not in UNTOLD and any(one.begin_ms <= rules.again_ms(m) for m in same)


def alive(members: list[Anomaly], one: Anomaly, rules: Rules) -> bool:
    return one.begin_ms < min(m.begin_ms for m in members) + rules.cap_ms


def related(members: list[Anomaly], one: Anomaly, crowd: int, rules: Rules, relations: Relations) -> bool:
    """Is there a reason in the members that draw others in?"""
    near = drawing(members, one, rules)
    return (
        by_lineage(near, one, relations)
        or by_people(near, one, relations)
        or by_chance(near, one, crowd, rules, relations)
    )


def drawing(members: list[Anomaly], one: Anomaly, rules: Rules) -> list[Anomaly]:
    return [m for m in members if one.begin_ms <= rules.reach_ms(m)]


def enough(members: list[Anomaly], rules: Rules) -> float:
    return rules.edges_decades + math.log10(len(members))


def by_precedent(
    groups: list[list[Anomaly]], one: Anomaly, rules: Rules, relations: Relations
) -> list[list[Anomaly]]:
    """The group that the series came with before; times back are counted one by one."""
    scored = []
    for g in groups:
        near = drawing(g, one, rules)
        if near and len(g) >= rules.precedent_series:
            scored.append((-came_before(g, one, rules, relations), in_order(g[0]), g, last(near)))
    if not scored:
        return []
    decades, _, best, other = min(scored, key=lambda s: s[:2])
    return [best] if -decades >= rules.precedent_decades and not apart(other, one, relations) else []


def came_before(members: list[Anomaly], one: Anomaly, rules: Rules, relations: Relations) -> float:
    firsts = {m.series: m for m in sorted(members, key=in_order, reverse=True)}
    backs = sorted(b for m in firsts.values() for b in times_back(m, rules, relations))
    mine = times_back(one, rules, relations)
    astray = max(rules.precedent_astray_ms, one.cadence_ms // 2)
    least = max(rules.precedent_series, rules.precedent_share * len(firsts))
    met = sum(sum(abs(b - at) <= astray for b in backs) >= least for at in mine)
    occasions: list[int] = []
    for start in backs:
        together = sum(start <= b <= start + 2 * astray for b in backs)
        if together >= least and (not occasions or start - occasions[-1] >= rules.occasion_ms):
            occasions.append(start)
    expected = len(mine) * max(len(occasions), met) * (2 * astray + one.cadence_ms)
    return at_least(met, expected / relations.observed_ms(one.team, one.begin_ms)) if met else 0.0


def times_back(m: Anomaly, rules: Rules, relations: Relations) -> list[int]:
    kept: list[int] = []
    for at in [] if m.kind in UNTOLD else relations.onsets_of(m.series, m.team, m.begin_ms):
        if not kept or at - kept[-1] >= rules.occasion_ms:
            kept.append(at)
    return [at - m.begin_ms for at in kept]


def at_least(times: int, expected: float) -> float:
    below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(times))
    return -math.log10(1 - below) if below < 1 else math.inf


def last(some: list[Anomaly]) -> Anomaly | None:
    return max(some, key=in_order, default=None)


def apart(m: Anomaly | None, one: Anomaly, relations: Relations) -> bool:
    """Did people say that the two have nothing to do with each other?"""
    if m is None:
        return True
    first, second = (f"{a.series.fingerprint():016x}" for a in (m, one))
    return relations.ties.apart(first, second, one.begin_ms)


def by_people(near: list[Anomaly], one: Anomaly, relations: Relations) -> bool:
    names = relations.ties.confirmed(f"{one.series.fingerprint():016x}", one.begin_ms)
    return any(str(m.series) in names for m in near)


def by_edges(near: list[Anomaly], one: Anomaly, rules: Rules, relations: Relations) -> float:
    """The last member of each neighbour counts, where it is where the lag has it."""
    latest = {m.series: m for m in sorted(near, key=in_order)}
    total = 0.0
    for other in relations.neighbours(one.series, one.team, one.begin_ms):
        edge = relations.edge(one.series, other, one.team, one.begin_ms)
        if other in latest and edge is not None and not apart(latest[other], one, relations):
            lag = edge.lag_ms if edge.target == one.series else -edge.lag_ms
            astray = abs(one.begin_ms - latest[other].begin_ms - lag)
            total += edge.decades * (astray <= max(rules.astray_ms, one.cadence_ms))
    return total


def by_lineage(near: list[Anomaly], one: Anomaly, relations: Relations) -> bool:
    """The last member of each selector counts."""
    nodes = relations.near(one.series, one.begin_ms)
    found = (last([m for m in near if node in relations.lineage.nodes(m.series)]) for node in nodes)
    return not all(apart(m, one, relations) for m in found)


def by_chance(near: list[Anomaly], one: Anomaly, crowd: int, rules: Rules, relations: Relations) -> bool:
    """The last member with each key counts, of those that the graph does not know where it knows this one."""
    at_ms = one.begin_ms
    known = {a.id: relations.is_known(a.series, a.team, a.begin_ms) for a in (one, *near)}
    for key in keys_of(one.series):
        alike = [m for m in near if key in keys_of(m.series) and not (known[one.id] and known[m.id])]
        nearest = last(alike)
        if nearest is not None and not apart(nearest, one, relations):
            gap = at_ms - nearest.begin_ms + one.cadence_ms
            chance = 1 - math.exp(-gap * relations.rate(key, one.team, at_ms))
            if chance * crowd**rules.crowd <= 10**-rules.chance_decades:
                return True
    return False


@st.composite
def ties(draw: st.DrawFn, found: list[Anomaly]) -> Ties:
    """What people taught of few pairs of series."""
    names = sorted({(f"{a.series.fingerprint():016x}", str(a.series)) for a in found})
    told = []
    for _ in range(draw(st.integers(0, 4)) if len(names) > 1 else 0):
        one, other = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        since_ms = EPOCH + draw(st.integers(0, 120)) * HOUR_MS
        told.append(Tie((one,), (other,), since_ms, draw(st.booleans())))
    return Ties(told)


@settings(deadline=None)
@given(anomalies(), st.sampled_from((0.5, 1.5, 2.5)), st.integers(0, 10), st.data())
def test_equals_the_slow_twin(found: list[Anomaly], least: float, days: int, data: st.DataObject) -> None:
    rules = Rules(chance_decades=least)
    relations = relations_of(found, rules, EPOCH + days * DAY_MS)
    relations.ties = data.draw(ties(found))
    assert ids(group(found, rules, relations)) == slowly(found, rules, relations)


@given(anomalies(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(found: list[Anomaly], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (relations_of(order, RULES, EPOCH + 9 * DAY_MS) for order in (found, shuffled))
    assert group(found, RULES, one) == group(shuffled, RULES, other)


@settings(deadline=None)
@given(anomalies(most=50), st.sampled_from((1.0, 1.5)), st.integers(3, 10))
def test_teams_are_grouped_as_if_each_were_alone(found: list[Anomaly], least: float, days: int) -> None:
    """What others' series do makes no edge, no rate and no crowd of a team's; no link leads to them."""
    rules, until_ms = Rules(chance_decades=least), EPOCH + days * DAY_MS
    together = group(found, rules, relations_of(found, rules, until_ms))
    apart = []
    for team in {a.team for a in found}:
        own = [a for a in found if a.team == team]
        apart += group(own, rules, relations_of(own, rules, until_ms))
    assert sorted(together, key=lambda g: in_order(g.members[0])) == sorted(
        apart, key=lambda g: in_order(g.members[0])
    )


def test_the_graph_of_all_teams_has_a_pair_once() -> None:
    """Two series that moved from one team to another have an edge in both."""
    moved = [
        replace(anomaly(metric, at=at), team=team)
        for team, at in (("red", 0), ("blue", 30))
        for metric in ("a", "b")
    ]
    alone = [replace(anomaly(metric, at=60), team="green") for metric in ("c", "d")]
    relations = relations_of([*moved, *alone], RULES, EPOCH + 9 * DAY_MS)
    at_ms = EPOCH + 9 * DAY_MS
    pairs = sorted(sorted(s.metric for s in (e.source, e.target)) for e in relations.edges(at_ms))
    assert pairs == [["a", "b"], ["c", "d"]]
    for team, other in (("red", "b"), ("blue", "b")):
        series = anomaly("a").series
        assert [s.metric for s in relations.neighbours(series, team, at_ms)] == [other]
    assert relations.neighbours(anomaly("a").series, "green", at_ms) == ()


@given(anomalies(), st.integers(0, 30))
def test_a_sweep_resumed_anywhere_goes_on_alike(found: list[Anomaly], cut: int) -> None:
    ordered = sorted(found, key=in_order)
    relations = relations_of(found, RULES, EPOCH + 9 * DAY_MS)
    whole = Sweep(RULES, relations)
    joined = {a.id: whole.place(a) for a in ordered}
    if cut >= len(ordered):
        return
    at_ms = ordered[cut].begin_ms
    resumed = Sweep(RULES, relations)
    resumed.recall(
        ((a, tuple(joined[a.id])) for a in ordered[:cut] if a.begin_ms > at_ms - RULES.cap_ms), at_ms
    )
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
    assert all(g.members[-1].begin_ms - g.start_ms < 4 * DAY_MS for g in groups)


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="recent_ms"):
        Rules(recent_ms=4 * DAY_MS)
    with pytest.raises(ValueError, match="slack"):
        Rules(slack_min_ms=2 * DAY_MS)
    with pytest.raises(ValueError, match="chance_decades"):
        Rules(chance_decades=0)


def test_twenty_thousand_in_one_cluster_take_seconds() -> None:
    storm = [
        anomaly(f"app.m{i % 40}", {"host": f"h{i % 500}", "dc": f"d{i % 3}"}, i / 1000, 2 + i % 5)
        for i in range(20_000)
    ]
    began = time.process_time()
    assert count(*storm) == 1
    assert time.process_time() - began < 8


def test_slack_is_two_buckets_within_an_hour_and_a_day() -> None:
    assert [RULES.slack_ms(c) // HOUR_MS for c in (60_000, HOUR_MS, 12 * HOUR_MS, 7 * DAY_MS)] == [
        1,
        2,
        24,
        24,
    ]
