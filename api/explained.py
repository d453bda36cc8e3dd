"""An explanation in the shape of the API."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from api import schemas, shapes
from api.notice_shapes import WithheldOut, withheld
from api.schemas import Answer, rfc3339
from monitor.domain.alert import Holding
from monitor.domain.anomaly import Verdict
from monitor.explaining import Explained


class LateSample(Answer):
    """A sample that came after its bucket was final."""

    ts_ms: int
    value: float | None
    arrival_ms: int


class Explanation(Answer):
    """Why a series shows what it shows at a time. ``reason`` is exactly one of the reasons in the glossary;
    null is what does not belong to it."""

    series: schemas.Series
    at: str
    at_ms: int
    bucket_ms: int | None = Field(description="start of the bucket of that time")
    cadence_ms: int
    reason: str
    ground: str | None = Field(description="of an anomaly: what made it one")
    text: str
    value: float | None
    n: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    size: float | None = Field(description="value minus expected")
    percent: float | None = Field(description="size in percent of expected; null where that is 0 or tiny")
    unusual: str
    judged_by: str | None = Field(description="family of the model")
    judged_since_ms: int | None
    judged_since_known: bool = Field(description="false: perhaps it has judged for longer")
    normal: str
    normal_lower: float | None
    normal_upper: float | None
    anomaly: schemas.Anomaly | None
    late: list[LateSample]
    wide_band: schemas.WideBand | None = Field(description="of a series that is learning now")
    holds: list[WithheldOut] = Field(
        description="of the anomaly's incident: routes that were not told, by a budget, the ranking, a mute …"
    )
    notes: list[str]


def shape(found: Explained, anomaly: schemas.Anomaly | None, holds: Sequence[Holding] = ()) -> Explanation:
    """``anomaly``: the one that covers the bucket; ``holds``: what was not told of its incident."""
    facts, explanation = found.facts, found.explanation
    judged = facts.judged
    past = facts.past if found.judged_by is not None else None
    lower, upper = explanation.normal or (math.nan, math.nan)
    return Explanation(
        series=schemas.Series.model_validate(found.series),
        at=rfc3339(facts.at_ms),
        at_ms=facts.at_ms,
        bucket_ms=facts.bucket_ms,
        cadence_ms=facts.cadence_ms,
        reason=explanation.reason.value,
        ground=None if explanation.ground is None else explanation.ground.value,
        text=found.text,
        value=None if judged is None else shapes.finite(judged.value),
        n=None if judged is None else shapes.finite(judged.n),
        expected=None if judged is None else shapes.finite(judged.expected),
        lower=None if judged is None else shapes.finite(judged.lower),
        upper=None if judged is None else shapes.finite(judged.upper),
        score=None if judged is None or judged.verdict is Verdict.LEARNING else judged.score,
        size=explanation.size,
        percent=explanation.percent,
        unusual=found.unusual,
        judged_by=found.judged_by,
        judged_since_ms=None if past is None else past.since_ms,
        judged_since_known=past is not None and past.since_known,
        normal=found.normal,
        normal_lower=shapes.finite(lower),
        normal_upper=shapes.finite(upper),
        anomaly=anomaly,
        late=[
            LateSample(ts_ms=late.ts_ms, value=shapes.finite(late.value), arrival_ms=late.arrival_ms)
            for late in facts.late
        ],
        wide_band=shapes.wide_band(found.wide_band),
        holds=[withheld(one) for one in holds],
        notes=found.notes,
    )
