"""Which open incident stands before another, so that only the larger or the earlier cause is told."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.alerting.urgency import quiet
from monitor.domain.alert import Standing, Withheld
from monitor.domain.lineage import Lineage
from monitor.domain.route import Route

_ASKED_MAX = 200
"""Series of an incident that are looked at, from its first on."""


def inhibited(
    route: Route, standing: Standing, others: Iterable[Standing], lineage: Lineage
) -> Withheld | None:
    """Of the open incidents of the same team, the first by (start, id) that stands before this one."""
    if not (route.upstream and lineage) and not route.broader:
        return None
    mine = standing.incident
    feeding = _fed_by(standing, lineage) if route.upstream else frozenset()
    ours = _common(standing, route.broader)
    for other in sorted(others, key=lambda one: (one.incident.start_ms, one.incident.id)):
        theirs = other.incident
        if not other.open or quiet(theirs) or theirs.id == mine.id or theirs.team != mine.team:
            continue
        if feeding and not _mutual(standing, other, lineage):
            nodes = (node for series in other.series[:_ASKED_MAX] for node in lineage.nodes(series))
            if through := next((node for node in nodes if node in feeding), ""):
                return Withheld(f"silenced by {theirs.id}: {through} feeds it", theirs.id)
        if ours and theirs.series_count > mine.series_count and _common(other, route.broader) == ours:
            said = ", ".join(f"{key}={value}" for key, value in ours)
            return Withheld(f"silenced by {theirs.id}, of more series with {said}", theirs.id)
    return None


def _fed_by(standing: Standing, lineage: Lineage) -> frozenset[str]:
    """Selectors upstream of a member, other than those of members."""
    at_ms, found = standing.incident.start_ms, set[str]()
    own = {node for series in standing.series[:_ASKED_MAX] for node in lineage.nodes(series)}
    for series in standing.series[:_ASKED_MAX]:
        found |= lineage.upstream(series, at_ms)
    return frozenset(found - own)


def _mutual(one: Standing, other: Standing, lineage: Lineage) -> bool:
    """Do they feed each other? Then neither silences the other."""
    back = _fed_by(other, lineage)
    return any(node in back for series in one.series[:_ASKED_MAX] for node in lineage.nodes(series))


def _common(standing: Standing, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The tags of these keys, where all members have one value of each; empty where they do not."""
    if not keys or not standing.series:
        return ()
    values = {tuple(dict(series.tags).get(key) for key in keys) for series in standing.series}
    if len(values) != 1:
        return ()
    (one,) = values
    return tuple((key, value) for key, value in zip(keys, one, strict=True) if value is not None) * (
        None not in one
    )
