"""Member series ranked as likely origin: who goes before the others, who feeds them, who moved first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.incident import Suspect
from monitor.domain.series import Identity
from monitor.domain.units import beside
from monitor.incidents.relations import Relations

_UNITS = ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"), (1_000, "s"))
_DECLARED = 3.0
"""What a declared link counts beside a learned edge."""
_LINKED_MAX = 1_000
"""Series of an incident whose declared links are looked at; of more, the first to move."""


@dataclass(slots=True)
class _Ties:
    """How a series stands to other members: by learned edges, how many it began before and after; by declared
    links, how many it feeds and how many feed it."""

    before: int = 0
    after: int = 0
    feeds: int = 0
    fed: int = 0

    @property
    def lead(self) -> float:
        """From 1, it goes before all that it is tied to, to −1; 0 without ties, and near it with few."""
        ahead, behind = self.before + _DECLARED * self.feeds, self.after + _DECLARED * self.fed
        return (ahead - behind) / (ahead + behind + 1.0)


def suspects(
    members: Sequence[Anomaly], relations: Relations | None = None, most: int = 20
) -> tuple[Suspect, ...]:
    """One for each series: by lead over the members it is tied to, then begin, then score, then name.

    A series counts with its first anomaly in the incident. O(n log n), and n look-ups an edge.
    """
    ranked = sorted(members, key=lambda m: (m.begin_ms, -m.score, str(m.series), m.id))
    firsts = {m.series: m for m in reversed(ranked)}
    ordered = sorted(firsts.values(), key=lambda m: (m.begin_ms, -m.score, str(m.series)))
    if not ordered:
        return ()
    start = ordered[0].begin_ms
    together = sum(1 for m in ordered if m.begin_ms == start)
    ties = _ties(ordered, relations) if relations is not None else {}
    nothing = _Ties()
    ordered.sort(key=lambda m: -ties.get(m.series, nothing).lead)
    return tuple(_suspect(m, start, together, ties.get(m.series, nothing)) for m in ordered[:most])


def _ties(ordered: Sequence[Anomaly], relations: Relations) -> Mapping[Identity, _Ties]:
    at_ms, team = ordered[0].begin_ms, ordered[0].team
    begin = {m.series: m.begin_ms for m in ordered}
    ties = {series: _Ties() for series in begin}
    for series, own_ms in begin.items():
        for other in relations.neighbours(series, team, at_ms):
            if other in begin:
                ties[series].before += begin[other] > own_ms
                ties[series].after += begin[other] < own_ms
    if relations.lineage:
        _declared(ordered[:_LINKED_MAX], relations, ties)
    return ties


def _declared(ordered: Sequence[Anomaly], relations: Relations, ties: Mapping[Identity, _Ties]) -> None:
    lineage = relations.lineage
    nodes = {m.series: frozenset(lineage.nodes(m.series)) for m in ordered}
    linked = [m for m in ordered if nodes[m.series]]
    for member in linked:
        above = lineage.upstream(member.series, member.begin_ms)
        for other in linked:
            if nodes[other.series] & above and not nodes[other.series] & nodes[member.series]:
                ties[member.series].fed += 1
                ties[other.series].feeds += 1


def _suspect(member: Anomaly, start_ms: int, together: int, ties: _Ties) -> Suspect:
    series = member.series
    return Suspect(
        series_id=f"{series.fingerprint():016x}",
        series=str(series),
        metric=series.metric,
        tags=series.tags,
        onset_ms=member.onset_ms,
        score=member.score,
        why="; ".join(
            [_when(member.begin_ms - start_ms, together), *_how_tied(ties), _what(member)],
        ),
    )


def _when(after_ms: int, together: int) -> str:
    if after_ms:
        return f"{duration(after_ms)} after the first"
    return "moved first" if together == 1 else f"moved first, with {together - 1} more"


def _how_tied(ties: _Ties) -> list[str]:
    said = []
    if tied := ties.before + ties.after:
        side, some = ("before", ties.before) if ties.before else ("after", tied)
        said.append(f"began {side} {_of(some, tied)} series it usually moves with")
    if ties.feeds:
        said.append(f"feeds {ties.feeds} by declared lineage")
    if ties.fed:
        said.append(f"fed by {ties.fed} by declared lineage")
    return said


def _of(some: int, all: int) -> str:
    """
    >>> _of(1, 1), _of(2, 3), _of(3, 3)
    ('the one', '2 of the 3', 'all 3')
    """
    if all == 1:
        return "the one"
    return f"all {all}" if some == all else f"{some} of the {all}"


def _what(member: Anomaly) -> str:
    words = member.kind.value
    if math.isfinite(member.value) and math.isfinite(member.expected):
        words += f", {member.value:.4g} where {beside(member.value, member.expected):.4g} was expected"
    return f"{words} (score {member.score:.0f})"


def duration(span_ms: int) -> str:
    """
    >>> duration(5_400_000), duration(86_400_000), duration(20)
    ('1.5 h', '1 d', '20 ms')
    """
    for unit_ms, unit in _UNITS:
        if span_ms >= unit_ms:
            return f"{round(span_ms / unit_ms, 1):g} {unit}"
    return f"{span_ms} ms"
