"""Which anomalies belong together: a pure function of the set, whatever order it arrived in.

The anomalies are swept by (onset, id), where onset is `Anomaly.begin_ms`. Each joins every living group
that has a member still drawing others in (`Rules.reach_ms`) with enough evidence in common: metric, tag
value, leading part of the name, and only within one team. Groups that one anomaly joins become one group.
A group dies ``cap_ms`` after its first onset. A decision depends on earlier onsets only, so a sweep may be
resumed anywhere from what each anomaly had joined (the slow twin is in tests/incidents/test_grouping.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from monitor.domain.anomaly import Anomaly
from monitor.domain.series import Identity
from monitor.incidents.rules import Rules

Key = tuple[str, ...]

_SEPARATORS = re.compile(r"[._/:]+")
_LONG_DEAD = -(2**62)


@dataclass(frozen=True, slots=True)
class Group:
    """Members by (onset, id); never empty."""

    members: tuple[Anomaly, ...]

    @property
    def start_ms(self) -> int:
        return self.members[0].begin_ms


def name_part(metric: str) -> str:
    """The leading part of a metric's name.

    >>> name_part("flights.cancelled_share"), name_part("cancelled_share"), name_part("...")
    ('flights', 'cancelled', '...')
    """
    return next((part for part in _SEPARATORS.split(metric) if part), metric)


@lru_cache(maxsize=65_536)
def evidence_keys(series: Identity, team: str = "") -> tuple[Key, ...]:
    """What two series of a team may have in common, each as a key that equals on both sides. Those of
    different teams have nothing in common, so that no incident tells one team of another's series."""
    tags = [("tag", team, key, value) for key, value in series.tags]
    return (("metric", team, series.metric), ("name", team, name_part(series.metric)), *tags)


class Sweep:
    """The state of a sweep: living groups, and per evidence key the groups in reach.

    With ``evidence_min`` no larger than the least weight, groups in reach of one key are one group,
    so n anomalies with k keys each cost O(n·k); a higher minimum costs more where groups stay apart.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._parent: dict[str, str] = {}
        self._start: dict[str, int] = {}
        self._near: dict[Key, dict[str, int]] = {}
        self._weight = {"metric": rules.same_metric, "name": rules.same_name_part, "tag": rules.same_tag}

    def recall(self, earlier: Iterable[tuple[Anomaly, Sequence[str]]], at_ms: int) -> None:
        """Put back the state before ``at_ms`` from all anomalies with at_ms - cap < onset <= at_ms
        that were placed, each with what it had joined, in order.

        Whoever joined something older than those belongs to a group that is dead by ``at_ms``.
        """
        drawing = []
        for anomaly, joined in earlier:
            known = [j for j in joined if j in self._parent]
            self._parent[anomaly.id] = anomaly.id
            self._start[anomaly.id] = anomaly.begin_ms if len(known) == len(joined) else _LONG_DEAD
            self._unite(anomaly.id, known)
            if self._rules.reach_ms(anomaly) >= at_ms:
                drawing.append(anomaly)
        for anomaly in drawing:
            if self._alive(self.root(anomaly.id), at_ms):
                self._draw(anomaly)

    def place(self, anomaly: Anomaly) -> tuple[str, ...]:
        """The roots of the groups it joins, in (onset, id) order; onsets must not decrease."""
        evidence: dict[str, float] = {}
        for key in evidence_keys(anomaly.series, anomaly.team):
            near = self._near.get(key)
            if near:
                weight = self._weight[key[0]]
                for root in self._prune(key, near, anomaly.begin_ms):
                    evidence[root] = evidence.get(root, 0.0) + weight
        joined = [root for root, weight in evidence.items() if weight >= self._rules.evidence_min]
        joined.sort(key=self._rank)
        self._parent[anomaly.id] = anomaly.id
        self._start[anomaly.id] = anomaly.begin_ms
        self._unite(anomaly.id, joined)
        self._draw(anomaly)
        return tuple(joined)

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

    def state(self, at_ms: int) -> dict[Key, dict[str, int]]:
        """All that decides about onsets from ``at_ms`` on; equal states decide alike for ever."""
        pruned = {key: self._prune(key, near, at_ms) for key, near in list(self._near.items())}
        return {key: near for key, near in pruned.items() if near}

    def _rank(self, root: str) -> tuple[int, str]:
        return self._start[root], root

    def _alive(self, root: str, at_ms: int) -> bool:
        return self._start[root] + self._rules.cap_ms > at_ms

    def _unite(self, anomaly_id: str, others: Sequence[str]) -> None:
        for other in others:
            one, two = sorted((self.root(anomaly_id), self.root(other)), key=self._rank)
            self._parent[two] = one

    def _draw(self, anomaly: Anomaly) -> None:
        root, reach = self.root(anomaly.id), self._rules.reach_ms(anomaly)
        for key in evidence_keys(anomaly.series, anomaly.team):
            near = self._near.setdefault(key, {})
            near[root] = max(reach, near.get(root, reach))

    def _prune(self, key: Key, near: dict[str, int], at_ms: int) -> dict[str, int]:
        kept: dict[str, int] = {}
        for member, reach in near.items():
            if reach >= at_ms:
                root = self.root(member)
                if self._alive(root, at_ms):
                    kept[root] = max(reach, kept.get(root, reach))
        self._near[key] = kept
        return kept


def in_order(anomaly: Anomaly) -> tuple[int, str]:
    """The order of the sweep."""
    return anomaly.begin_ms, anomaly.id


def group(anomalies: Sequence[Anomaly], rules: Rules) -> list[Group]:
    """The groups of a set of anomalies, by first onset; those that no incident opens for included.

    Order of the input does not matter; ids must be distinct. O(n log n + n·k), k keys each.
    """
    ordered = sorted(anomalies, key=in_order)
    sweep = Sweep(rules)
    for anomaly in ordered:
        sweep.place(anomaly)
    members: dict[str, list[Anomaly]] = {}
    for anomaly in ordered:
        members.setdefault(sweep.root(anomaly.id), []).append(anomaly)
    return [Group(tuple(found)) for found in members.values()]
