"""Rows to domain values and back. NaN is NULL in the tables, tags and ids are JSON lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, case, select

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.incident import (
    Contributor,
    Incident,
    IncidentState,
    IncidentTransition,
    PlacedAnomaly,
    Priority,
    Suspect,
    TransitionKind,
)
from monitor.domain.series import Identity
from monitor.domain.topology import Bond, Evidence
from monitor.store.tables import ANOMALIES, INCIDENT_MEMBERS, INCIDENTS, SERIES

Row = dict[str, Any]

_INCIDENT_COLUMNS = tuple(c.name for c in INCIDENTS.columns)

DRIFTED: ColumnElement[bool] = ANOMALIES.c.kind == AnomalyKind.ABSORBED_DRIFT.value
MUTED: ColumnElement[bool] = ANOMALIES.c.muted_until_ms.is_not(None)
BEGIN_MS: ColumnElement[int] = case(
    (MUTED, ANOMALIES.c.muted_until_ms), (DRIFTED, ANOMALIES.c.peak_ms), else_=ANOMALIES.c.onset_ms
)
"""`Anomaly.begin_ms`, of a row."""


def series_id(identity: Identity) -> str:
    """
    >>> len(series_id(Identity.of("m")))
    16
    """
    return f"{identity.fingerprint():016x}"


def series_row(anomaly: Anomaly, known_as: str) -> Row:
    identity = anomaly.series
    return {
        "id": known_as,
        "metric": identity.metric,
        "tags": [list(tag) for tag in identity.tags],
        "name": str(identity),
        "first_seen_ms": anomaly.onset_ms,
    }


def anomaly_row(placed: PlacedAnomaly, known_as: str) -> Row:
    anomaly = placed.anomaly
    return {
        "id": anomaly.id,
        "series_id": known_as,
        "kind": anomaly.kind.value,
        "direction": anomaly.direction,
        "onset_ms": anomaly.onset_ms,
        "peak_ms": anomaly.peak_ms,
        "last_ms": anomaly.last_ms,
        "end_ms": anomaly.end_ms,
        "score": float(anomaly.score),
        "value": _null(anomaly.value),
        "expected": _null(anomaly.expected),
        "lower": _null(anomaly.lower),
        "upper": _null(anomaly.upper),
        "buckets": anomaly.buckets,
        "cadence_ms": anomaly.cadence_ms,
        "joined": list(placed.joined),
        "bonds": [[b.kind.value, b.other, b.decades, b.lag_ms, b.what] for b in placed.bonds],
        "team": anomaly.team,
        "weight": anomaly.weight,
        "muted_until_ms": anomaly.muted_until_ms,
        "heard_ms": anomaly.heard_ms,
    }


def select_anomalies() -> Select[Any]:
    """Every column `placed_of` needs."""
    members = ANOMALIES.join(SERIES, SERIES.c.id == ANOMALIES.c.series_id).outerjoin(
        INCIDENT_MEMBERS, INCIDENT_MEMBERS.c.anomaly_id == ANOMALIES.c.id
    )
    columns = (ANOMALIES, SERIES.c.metric, SERIES.c.tags, INCIDENT_MEMBERS.c.incident_id)
    return select(*columns).select_from(members)


def placed_of(row: RowMapping) -> PlacedAnomaly:
    anomaly = Anomaly(
        id=row["id"],
        series=Identity(row["metric"], tuple((k, v) for k, v in row["tags"])),
        kind=AnomalyKind(row["kind"]),
        direction=row["direction"],
        onset_ms=row["onset_ms"],
        peak_ms=row["peak_ms"],
        last_ms=row["last_ms"],
        end_ms=row["end_ms"],
        score=row["score"],
        value=_nan(row["value"]),
        expected=_nan(row["expected"]),
        lower=_nan(row["lower"]),
        upper=_nan(row["upper"]),
        buckets=row["buckets"],
        cadence_ms=row["cadence_ms"],
        team=row["team"],
        weight=row["weight"],
        muted_until_ms=row["muted_until_ms"],
        heard_ms=row["heard_ms"],
    )
    bonds = tuple(Bond(Evidence(kind), *rest) for kind, *rest in row["bonds"] or ())
    return PlacedAnomaly(anomaly, tuple(row["joined"]), row["incident_id"], bonds)


def incident_row(incident: Incident) -> Row:
    row = {name: getattr(incident, name) for name in _INCIDENT_COLUMNS}
    row["state"] = incident.state.value
    row["priority"] = incident.priority.value
    row["reasons"] = list(incident.reasons)
    row["suspects"] = [asdict(s) for s in incident.suspects]
    row["contributors"] = [asdict(c) for c in incident.contributors]
    return row


def incident_of(row: RowMapping | Mapping[str, Any], members: Sequence[str] = ()) -> Incident:
    values = {name: row[name] for name in _INCIDENT_COLUMNS}
    values["state"] = IncidentState(row["state"])
    values["priority"] = Priority(row["priority"])
    values["reasons"] = tuple(row["reasons"] or ())
    values["suspects"] = tuple(_suspect(s) for s in row["suspects"])
    values["contributors"] = tuple(Contributor(**c) for c in row["contributors"])
    return Incident(**values, members=tuple(members))


def transition_row(transition: IncidentTransition) -> Row:
    return asdict(transition) | {"kind": transition.kind.value}


def transition_of(row: RowMapping) -> IncidentTransition:
    return IncidentTransition(**(dict(row) | {"kind": TransitionKind(row["kind"])}))


def _suspect(stored: Mapping[str, Any]) -> Suspect:
    return Suspect(**(dict(stored) | {"tags": tuple((k, v) for k, v in stored["tags"])}))


def _null(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
