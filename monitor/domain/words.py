"""Explanations in words: whole sentences with numbers, for the API, the command line and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.domain.anomaly import Anomaly
from monitor.domain.explanation import Explanation, Facts, Ground, Judged, Late, Reason, Rule, Spoken
from monitor.domain.past import Past
from monitor.domain.units import Way, beside, counted, signed

MODEL_BUCKETS = 32
CADENCE_SAMPLES = 8
LABELS_NOTED = 3


def text(explanation: Explanation, facts: Facts) -> str:
    """One or two sentences: the reason with its numbers. Never empty."""
    judged = facts.judged
    if judged is not None and explanation.reason is not Reason.MISSING:
        return _judged(explanation, judged, facts)
    return _not_judged(explanation.reason, facts)


def normal(ground: Ground | None, bounds: tuple[float, float] | None, way: Way) -> str:
    """What would have made it normal; empty where nothing can be said.

    >>> normal(Ground.OUTSIDE, (0.0, 0.074), Way.of("ratio", None, ""))
    'a value between 0 % and 7.4 %'
    >>> normal(Ground.STILL, None, Way()), normal(Ground.SILENT, None, Way())
    ('another value than the ones before', 'any value at all')
    """
    if ground is Ground.SILENT:
        return "any value at all"
    if ground is Ground.STILL:
        return "another value than the ones before"
    span = _range(bounds, way)
    if ground is Ground.LEANING and span:
        return f"values on both sides of the expectation; by itself, {span}"
    if ground is Ground.GOING_ON and span:
        return f"it ends after three ordinary buckets in a row; by itself, {span}"
    return span


def moment(ts_ms: int) -> str:
    """
    >>> moment(1_360_350_000_000), moment(1_360_350_030_250)
    ('2013-02-08 19:00 UTC', '2013-02-08 19:00:30 UTC')
    """
    try:
        at = datetime.fromtimestamp(ts_ms // 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{ts_ms} ms"
    return at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def since(past: Past | None) -> str:
    """From when on the model has judged, in words; empty where that is not known.

    >>> since(Past(since_ms=1_360_350_000_000))
    'since 2013-02-08 19:00 UTC or earlier'
    """
    if past is None or past.since_ms is None:
        return ""
    return f"since {moment(past.since_ms)}" + ("" if past.since_known else " or earlier")


def told(value: float, expected: float, bounds: tuple[float, float], percent: float | None, way: Way) -> str:
    """Value, expectation, band and size in one clause.

    >>> told(180.0, 100.0, (90.0, 110.0), 80.0, Way(unit="ms"))
    '180 ms where 100 ms was expected (band 90 ms to 110 ms): +80 ms, +80 %'
    """
    if math.isnan(expected):
        return f"{way.number(value)}, with no expectation yet"
    more = "" if percent is None else f", {signed(percent)} %"
    band = f" (band {way.number(bounds[0])} to {way.number(bounds[1])})"
    if any(map(math.isnan, bounds)):
        band = ""
    size = way.difference(value - expected)
    return f"{way.number(value)} where {way.number(beside(value, expected))} was expected{band}: {size}{more}"


def silence(anomaly: Anomaly) -> str:
    """From when to when nothing came."""
    if anomaly.end_ms is not None and anomaly.end_ms > anomaly.onset_ms:
        return f"nothing came from {moment(anomaly.onset_ms)} to {moment(anomaly.end_ms)}"
    return f"nothing came from {moment(anomaly.onset_ms)} on"


def notes(facts: Facts) -> list[str]:
    """What is worth knowing beside the reason."""
    found: list[str] = []
    if facts.judged is not None:
        found += [f"{_late(late, facts.way)}; the models did not learn from it" for late in facts.late]
        if facts.anomaly is not None and facts.judged.verdict.name in ("IN_BAND", "BELOW_MIN_CHANGE"):
            found.append(f"an anomaly was open then: {_named(facts.anomaly)}")
    found += [_spoken(one) for one in facts.labels[:LABELS_NOTED]]
    if facts.damaged:
        found.append("a part of this shard's history cannot be read, so something may be missing here")
    return found


def _judged(explanation: Explanation, judged: Judged, facts: Facts) -> str:
    way = facts.way
    numbers = told(judged.value, judged.expected, (judged.lower, judged.upper), explanation.percent, way)
    match explanation.reason:
        case Reason.IN_BAND:
            edge = not judged.lower <= judged.value <= judged.upper
            place = "At the edge of the band, not far enough beyond it" if edge else "In band"
            return f"{place}: {numbers}; score {judged.score:.0f}."
        case Reason.LEARNING:
            if facts.model is not None:
                return f"Was still learning, no score: {numbers}. The model chosen since is {facts.model}."
            return (
                f"Still learning, no score: {numbers}. The first model comes after {MODEL_BUCKETS} final "
                "buckets. Until then fixed bounds are told, and silence where the cadence is declared."
            )
        case Reason.BELOW_MIN_CHANGE:
            small = _small(judged, facts.rule, way)
            return f"Surprising (score {judged.score:.0f}) and no anomaly: {numbers}. {small}"
        case Reason.QUIETED:
            would = f"Quiet: {numbers}; score {judged.score:.0f}. It would have been an anomaly"
            return f"{would}; {_quieted(judged, facts.labels)}."
        case _:
            name = f" of {_named(facts.anomaly)}" if facts.anomaly is not None else ", not listed (yet)"
            why = _GROUNDS[explanation.ground or Ground.OUTSIDE]
            return f"{_muted(facts)}Anomaly{name}, {why}: {numbers}; score {judged.score:.0f}."


_GROUNDS = {
    Ground.OUTSIDE: "since the value lies outside the band",
    Ground.LEANING: "since many values before it leaned to one side too",
    Ground.STILL: "since values have stood still for longer than ever",
    Ground.SILENT: "since nothing has come for longer than ever",
    Ground.BOUND: "since the value lies beyond a fixed bound",
    Ground.GOING_ON: "which had begun before and was not over",
    Ground.NEW_LEVEL: "which goes on: this is as expected at its new level, not yet taken for normal",
}


def _muted(facts: Facts) -> str:
    """Empty where no window keeps its anomaly out of incidents."""
    until_ms = None if facts.anomaly is None else facts.anomaly.muted_until_ms
    return f"Muted until {moment(until_ms)}, so in no incident. " if until_ms and facts.muted else ""


def _named(anomaly: Anomaly) -> str:
    return f"{anomaly.series} from {moment(anomaly.onset_ms)} on"


def _small(judged: Judged, rule: Rule, way: Way) -> str:
    size = judged.value - judged.expected
    if rule.polarity and size * rule.polarity < 0.0:
        return (
            f"It is a {'fall' if size < 0 else 'rise'}, and only a {_SIDES[rule.polarity]} is declared bad."
        )
    least = rule.least(judged.expected)
    if abs(size) < least:
        return f"Changes of less than {way.difference(least).lstrip('+')} are declared not to matter."
    return "It was too small, or on the side that is not bad, by the declaration in force then."


def _quieted(judged: Judged, labels: Sequence[Spoken]) -> str:
    """Since whose label it is quieter, as far as that is still in force."""
    side = 1 if judged.value >= judged.expected else -1
    fitting = [one for one in labels if one.quieter and one.side in (0, side)]
    if not fitting:
        return "labels that were in force then kept it quiet"
    one = next((one for one in fitting if one.own), fitting[0])
    of = "" if one.own else " of a sibling"
    since = f"quieter here since the label{of} that {one.user} set on {moment(one.at_ms)}"
    return f"{since} ({one.label_id}): like shape, size and hour"


def _spoken(one: Spoken) -> str:
    said = "a false alarm" if one.quieter else "true"
    of = "" if one.own else " of a sibling"
    return f"{one.user} called what began at {moment(one.span[0])}{of} {said}, which has a say here"


_SIDES = {1: "rise", -1: "fall"}


def _not_judged(reason: Reason, facts: Facts) -> str:
    when = moment(facts.bucket_ms if facts.bucket_ms is not None else facts.at_ms)
    match reason:
        case Reason.ANOMALY | Reason.MUTED:
            anomaly = facts.anomaly
            assert anomaly is not None
            return f"{_muted(facts)}Anomaly of {anomaly.series}, {anomaly.kind.value}: {silence(anomaly)}."
        case Reason.NO_CADENCE:
            return (
                f"There are no buckets yet: the spacing of this series is learned from {CADENCE_SAMPLES} "
                f"different times. Waiting for that: {counted(len(facts.waiting), 'sample')}."
            )
        case Reason.NOT_FINAL:
            here = "no value has come for it so far"
            if facts.waiting:
                more = len(facts.waiting) - 1
                here = f"{facts.way.number(facts.waiting[-1])} has come"
                here += f", and {counted(more, 'value')} before it" if more else ""
            waits = " The series waits for a learning pass." if facts.held else ""
            return f"The bucket of {when} is not final: {here}, and it may still change.{waits}"
        case Reason.NOT_ARRIVED:
            newest = "nothing" if facts.newest_ms is None else moment(facts.newest_ms)
            return f"Nothing has come for {when} yet; the newest bucket is that of {newest}."
        case Reason.LATE:
            first = _late(facts.late[-1], facts.way)
            final = f"when the bucket of {when} was final without a value"
            return f"Too late: {first}, {final}. It is kept, and not judged."
        case Reason.BEFORE_FIRST:
            return f"{when} lies before the first sample of the series."
        case Reason.NOT_KEPT:
            return f"The history of {when} is no longer kept."
        case _:
            return (
                f"Missing: nothing came for the bucket of {when}. Missing is not zero: nothing was learned."
            )


def _late(late: Late, way: Way) -> str:
    return f"the sample {way.number(late.value)} of {moment(late.ts_ms)} came at {moment(late.arrival_ms)}"


def _range(bounds: tuple[float, float] | None, way: Way) -> str:
    if bounds is None:
        return ""
    lower, upper = bounds
    if lower > upper:
        return "no value: the band and the fixed bounds have none in common"
    if math.isinf(lower) and math.isinf(upper):
        return "any value"
    if math.isinf(lower):
        return f"a value up to {way.number(upper)}"
    if math.isinf(upper):
        return f"a value from {way.number(lower)} on"
    return f"a value between {way.number(lower)} and {way.number(upper)}"


def sentences(*clauses: str) -> str:
    """Clauses as sentences, the empty ones left out.

    >>> sentences("twice as much", "", "judged by ema")
    'Twice as much. Judged by ema.'
    """
    return " ".join(f"{clause[0].upper()}{clause[1:]}." for clause in clauses if clause)
