"""For every combination of facts exactly one reason, and a sentence with its numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.score import L_OPEN, score
from monitor.domain import words
from monitor.domain.about import about
from monitor.domain.anomaly import Anomaly, AnomalyKind, Verdict
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.explanation import (
    OPENS,
    Facts,
    Ground,
    Judged,
    Late,
    Reason,
    Rule,
    covers,
    explain,
    normal_range,
)
from monitor.domain.past import Past
from monitor.domain.series import Identity
from monitor.domain.units import Manner, Way
from monitor.domain.unusual import ENOUGH, unusual
from monitor.shard.rules import Rules
from monitor.shard.verdict import matters

SILENT = (AnomalyKind.NO_DATA, AnomalyKind.ENDED)

numbers = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(-1e9, 1e9)
times = st.integers(0, 20).map(lambda bucket: bucket * MINUTE_MS)
rules = st.builds(
    Rule,
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([-math.inf, 0.0]),
    st.sampled_from([math.inf, 10.0]),
)
ways = st.builds(Way, st.sampled_from(list(Manner)), st.sampled_from(["", "ms"]))
pasts = st.builds(
    Past,
    judged=st.integers(0, 12_000),
    span_ms=st.integers(0, 8 * DAY_MS),
    largest=st.floats(0, 1e9),
    as_large=st.integers(0, 12_000),
    excused=st.integers(0, 5),
    run=st.integers(0, 9),
    longest_run=st.integers(0, 9),
    gap=st.integers(0, 9),
    longest_gap=st.integers(0, 9),
    lean=st.integers(-9, 9),
    counted=st.booleans(),
    since_ms=st.none() | times,
    since_known=st.booleans(),
)
judgements = st.builds(
    Judged, numbers, numbers, numbers, numbers, st.floats(0, 100), st.sampled_from(list(Verdict)), numbers
)


def anomaly(kind: AnomalyKind, onset_ms: int = 0, end_ms: int | None = None, value: float = 9.0) -> Anomaly:
    name = Identity.of("orders")
    last = onset_ms if end_ms is None else max(end_ms - MINUTE_MS, onset_ms)
    identity = Anomaly.id_of(name.fingerprint(), onset_ms, kind)
    shown = (math.nan,) * 4 if kind in SILENT else (value, 5.0, 4.0, 6.0)
    return Anomaly(identity, name, kind, 1, onset_ms, onset_ms, last, end_ms, 80.0, *shown, 1, MINUTE_MS)


def muted(kind: AnomalyKind, until_ms: int | None) -> Anomaly:
    return replace(anomaly(kind), muted_until_ms=until_ms)


facts = st.builds(
    Facts,
    at_ms=times,
    bucket_ms=st.none() | times,
    cadence_ms=st.just(MINUTE_MS),
    final_ms=st.none() | times,
    newest_ms=st.none() | times,
    previous_ms=st.none() | times,
    kept_ms=st.none() | times,
    held=st.booleans(),
    damaged=st.booleans(),
    waiting=st.lists(finite, max_size=2).map(tuple),
    judged=st.none() | judgements,
    late=st.lists(st.builds(Late, times, finite, times), max_size=2).map(tuple),
    anomaly=st.none() | st.builds(muted, st.sampled_from(list(AnomalyKind)), st.none() | times),
    past=st.none() | pasts,
    rule=rules,
    way=ways,
)


def holds(known: Facts) -> dict[Reason, bool]:
    """When each reason is the one, each said by itself."""
    judged = known.judged is not None and known.judged.verdict is not Verdict.MISSING
    verdict = known.judged.verdict if known.judged is not None else None
    silent = not judged and known.anomaly is not None and known.anomaly.kind in SILENT
    asked = not judged and not silent
    grid = asked and known.bucket_ms is not None
    bucket = known.bucket_ms if known.bucket_ms is not None else 0
    final = known.final_ms is not None and bucket <= known.final_ms
    begun = known.newest_ms is not None and bucket <= known.newest_ms
    empty = grid and final and not known.late
    first = empty and known.previous_ms is None
    kept = known.kept_ms is None or bucket >= known.kept_ms
    until = known.anomaly.muted_until_ms if known.anomaly is not None else None
    at = known.bucket_ms if known.bucket_ms is not None else known.at_ms
    muted = until is not None and at < until
    told = verdict in (Verdict.ANOMALY, Verdict.SHIFTED) or silent
    return {
        Reason.IN_BAND: verdict is Verdict.IN_BAND,
        Reason.LEARNING: verdict is Verdict.LEARNING,
        Reason.ANOMALY: told and not muted,
        Reason.MUTED: muted and (told or verdict is Verdict.STATIC_BOUND),
        Reason.BELOW_MIN_CHANGE: verdict is Verdict.BELOW_MIN_CHANGE,
        Reason.STATIC_BOUND: verdict is Verdict.STATIC_BOUND and not muted,
        Reason.QUIETED: verdict is Verdict.QUIETED,
        Reason.NO_CADENCE: asked and not grid,
        Reason.NOT_FINAL: grid and not final and (begun or bool(known.waiting)),
        Reason.NOT_ARRIVED: grid and not final and not begun and not known.waiting,
        Reason.LATE: grid and final and bool(known.late),
        Reason.BEFORE_FIRST: first and kept,
        Reason.NOT_KEPT: first and not kept,
        Reason.MISSING: empty and not first,
    }


@given(facts)
def test_exactly_one_reason_for_any_facts(known: Facts) -> None:
    found = explain(known)
    assert [reason for reason, holding in holds(known).items() if holding] == [found.reason]
    said = words.text(found, known)
    assert said.endswith(".")
    assert "nan" not in said
    assert "None" not in said
    is_anomaly = found.reason in (Reason.ANOMALY, Reason.STATIC_BOUND, Reason.MUTED)
    assert (found.ground is not None) == is_anomaly
    assert all(words.notes(known))
    assert isinstance(words.normal(found.ground, found.normal, known.way), str)


def test_every_reason_is_reached_by_its_facts() -> None:
    """All combinations of what decides, the rest fixed."""
    reached = set()
    for judged, kind, until, bucket, final, waiting, late, previous, kept in product(
        [None, *(Judged(5.0, 5.0, 4.0, 6.0, verdict=verdict) for verdict in Verdict)],
        [None, *AnomalyKind],
        [None, 2 * MINUTE_MS],
        [None, MINUTE_MS],
        [None, 0, MINUTE_MS],
        [(), (1.0,)],
        [(), (Late(0, 1.0, 5),)],
        [None, 0],
        [None, 0, 2 * MINUTE_MS],
    ):
        known = Facts(
            MINUTE_MS,
            bucket,
            MINUTE_MS,
            final_ms=final,
            newest_ms=final,
            previous_ms=previous,
            kept_ms=kept,
            waiting=waiting,
            judged=judged,
            late=late,
            anomaly=None if kind is None else muted(kind, until),
        )
        (reason,) = (reason for reason, holding in holds(known).items() if holding)
        assert explain(known).reason is reason
        reached.add(reason)
    assert reached == set(Reason)


def test_the_opening_score_is_that_of_the_judge() -> None:
    assert pytest.approx(score(L_OPEN)) == OPENS


@given(st.floats(-100, 100), st.floats(-20, 20), st.floats(0, 20), st.floats(0, 20), rules)
def test_a_value_in_the_normal_range_is_worth_no_anomaly(
    value: float, expected: float, below: float, above: float, rule: Rule
) -> None:
    """Where the judge calls a change worth it, on the side of the band where it lies, it is not normal."""
    judged = Judged(value, expected, expected - below, expected + above)
    bounds = normal_range(judged, rule, Way())
    assert bounds is not None
    if not bounds[0] < value < bounds[1]:
        return
    table = Rules()
    said = {"min_change_absolute": rule.min_absolute, "min_change_relative": rule.min_relative}
    side = {0: "both", 1: "up", -1: "down"}[rule.polarity]
    table.declare("orders", {**said, "polarity": side})
    number = table.number(Identity.of("orders"))
    inside = judged.lower <= value <= judged.upper
    worth = matters(table.table[number], 0, 1 if value > expected else -1, value, expected)
    assert inside or not worth
    assert rule.static_lower <= value <= rule.static_upper


@given(judgements, st.sampled_from(list(AnomalyKind)), rules, ways, st.none() | pasts)
def test_every_anomaly_says_all_of_itself(
    judged: Judged, kind: AnomalyKind, rule: Rule, way: Way, past: Past | None
) -> None:
    found = about(anomaly(kind, value=judged.value), past, "ema", rule, way)
    assert found.text.endswith(".")
    assert found.normal
    assert (found.ground is Ground.SILENT) == (kind in SILENT)
    assert (found.judged_by is None) == (kind in SILENT)
    assert (found.percent is None) or math.isfinite(found.percent)


@pytest.mark.parametrize(
    ("judged", "kind", "ground"),
    [
        (Judged(9.0, 5.0, 4.0, 6.0, 80.0, Verdict.ANOMALY), AnomalyKind.SPIKE, Ground.OUTSIDE),
        (Judged(5.5, 5.0, 4.0, 6.0, 80.0, Verdict.ANOMALY), AnomalyKind.SPIKE, Ground.LEANING),
        (Judged(5.5, 5.0, 4.0, 6.0, 40.0, Verdict.ANOMALY), AnomalyKind.SPIKE, Ground.GOING_ON),
        (Judged(5.5, 5.0, 4.0, 6.0, 80.0, Verdict.ANOMALY), AnomalyKind.FLAT_LINE, Ground.STILL),
        (Judged(5.5, 5.0, 4.0, 6.0, 66.0, Verdict.STATIC_BOUND), AnomalyKind.SPIKE, Ground.BOUND),
    ],
)
def test_what_made_it_an_anomaly(judged: Judged, kind: AnomalyKind, ground: Ground) -> None:
    found = explain(Facts(0, 0, MINUTE_MS, judged=judged, anomaly=anomaly(kind)))
    assert found.ground is ground
    text = words.text(found, Facts(0, 0, MINUTE_MS, judged=judged, anomaly=anomaly(kind)))
    assert f"Anomaly of {anomaly(kind).series}" in text


def test_a_small_change_says_which_declaration_made_it_small() -> None:
    judged = Judged(9.0, 5.0, 4.0, 6.0, 80.0, Verdict.BELOW_MIN_CHANGE)
    said = [
        words.text(explain(known), known)
        for rule in (Rule(polarity=-1), Rule(min_absolute=5.0), Rule())
        if (known := Facts(0, 0, MINUTE_MS, judged=judged, rule=rule))
    ]
    assert "It is a rise, and only a fall is declared bad." in said[0]
    assert "Changes of less than 5 are declared not to matter." in said[1]
    assert "by the declaration in force then" in said[2]


def test_spans_of_anomalies() -> None:
    near = {"newest_ms": 10 * MINUTE_MS, "clock_ms": 12 * MINUTE_MS}
    closed = anomaly(AnomalyKind.SPIKE, 2 * MINUTE_MS, 4 * MINUTE_MS)
    assert [covers(closed, b * MINUTE_MS, previous_ms=0, **near) for b in range(1, 5)] == [
        False,
        True,
        True,
        False,
    ]
    silent = anomaly(AnomalyKind.NO_DATA, 2 * MINUTE_MS)
    assert [covers(silent, b * MINUTE_MS, previous_ms=0, **near) for b in (1, 10, 11)] == [False, True, False]
    gone = anomaly(AnomalyKind.ENDED, 2 * MINUTE_MS, 2 * MINUTE_MS)
    assert [covers(gone, b * MINUTE_MS, previous_ms=MINUTE_MS, **near) for b in (1, 12, 13)] == [
        False,
        True,
        False,
    ]
    assert not covers(gone, 8 * MINUTE_MS, previous_ms=5 * MINUTE_MS, **near)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (1.01, "a little more than any of the last 8 days"),
        (1.1, "more than any of the last 8 days by a tenth"),
        (1.34, "more than any of the last 8 days by a third"),
        (1.5, "more than any of the last 8 days by half"),
        (2.0, "twice the largest of the last 8 days"),
        (7.04, "7 times the largest of the last 8 days"),
        (1e6, "more than 1,000 times the largest of the last 8 days"),
        (1.0, "like 1 in 250 of the last 8 days"),
    ],
)
def test_how_unusual_in_words(own: float, said: str) -> None:
    past = Past(judged=1_000, span_ms=8 * DAY_MS, largest=1.0, as_large=4)
    assert unusual(own, past) == said


def test_a_lean_is_told_by_its_length_and_by_itself() -> None:
    past = Past(
        judged=1_000, span_ms=8 * DAY_MS, largest=1.0, as_large=100, counted=True, lean=9, longest_above=6
    )
    alone = "by itself like 1 in 10 of the last 8 days with as many cases"
    row = "9 values in a row above the expectation; the longest of the last 8 days had 6"
    assert unusual(0.5, past, Ground.LEANING, 1) == f"{row}; {alone}"
    assert unusual(0.5, past, Ground.LEANING, -1) == alone


def test_silence_and_standing_still_are_told_by_their_length() -> None:
    past = Past(span_ms=8 * DAY_MS, gap=1, longest_gap=0, run=400, longest_run=12)
    assert (
        unusual(math.nan, past, Ground.SILENT)
        == "1 empty bucket in a row; there were none in the last 8 days"
    )
    assert (
        unusual(0.0, past, Ground.STILL) == "400 equal values in a row; the longest of the last 8 days had 12"
    )


@given(st.floats(0, 1e6), pasts)
def test_more_than_any_is_said_only_of_what_is(own: float, past: Past) -> None:
    said = unusual(own, past)
    if past.judged < ENOUGH:
        assert said.startswith("too little history")
    else:
        beyond = (
            said.startswith(("more than", "a little more", "the first")) or "times" in said or "twice" in said
        )
        assert beyond == (own > past.largest)
