"""What people did and said, as readers ask of it; and labels as the log tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack

from monitor.domain.acts import Act, Undo
from monitor.domain.anomaly import Anomaly
from monitor.domain.filters import LabelFilter
from monitor.domain.incident import Incident, PlacedAnomaly
from monitor.domain.labels import Judged, Label
from monitor.domain.paging import Page
from monitor.store import acts, labels
from monitor.store.database import Database
from monitor.store.projections import SqlLedger
from monitor.store.queries import storable


class FeedbackStore:
    """Labels are written by one thread; read by many."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def anomaly(self, anomaly_id: str) -> PlacedAnomaly | None:
        found = SqlLedger(self._database).anomalies_by_id([anomaly_id]) if storable(anomaly_id) else []
        return found[0] if found else None

    def act(self, act_id: str) -> Act | None:
        return acts.one(self._database, act_id) if storable(act_id) else None

    def acts(self, incident_id: str, members: Iterable[str]) -> list[Act]:
        return acts.of_incident(self._database, incident_id, members)

    def label(self, label_id: str) -> Label | None:
        return labels.one(self._database, label_id) if storable(label_id) else None

    def labels(self, *, after: str = "", limit: int = 100, **asked: Unpack[LabelFilter]) -> Page[Judged]:
        if not all(storable(value) for value in asked.values() if isinstance(value, str)):
            return Page([])
        return labels.page(self._database, after, limit, asked)

    def labels_of_incidents(self, incidents: Sequence[Incident]) -> dict[str, list[Judged]]:
        return labels.of_incidents(self._database, [incident.id for incident in incidents])

    def labels_of_anomalies(self, anomalies: Sequence[Anomaly]) -> dict[str, list[Judged]]:
        return labels.of_anomalies(self._database, anomalies)

    def tell(self, told: Label | Undo) -> None:
        """Again, it changes nothing."""
        with self._database.write() as connection:
            if isinstance(told, Label):
                labels.keep(connection, told)
            else:
                labels.take_back(connection, told)
