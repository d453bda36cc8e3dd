"""An incident's title in plain words: what moved, which way, where, since when, how widely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.incident import SeriesCounts
from monitor.domain.meta import of_itself, rank, said

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED_VALUES = 5
_LONGEST = 300


def lead(members: Sequence[Anomaly]) -> list[Anomaly]:
    """The members of the metric with the largest sum of scores, each times what the metric is declared to
    weigh; at a tie, the first to move. Where all are of Watchkeeper's own metrics, of the one that is
    nearest to a cause."""
    own = all(of_itself(member.series.metric) for member in members)
    weight: dict[str, float] = {}
    first: dict[str, int] = {}
    by_metric: dict[str, list[Anomaly]] = {}
    for member in members:
        metric = member.series.metric
        by_metric.setdefault(metric, []).append(member)
        weight[metric] = weight.get(metric, 0.0) + member.score * member.weight
        first[metric] = min(member.begin_ms, first.get(metric, member.begin_ms))
    return by_metric[min(by_metric, key=lambda m: (rank(m) if own else 0, -weight[m], first[m], m))]


def nature(leading: Sequence[Anomaly]) -> tuple[AnomalyKind, int]:
    """Kind and direction: of the lead's members together, the more common by summed score."""
    kinds: dict[AnomalyKind, float] = {}
    ways: dict[int, float] = {}
    for member in leading:
        weight = max(member.score, 1.0)
        kinds[member.kind] = kinds.get(member.kind, 0.0) + weight
        ways[member.direction] = ways.get(member.direction, 0.0) + weight
    kind = min(kinds, key=lambda k: (-kinds[k], k.value))
    return kind, min(ways, key=lambda w: (-ways[w], w))


def title(
    members: Sequence[Anomaly],
    counts: SeriesCounts,
    start_ms: int,
    end_ms: int | None,
    *,
    unstable: bool = False,
) -> str:
    """ "cancelled_share up at 3 origins (EWR, JFK, LGA) since 8 Feb 14:00 UTC; 41 series, 13 carriers"."""
    leading = lead(members)
    kind, way = nature(leading)
    change = "unstable" if unstable else {1: "up", -1: "down"}.get(way, kind.value)
    if kind is AnomalyKind.ABSORBED_DRIFT:  # told long after it began, and at one moment
        change, start_ms, end_ms = f"has drifted {change}", min(m.onset_ms for m in leading), None
    series = {m.series for m in members}
    if own := _own(leading):
        more = f"; {len(series) - 1} more of Watchkeeper's own series" if len(series) > 1 else ""
        return f"{own} {_span(start_ms, end_ms)}{more}"[:_LONGEST]
    where = _tag(leading, counts)
    words = f"{leading[0].series.metric} {change}"
    words += f" at {_named(where, _values(leading)[where])}" if where else ""
    return f"{words} {_span(start_ms, end_ms)}; {len(series)} series{_beside(members, where)}"[:_LONGEST]


def _own(leading: Sequence[Anomaly]) -> str | None:
    """What the worst of the leading series says, where that is one of Watchkeeper's own: it names the family
    or the source first."""
    worst = min(leading, key=lambda one: (-one.score, one.begin_ms, one.id))
    return said(worst.series.metric, dict(worst.series.tags), worst.expected, worst.value)


def _span(start_ms: int, end_ms: int | None) -> str:
    if end_ms is None:
        return f"since {_moment(start_ms)} UTC"
    return f"from {_moment(start_ms)} to {_moment(end_ms)} UTC"


def _moment(at_ms: int) -> str:
    try:
        at = datetime.fromtimestamp(at_ms // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.hour:02}:{at.minute:02}"


def _values(members: Sequence[Anomaly]) -> dict[str, list[str]]:
    """By tag, the values that members have, sorted."""
    values: dict[str, list[str]] = {}
    for key, value in sorted({tag for member in members for tag in member.series.tags}):
        values.setdefault(key, []).append(value)
    return values


def _tag(leading: Sequence[Anomaly], counts: SeriesCounts) -> str:
    """The tag that says it in the fewest values; at a tie, the one with the most values it might have had."""
    values = _values(leading)
    known = Counter(key for key, _ in counts.tags)
    return min(values, key=lambda k: (len(values[k]), -known[k], k), default="")


def _beside(members: Sequence[Anomaly], named: str) -> str:
    """How many values of one more tag: the one with the most."""
    counts = {key: len(found) for key, found in _values(members).items() if key != named and len(found) > 1}
    if not counts:
        return ""
    key = min(counts, key=lambda k: (-counts[k], k))
    return f", {counts[key]} {_plural(key)}"


def _named(key: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{key} {values[0]}"
    if len(values) <= _NAMED_VALUES:
        return f"{len(values)} {_plural(key)} ({', '.join(values)})"
    return f"{len(values)} {_plural(key)} ({', '.join(values[:3])} and {len(values) - 3} more)"


def _plural(key: str) -> str:
    """
    >>> [_plural(key) for key in ("host", "country", "day", "class")]
    ['hosts', 'countries', 'days', 'classes']
    """
    if key.endswith("y") and key[-2:-1] not in "aeiou":
        return f"{key[:-1]}ies"
    return f"{key}es" if key.endswith(("s", "x", "ch", "sh")) else f"{key}s"
