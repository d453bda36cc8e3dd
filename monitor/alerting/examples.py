"""One small notice, for examples in documentation and for trying a receiver out."""

from __future__ import annotations

from monitor.domain.incident import Contributor, Incident, IncidentState, Priority, Suspect
from monitor.domain.notice import Notice, NoticeKind

START_MS = 1_767_225_600_000


def opened() -> Notice:
    """An incident of two series has opened."""
    series = "error_rate{service=web}"
    incident = Incident(
        id="inc-1",
        founder_id="1",
        state=IncidentState.OPEN,
        title="error_rate up at service web since 1 Jan 00:00 UTC; 2 series",
        start_ms=START_MS,
        end_ms=None,
        score=87.0,
        severity=123.0,
        kind="spike",
        direction=1,
        member_count=3,
        series_count=2,
        suspects=(
            Suspect("00ab", series, "error_rate", (("service", "web"),), START_MS, 1.0, "began first, 00:00"),
        ),
        contributors=(Contributor("service", "web", 2, 2, -9.5),),
        due_ms=None,
        sequence=1,
        members=("1", "2", "3"),
        priority=Priority.P2,
    )
    return Notice(
        key="watchkeeper/inc-1",
        sequence=1,
        kind=NoticeKind.OPENED,
        at_ms=START_MS,
        incident=incident,
        url="https://watchkeeper.example/#/incidents/inc-1",
        labels={"noise": "https://watchkeeper.example/label/n"},
    )
