"""What every anomaly says of itself beside its numbers: size, rarity, judge, and what would have been
normal."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from monitor.domain import words
from monitor.domain.anomaly import Anomaly, Verdict
from monitor.domain.explanation import Ground, Judged, Rule, ground_of, normal_range, size_of
from monitor.domain.past import Past
from monitor.domain.units import Way, beside
from monitor.domain.unusual import unusual


@dataclass(frozen=True, slots=True)
class About:
    """``value_text``, ``expected_text``: at the peak, in the metric's unit; empty where there is none.
    ``size`` is value minus expected then, ``percent`` the same of the expectation (None where that is 0 or
    tiny).
    ``unusual`` compares it with the series' own last days, empty where they were not looked at.
    ``judged_by``: the family of the model, None where not known; ``since_ms``: from when on without a break
    (or from earlier, unless ``since_known``). ``normal``: what would have made it normal, in words and as a
    range."""

    ground: Ground
    value_text: str
    expected_text: str
    size: float | None
    percent: float | None
    unusual: str
    judged_by: str | None
    since_ms: int | None
    since_known: bool
    normal: str
    bounds: tuple[float, float] | None
    text: str


def about(anomaly: Anomaly, past: Past | None, judged_by: str | None, rule: Rule, way: Way) -> About:
    """All of it from an anomaly and, where they were read, its series' last days before it.

    >>> from monitor.domain.anomaly import AnomalyKind
    >>> from monitor.domain.series import Identity
    >>> spike = Anomaly(
    ...     "00ab-1f-a", Identity.of("latency"), AnomalyKind.SPIKE, 1, 60_000, 60_000, 60_000, None,
    ...     80.0, 180.0, 100.0, 90.0, 110.0, 1, 60_000)
    >>> about(spike, None, None, Rule(), Way(unit="ms")).text
    '180 ms where 100 ms was expected (band 90 ms to 110 ms): +80 ms, +80 %.
     Normal would have been a value between 90 ms and 110 ms.'
    """
    verdict = Verdict.ANOMALY
    if anomaly.value < rule.static_lower or anomaly.value > rule.static_upper:
        verdict = Verdict.STATIC_BOUND
    numbers_of = (anomaly.value, anomaly.expected, anomaly.lower, anomaly.upper)
    bucket = Judged(*numbers_of, anomaly.score, verdict).told(way)
    ground = ground_of(bucket, anomaly, rule)
    size, percent = size_of(bucket.value, bucket.expected, bucket.lower, bucket.upper)
    bounds = normal_range(bucket, rule, way)
    silent = ground is Ground.SILENT
    judged_by = None if silent else judged_by
    since_ms = past.since_ms if past is not None and judged_by is not None else None
    if silent and past is not None:  # its peak is its first empty bucket
        past = replace(past, gap=anomaly.buckets)
    rarity = unusual(abs(bucket.value - bucket.expected), past, ground, anomaly.direction)
    normal = words.normal(ground, bounds, way)
    value_text = expected_text = ""
    numbers = f"{anomaly.kind.value}: {words.silence(anomaly)}"
    if not silent:
        value_text = way.number(bucket.value)
        if not math.isnan(bucket.expected):
            expected_text = way.number(beside(bucket.value, bucket.expected))
        numbers = words.told(bucket.value, bucket.expected, (bucket.lower, bucket.upper), percent, way)
    judge = f"judged by {judged_by} {words.since(past)}" if judged_by is not None else ""
    would = f"normal would have been {normal}" if normal else ""
    return About(
        ground=ground,
        value_text=value_text,
        expected_text=expected_text,
        size=size,
        percent=percent,
        unusual=rarity,
        judged_by=judged_by,
        since_ms=since_ms,
        since_known=past is not None and past.since_known,
        normal=normal,
        bounds=bounds,
        text=words.sentences(numbers, rarity, judge, would),
    )
