"""Member series ranked as likely origin: who moved first, and then who moved most."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Suspect

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def suspects(members: Sequence[Anomaly], most: int = 20) -> tuple[Suspect, ...]:
    """One for each series, by begin, then score (highest first), then name.

    A series counts with its first anomaly in the incident. O(n log n).
    """
    ranked = sorted(members, key=lambda m: (m.begin_ms, -m.score, str(m.series), m.id))
    firsts = {m.series: m for m in reversed(ranked)}
    ordered = sorted(firsts.values(), key=lambda m: (m.begin_ms, -m.score, str(m.series)))
    if not ordered:
        return ()
    start = ordered[0].begin_ms
    together = sum(1 for m in ordered if m.begin_ms == start)
    return tuple(_suspect(m, start, together) for m in ordered[:most])


def _suspect(member: Anomaly, start_ms: int, together: int) -> Suspect:
    series = member.series
    return Suspect(
        series_id=f"{series.fingerprint():016x}",
        series=str(series),
        metric=series.metric,
        tags=series.tags,
        onset_ms=member.onset_ms,
        score=member.score,
        why=f"{_when(member.begin_ms - start_ms, together)}; {_what(member)}",
    )


def _when(after_ms: int, together: int) -> str:
    if after_ms:
        return f"{duration(after_ms)} after the first"
    return "moved first" if together == 1 else f"moved first, with {together - 1} more"


def _what(member: Anomaly) -> str:
    words = member.kind.value
    if math.isfinite(member.value) and math.isfinite(member.expected):
        words += f", {member.value:.4g} where {member.expected:.4g} was expected"
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
