"""An incident and its anomaly, with everything that either may have."""

from __future__ import annotations

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.incident import (
    Contributor,
    Incident,
    IncidentState,
    PlacedAnomaly,
    Suspect,
)
from monitor.domain.series import Identity


def storm_anomaly() -> PlacedAnomaly:
    """The storm of February 2013 at JFK."""
    identity = Identity.of("cancelled_share", {"origin": "JFK"})
    onset_ms = 1_360_350_000_000
    anomaly = Anomaly(
        id=Anomaly.id_of(identity.fingerprint(), onset_ms, AnomalyKind.SPIKE),
        series=identity,
        kind=AnomalyKind.SPIKE,
        direction=1,
        onset_ms=onset_ms,
        peak_ms=onset_ms + 3_600_000,
        last_ms=onset_ms + 3_600_000,
        end_ms=None,
        score=97.0,
        value=0.57,
        expected=0.02,
        lower=0.0,
        upper=float("inf"),
        buckets=2,
        cadence_ms=3_600_000,
    )
    return PlacedAnomaly(anomaly, (), Incident.id_of(anomaly.id))


def storm_incident(state: IncidentState = IncidentState.OPEN) -> Incident:
    anomaly = storm_anomaly().anomaly
    suspect = Suspect(
        series_id=f"{anomaly.series.fingerprint():016x}",
        series=str(anomaly.series),
        metric=anomaly.series.metric,
        tags=anomaly.series.tags,
        onset_ms=anomaly.onset_ms,
        score=97.0,
        why="first",
    )
    contributor = Contributor("origin", "JFK", 14, 16, -9.5)
    return Incident(
        id=Incident.id_of(anomaly.id),
        founder_id=anomaly.id,
        state=state,
        title="cancelled_share up <script>alert(1)</script>",
        start_ms=anomaly.onset_ms,
        end_ms=None,
        score=97.0,
        severity=1.4,
        kind="spike",
        direction=1,
        member_count=1,
        series_count=1,
        suspects=(suspect,) * 5,
        contributors=(contributor,) * 7,
        due_ms=None,
        sequence=1,
        members=(anomaly.id,),
    )
