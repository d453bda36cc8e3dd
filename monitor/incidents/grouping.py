"""Which anomalies belong together: a pure function of the set, whatever order it arrived in.

The anomalies are swept by (onset, id), where onset is `Anomaly.begin_ms`. Each joins every living group
that has a member still drawing others in (`Rules.reach_ms`) and enough evidence of having to do with it:

- the graph: the two series began together before, beyond chance. The larger a group is, the more it takes;
- precedent, where the graph says nothing: much of the group began at the same lags before, and so did this
  series (`monitor.incidents.precedent`). Of several such groups it joins the one that says most;
- declared lineage: one feeds the other, over two links at most;
- people: they put incidents of the two series together (`monitor.incidents.ties`);
- return: its own series has begun often of late (`Rules.unstable_ms`), and such a member is its own;
- coincidence: a series with the same metric, tag or leading part of the name began so shortly before that, at
  the rate at which such series begin on a usual day, it is improbable by chance. Of two series that the
  graph knows well it alone decides: their tags say nothing that it has not seen.

Where people took incidents of two series apart, one of them is no reason to join for the other.

Only what is of the same team counts: each team's anomalies are grouped as if there were no others, so no
incident tells one team of another's series.

Groups that one anomaly joins become one group. A group dies ``cap_ms`` after its first onset. A decision
depends on earlier onsets only, so a sweep may be resumed anywhere from what each anomaly had joined (the
slow twin is in tests/incidents/test_grouping.py).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.domain.anomaly import Anomaly
from monitor.domain.lineage import node_key
from monitor.domain.series import Identity
from monitor.domain.topology import KEY_KINDS, UNTOLD, Bond, Edge, Evidence, Key, keys_of, words_of
from monitor.incidents.chance import improbability
from monitor.incidents.precedent import Past, back_of
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules

_LONG_DEAD = -(2**62)
_DECLARED_DECADES = 9.0
_UNKNOWN = ("unknown",)
_ANY = ("any",)

Drawing = tuple[int, str, int]
"""Begin, id and reach of a member that draws others in."""
Place = tuple[str, Key]
"""A team, and what its series have in common."""
Near = Mapping[Place, Mapping[str, list[Drawing]]]
"""By place, by group."""
Begun = Mapping[tuple[str, Identity], list[Drawing]]
"""By team and series, its onsets of late."""
State = tuple[Near, Begun, Mapping[str, tuple[int, tuple[str, ...]]]]
"""The last: by group, what it decides by of its size and past."""


@dataclass(frozen=True, slots=True)
class Group:
    """Members by (onset, id); never empty."""

    members: tuple[Anomaly, ...]

    @property
    def start_ms(self) -> int:
        return self.members[0].begin_ms


class Sweep:
    """The state of a sweep: living groups, and per team and key the members of them that draw others in.

    Of a group's members in one place only those are kept that a later onset may be nearest to: in order of
    begin, each reaching less far than the one before. An anomaly of k keys and d edges costs O(k + d)
    look-ups.
    """

    def __init__(self, rules: Rules, relations: Relations | None = None) -> None:
        self._rules = rules
        self._relations = relations or Relations(rules)
        self._parent: dict[str, str] = {}
        self._start: dict[str, int] = {}
        self._past: dict[str, Past] = {}
        self._near: dict[Place, dict[str, list[Drawing]]] = {}
        self._begun: dict[tuple[str, Identity], list[Drawing]] = {}

    def recall(self, earlier: Iterable[tuple[Anomaly, Sequence[str]]], at_ms: int) -> None:
        """Put back the state before ``at_ms`` from all anomalies with at_ms - cap < onset <= at_ms
        that were placed, each with what it had joined, in order.

        Whoever joined something older than those belongs to a group that is dead by ``at_ms``.
        """
        drawing = []
        returning_ms = at_ms - self._rules.recent_ms - self._rules.slack_max_ms - 1
        for anomaly, joined in earlier:
            known = [j for j in joined if j in self._parent]
            self._parent[anomaly.id] = anomaly.id
            self._start[anomaly.id] = anomaly.begin_ms if len(known) == len(joined) else _LONG_DEAD
            self._past[anomaly.id] = Past(anomaly)
            self._unite(anomaly.id, known)
            if anomaly.begin_ms > returning_ms:
                self._begin(anomaly)
            if self._rules.reach_ms(anomaly) >= at_ms:
                drawing.append(anomaly)
        for anomaly in drawing:
            if self._alive(self.root(anomaly.id), at_ms):
                self._draw(anomaly)

    def place(self, anomaly: Anomaly) -> dict[str, Bond]:
        """The roots of the groups it joins, in (onset, id) order, each with the strongest reason; onsets must
        not decrease."""
        found: dict[str, Bond] = {}
        ties = self._relations.ties
        for root, bond in self._evidence(anomaly):
            if ties and ties.apart(_series_of(anomaly.id), _series_of(bond.other), anomaly.begin_ms):
                continue
            known = found.get(root)
            if known is None or (-known.decades, known.lag_ms) > (-bond.decades, bond.lag_ms):
                found[root] = bond
        joined = {root: found[root] for root in sorted(found, key=self._rank)}
        self._parent[anomaly.id] = anomaly.id
        self._start[anomaly.id] = anomaly.begin_ms
        self._past[anomaly.id] = Past(anomaly)
        self._unite(anomaly.id, joined)
        self._begin(anomaly)
        self._draw(anomaly)
        return joined

    def root(self, anomaly_id: str) -> str:
        """The first member, by (onset, id), of the group it is in."""
        parent = self._parent
        while (above := parent[anomaly_id]) != anomaly_id:
            parent[anomaly_id] = parent[above]
            anomaly_id = above
        return anomaly_id

    def whole(self, root: str) -> bool:
        """False for a group of which only the later part was recalled."""
        return self._start[root] != _LONG_DEAD

    def state(self, at_ms: int) -> State:
        """All that decides about onsets from ``at_ms`` on; equal states decide alike for ever."""
        pruned = {place: self._prune(place, at_ms) for place in list(self._near)}
        begun = {who: self._lately(some, at_ms) for who, some in self._begun.items()}
        near = {place: groups for place, groups in pruned.items() if groups}
        past = {
            root: self._past[root].state() for place, of in near.items() if place[1] == _ANY for root in of
        }
        return near, {who: times for who, times in begun.items() if times}, past

    def _evidence(self, anomaly: Anomaly) -> Iterator[tuple[str, Bond]]:
        """Reasons to join groups, by their roots."""
        learned = list(self._by_graph(anomaly))
        yield from learned or self._by_precedent(anomaly)
        series, at_ms = anomaly.series, anomaly.begin_ms
        for node in self._relations.near(series, at_ms):
            for root, (begin_ms, member, _) in self._nearest(anomaly, node_key(node)):
                yield root, Bond(Evidence.LINEAGE, member, _DECLARED_DECADES, at_ms - begin_ms, node)
        ties = self._relations.ties
        for name in ties.confirmed(_series_of(anomaly.id), at_ms) if ties else ():
            for root, (begin_ms, member, _) in self._nearest(anomaly, ("series", name)):
                yield root, Bond(Evidence.CONFIRMED, member, _DECLARED_DECADES, at_ms - begin_ms)
        yield from self._by_return(anomaly)
        yield from self._by_coincidence(anomaly)

    def _by_graph(self, anomaly: Anomaly) -> Iterator[tuple[str, Bond]]:
        """Edges to members of a group that began at about their lag add up. Of a large group one more edge is
        there by chance."""
        series, team, at_ms = anomaly.series, anomaly.team, anomaly.begin_ms
        total: dict[str, float] = {}
        ties = self._relations.ties
        strongest: dict[str, Bond] = {}
        for other in self._relations.neighbours(series, team, at_ms):
            for root, (begin_ms, member, _) in self._nearest(anomaly, ("series", str(other))):
                edge = self._relations.edge(series, other, team, at_ms)
                if ties and ties.apart(_series_of(anomaly.id), _series_of(member), at_ms):
                    continue
                if edge is not None and self._fits(edge, anomaly, begin_ms):
                    total[root] = total.get(root, 0.0) + edge.decades
                    what = f"{edge.count} of {edge.of} times"
                    bond = Bond(Evidence.TOGETHER, member, edge.decades, at_ms - begin_ms, what)
                    strongest.setdefault(root, bond)
        for root, bond in strongest.items():
            if total[root] >= self._rules.edges_decades + math.log10(self._past[root].members):
                yield root, replace(bond, decades=total[root])

    def _by_precedent(self, anomaly: Anomaly) -> Iterator[tuple[str, Bond]]:
        """The group with which the series came before, if it is improbable by chance that it did; of several
        the most improbable one, and the first of those."""
        mine = back_of(anomaly, self._relations, self._rules)
        if not len(mine):
            return
        best: tuple[str, Bond] | None = None
        groups = sorted(self._nearest(anomaly, _ANY), key=lambda one: self._rank(one[0]))
        for root, (begin_ms, member, _) in groups:
            past = self._past[root]
            if past.members >= self._rules.precedent_series:
                decades, times = past.agrees(mine, anomaly, self._relations, self._rules)
                if decades >= self._rules.precedent_decades and (best is None or decades > best[1].decades):
                    what = f"{times} time{'s' * (times > 1)}"
                    lag_ms = anomaly.begin_ms - begin_ms
                    best = root, Bond(Evidence.PRECEDENT, member, decades, lag_ms, what)
        if best is not None:
            yield best

    def _by_return(self, anomaly: Anomaly) -> Iterator[tuple[str, Bond]]:
        """What comes and goes is one story, however long it stays away."""
        begun, at_ms = self._begun.get((anomaly.team, anomaly.series), []), anomaly.begin_ms
        enough = self._rules.unstable_times - 1
        if len(begun) < enough or anomaly.kind in UNTOLD:
            return
        since_ms = at_ms - self._rules.unstable_ms(anomaly.cadence_ms)
        if begun[-enough][0] <= since_ms:
            return
        times = len(begun) - bisect_right(begun, since_ms, key=lambda one: one[0]) + 1
        seen = set()
        for begin_ms, member, reach_ms in reversed(begun):
            if reach_ms >= at_ms and (root := self.root(member)) not in seen:
                seen.add(root)
                if self._alive(root, at_ms):
                    lag_ms = at_ms - begin_ms
                    yield root, Bond(Evidence.AGAIN, member, _DECLARED_DECADES, lag_ms, f"{times} times")

    def _by_coincidence(self, anomaly: Anomaly) -> Iterator[tuple[str, Bond]]:
        """The more groups there are to fall in with, the less probable it must be by chance."""
        series, team, at_ms = anomaly.series, anomaly.team, anomaly.begin_ms
        groups = sum(1 for _ in self._nearest(anomaly, _ANY))
        least = self._rules.chance_decades + self._rules.crowd * math.log10(max(groups, 1))
        known = self._relations.is_known(series, team, at_ms)
        for key in keys_of(series):
            for root, (begin_ms, member, _) in self._nearest(anomaly, _UNKNOWN + key if known else key):
                # The onset is known to a bucket.
                gap_ms = at_ms - begin_ms + anomaly.cadence_ms
                decades = improbability(self._relations.rate(key, team, at_ms) * gap_ms)
                if decades >= least:
                    yield root, Bond(KEY_KINDS[key[0]], member, decades, at_ms - begin_ms, words_of(key))

    def _fits(self, edge: Edge, anomaly: Anomaly, begin_ms: int) -> bool:
        """Did the series of an edge begin at about its lag?"""
        behind_ms = edge.lag_ms if edge.target == anomaly.series else -edge.lag_ms
        astray_ms = abs(anomaly.begin_ms - begin_ms - behind_ms)
        return astray_ms <= max(self._rules.astray_ms, anomaly.cadence_ms)

    def _nearest(self, anomaly: Anomaly, key: Key) -> Iterator[tuple[str, Drawing]]:
        """By group of its team, the last member with that key that began and still draws others in."""
        place = anomaly.team, key
        if place in self._near:
            for root, drawing in self._prune(place, anomaly.begin_ms).items():
                yield root, drawing[-1]

    def _rank(self, root: str) -> tuple[int, str]:
        return self._start[root], root

    def _alive(self, root: str, at_ms: int) -> bool:
        return self._start[root] + self._rules.cap_ms > at_ms

    def _unite(self, anomaly_id: str, others: Iterable[str]) -> None:
        for other in others:
            one, two = sorted((self.root(anomaly_id), self.root(other)), key=self._rank)
            if one != two:
                self._parent[two] = one
                self._past[one].take(self._past.pop(two))

    def _begin(self, anomaly: Anomaly) -> None:
        if anomaly.kind in UNTOLD:
            return
        begun = self._begun.setdefault((anomaly.team, anomaly.series), [])
        begun.append((anomaly.begin_ms, anomaly.id, self._rules.again_ms(anomaly)))
        counted_ms = anomaly.begin_ms - self._rules.slack_max_ms
        while begun[0][0] <= counted_ms and begun[0][2] < anomaly.begin_ms:
            del begun[0]

    def _lately(self, begun: list[Drawing], at_ms: int) -> list[Drawing]:
        """What of a series' onsets may still matter at ``at_ms``, each with the root of its group; whoever
        draws nothing in any more only counts, as of no group."""
        kept = []
        for begin_ms, member, reach_ms in begun:
            if reach_ms >= at_ms and self._alive(root := self.root(member), at_ms):
                kept.append((begin_ms, root, reach_ms))
            elif begin_ms > at_ms - self._rules.slack_max_ms:
                kept.append((begin_ms, "", 0))
        return kept

    def _draw(self, anomaly: Anomaly) -> None:
        series, team, at_ms = anomaly.series, anomaly.team, anomaly.begin_ms
        mine = (at_ms, anomaly.id, self._rules.reach_ms(anomaly))
        root = self.root(anomaly.id)
        keys = [_ANY, ("series", str(series)), *keys_of(series)]
        keys += [node_key(node) for node in self._relations.lineage.nodes(series)]
        if not self._relations.is_known(series, team, at_ms):
            keys += [_UNKNOWN + key for key in keys_of(series)]
        for key in keys:
            near = self._near.setdefault((team, key), {})
            near[root] = _with(near.get(root, []), [mine])

    def _prune(self, place: Place, at_ms: int) -> dict[str, list[Drawing]]:
        """The living groups of a place by their roots, with what still draws others in at ``at_ms``."""
        kept: dict[str, list[Drawing]] = {}
        for name, drawing in self._near[place].items():
            # The last reaches least far, so those to go are at the end.
            left = len(drawing)
            while left and drawing[left - 1][2] < at_ms:
                left -= 1
            if left:
                root = self.root(name)
                if self._alive(root, at_ms):
                    kept[root] = _with(kept.get(root, []), drawing[:left])
        self._near[place] = kept
        return kept


def _with(some: list[Drawing], more: list[Drawing]) -> list[Drawing]:
    """Both, without those that a later one outlasts."""
    if not some:
        return more
    kept: list[Drawing] = []
    for one in sorted(some + more):
        while kept and kept[-1][2] <= one[2]:
            kept.pop()
        kept.append(one)
    return kept


def _series_of(anomaly_id: str) -> str:
    """The id of its series."""
    return anomaly_id.partition("-")[0]


def in_order(anomaly: Anomaly) -> tuple[int, str]:
    """The order of the sweep."""
    return anomaly.begin_ms, anomaly.id


def group(anomalies: Sequence[Anomaly], rules: Rules, relations: Relations | None = None) -> list[Group]:
    """The groups of a set of anomalies, by first onset; those that no incident opens for included.

    Order of the input does not matter; ids must be distinct. O(n log n + n·(k + d)): k keys, d edges each.
    """
    ordered = sorted(anomalies, key=in_order)
    sweep = Sweep(rules, relations)
    for anomaly in ordered:
        sweep.place(anomaly)
    members: dict[str, list[Anomaly]] = {}
    for anomaly in ordered:
        members.setdefault(sweep.root(anomaly.id), []).append(anomaly)
    return [Group(tuple(found)) for found in members.values()]
