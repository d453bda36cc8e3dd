"""Domain values in the shapes of the API. NaN and infinity become null: JSON has neither."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api import schemas
from api.schemas import rfc3339
from learners.base import Family
from monitor.domain.about import About
from monitor.domain.anomaly import Verdict
from monitor.domain.incident import Contributor, Incident, PlacedAnomaly, Suspect
from monitor.domain.labels import Judged
from monitor.domain.outlook import WideBand
from monitor.incidents.rules import Rules
from monitor.likely import Likely
from monitor.view import View

SUSPECTS_IN_LISTS = 3
CONTRIBUTORS_IN_LISTS = 5

_VERDICTS = {verdict.value: verdict.name.lower().replace("_", " ") for verdict in Verdict} | {
    Verdict.BELOW_MIN_CHANGE.value: "below minimum change"
}
_FAMILIES = {family.value: family.name.lower() for family in Family}
_WORDS: Mapping[str, Mapping[int, str]] = {"verdict": _VERDICTS, "model": _FAMILIES}


def anomalies(view: View, placed: Sequence[PlacedAnomaly]) -> list[schemas.Anomaly]:
    """Anomalies with what each says of itself."""
    told = view.labelling.of_anomalies(placed)
    about = zip(placed, view.about(placed), strict=True)
    return [anomaly(one, said, told.get(one.anomaly.id, ())) for one, said in about]


def wide_band(band: WideBand | None) -> schemas.WideBand | None:
    if band is None or not (math.isfinite(band.lower) and math.isfinite(band.upper)):
        return None
    return schemas.WideBand(
        lower=band.lower, upper=band.upper, own_values=band.own_values, siblings=band.siblings
    )


def anomaly(placed: PlacedAnomaly, said: About, labels: Sequence[Judged] = ()) -> schemas.Anomaly:
    a = placed.anomaly
    lower, upper = said.bounds or (math.nan, math.nan)
    return schemas.Anomaly(
        id=a.id,
        series_id=f"{a.series.fingerprint():016x}",
        series=str(a.series),
        metric=a.series.metric,
        tags=dict(a.series.tags),
        kind=a.kind.value,
        direction=a.direction,
        onset=rfc3339(a.onset_ms),
        onset_ms=a.onset_ms,
        peak_ms=a.peak_ms,
        last_ms=a.last_ms,
        end=None if a.end_ms is None else rfc3339(a.end_ms),
        end_ms=a.end_ms,
        score=finite(a.score),
        value=finite(a.value),
        expected=finite(a.expected),
        lower=finite(a.lower),
        upper=finite(a.upper),
        buckets=a.buckets,
        cadence_ms=a.cadence_ms,
        incident_id=placed.incident_id,
        without_incident="" if placed.incident_id is not None else Rules().alone(a),
        muted_until_ms=a.muted_until_ms,
        value_text=said.value_text,
        expected_text=said.expected_text,
        size=said.size,
        percent=said.percent,
        unusual=said.unusual,
        judged_by=said.judged_by,
        judged_since_ms=said.since_ms,
        judged_since_known=said.since_known,
        ground=said.ground.value,
        normal=said.normal,
        normal_lower=finite(lower),
        normal_upper=finite(upper),
        text=said.text,
        labels=_said(labels),
        conflict=any(one.conflict for one in labels),
    )


def incident(value: Incident, labels: Sequence[Judged], likely: Likely | None = None) -> schemas.Incident:
    """As in lists: the first suspects and contributors only."""
    shape = _incident(value, SUSPECTS_IN_LISTS, CONTRIBUTORS_IN_LISTS)
    return schemas.Incident(**shape, said=_said(labels), likely=_likely(likely))


def incident_detail(
    value: Incident,
    members: Sequence[schemas.Anomaly],
    labels: Sequence[Judged],
    likely: Likely | None = None,
) -> schemas.IncidentDetail:
    """As on its own: every suspect and contributor, and the member anomalies."""
    shape = _incident(value, len(value.suspects), len(value.contributors))
    return schemas.IncidentDetail(
        **shape,
        members=list(members),
        merged_into=value.merged_into,
        said=_said(labels),
        likely=_likely(likely),
    )


def _said(labels: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(one.label.said.value for one in labels if one.rules))


def _likely(value: Likely | None) -> schemas.Likely | None:
    return None if value is None else schemas.Likely(chance=value.chance, reasons=list(value.reasons))


def _incident(value: Incident, suspects: int, contributors: int) -> dict[str, Any]:
    return {
        "id": value.id,
        "state": value.state.value,
        "title": value.title,
        "start": rfc3339(value.start_ms),
        "start_ms": value.start_ms,
        "end": None if value.end_ms is None else rfc3339(value.end_ms),
        "end_ms": value.end_ms,
        "score": value.score,
        "severity": value.severity,
        "priority": value.priority.value,
        "reasons": list(value.reasons),
        "opened": value.opened,
        "team": value.team,
        "unstable": value.flaps > 0,
        "acknowledged_by": value.acknowledged_by,
        "acknowledged_ms": value.acknowledged_ms,
        "kind": value.kind,
        "direction": value.direction,
        "member_count": value.member_count,
        "series_count": value.series_count,
        "suspects": [_suspect(s) for s in value.suspects[:suspects]],
        "contributors": [_contributor(c) for c in value.contributors[:contributors]],
    }


def _suspect(s: Suspect) -> schemas.Suspect:
    return schemas.Suspect(
        series_id=s.series_id,
        series=s.series,
        metric=s.metric,
        tags=dict(s.tags),
        onset_ms=s.onset_ms,
        score=s.score,
        why=s.why,
    )


def _contributor(c: Contributor) -> schemas.Contributor:
    decades = -c.log_p / math.log(10.0)
    return schemas.Contributor(
        tag=c.tag, value=c.value, count=c.count, total=c.total, decades=decades, text=c.text
    )


def columns(observations: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns of observations as lists.

    >>> columns({"value": np.array([1.0, np.nan]), "verdict": np.array([0, 3], np.uint8)})
    {'value': [1.0, None], 'verdict': ['in band', 'below minimum change']}
    """
    return {name: _column(name, np.asarray(column)) for name, column in observations.items() if name != "row"}


def _column(name: str, column: NDArray[Any]) -> list[Any]:
    if name in _WORDS and column.dtype.kind in "iu":
        words = _WORDS[name]
        return [words.get(code, str(code)) for code in column.tolist()]
    if column.dtype.kind == "f":
        plain = column.astype(np.float64) if column.dtype == np.float32 else column
        return [x if math.isfinite(x) else None for x in plain.tolist()]
    return list(column.tolist())


def finite(x: float) -> float | None:
    """None for NaN and infinity."""
    return x if math.isfinite(x) else None
