"""How unusual something is, in words, beside its series' own last days (`monitor.domain.past`)."""

from __future__ import annotations

import math

from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.explanation import Ground
from monitor.domain.past import Past
from monitor.domain.units import counted

ENOUGH = 16
"""Ordinary buckets from which on the last days say how unusual something is."""

_STEPS = (
    (1.05, "by a twentieth"),
    (1.1, "by a tenth"),
    (1.2, "by a fifth"),
    (1.25, "by a quarter"),
    (1.33, "by a third"),
    (1.5, "by half"),
    (1.67, "by two thirds"),
    (1.75, "by three quarters"),
)
_TIMES_FROM = 1.9
_TIMES_MAX = 1_000.0


def unusual(own: float, past: Past | None, ground: Ground | None = None, direction: int = 0) -> str:
    """How unusual a distance ``own`` from the expectation is, beside the series' own last days; of what was
    no matter of distance, how long it went on. ``direction`` is that of the anomaly.

    >>> past = Past(judged=11_000, span_ms=8 * 86_400_000, largest=2.0)
    >>> unusual(3.0, past)
    'more than any of the last 8 days by half'
    >>> unusual(24.0, past)
    '12 times the largest of the last 8 days'
    >>> unusual(0.5, Past(judged=900, span_ms=8 * 86_400_000, largest=2.0, as_large=300))
    'like 1 in 3 of the last 8 days'
    """
    if past is None:
        return ""
    span = _span(past.span_ms)
    if ground is Ground.SILENT:
        return _in_a_row("empty bucket", "", past.gap, past.longest_gap, span)
    if ground is Ground.STILL:
        return _in_a_row("equal value", "", past.run, past.longest_run, span)
    if math.isnan(own):
        return ""
    distance = _distance(own, past, span)
    if ground is not Ground.LEANING:
        return distance
    if past.lean * direction < 2:
        return f"by itself {distance}"
    side, longest = (" above", past.longest_above) if direction > 0 else (" below", past.longest_below)
    row = _in_a_row("value", f"{side} the expectation", abs(past.lean), longest, span)
    return f"{row}; by itself {distance}"


def _distance(own: float, past: Past, span: str) -> str:
    cases = " with as many cases" if past.counted else ""
    if past.judged < ENOUGH:
        return f"too little history to say: {counted(past.judged, 'ordinary bucket')}{cases} before it"
    apart = ""
    if past.excused:
        apart = f", but for {counted(past.excused, 'bucket')} of earlier anomalies"
    return _beside(own, past, span + cases) + apart


def _beside(own: float, past: Past, span: str) -> str:
    if past.largest == 0.0:
        return f"the first departure in {span}" if own > 0.0 else f"as all of {span}"
    times = own / past.largest
    if times > 1.0:
        return _beyond(times, span)
    if past.as_large * 2 >= past.judged:
        return f"like most of {span}"
    return f"like 1 in {past.judged / max(past.as_large, 1):,.0f} of {span}"


def _beyond(times: float, span: str) -> str:
    if times > _TIMES_MAX:
        return f"more than {_TIMES_MAX:,.0f} times the largest of {span}"
    if times >= _TIMES_FROM:
        shown = f"{times:.0f}" if times >= 10 else f"{times:.2g}"
        return f"{'twice' if shown == '2' else shown + ' times'} the largest of {span}"
    if times < 1.025:
        return f"a little more than any of {span}"
    _, step = min(_STEPS, key=lambda known: abs(known[0] - times))
    return f"more than any of {span} {step}"


def _in_a_row(what: str, where: str, here: int, longest: int, span: str) -> str:
    before = f"the longest of {span} had {longest:,}" if longest else f"there were none in {span}"
    return f"{counted(here, what)} in a row{where}; {before}"


def _span(span_ms: int) -> str:
    """
    >>> [_span(ms) for ms in (8 * 86_400_000, 86_400_000, 5_000, 0)]
    ['the last 8 days', 'the last 24 hours', 'the last 5 seconds', 'its history']
    """
    if span_ms <= 0:
        return "its history"
    for unit, name in ((DAY_MS, "days"), (HOUR_MS, "hours"), (MINUTE_MS, "minutes")):
        if span_ms >= 1.95 * unit:
            return f"the last {round(span_ms / unit):,} {name}"
    return f"the last {max(round(span_ms / 1_000), 1)} seconds"
