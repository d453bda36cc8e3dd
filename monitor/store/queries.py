"""What readers ask of the store. Bound parameters only; pages by key, so that a page costs
the same however far in it lies, and rows that arrive meanwhile neither repeat nor hide others."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, Unpack

from sqlalchemy import ColumnElement, Select, Text, cast, func, or_, select, tuple_

from monitor.domain.errors import BadRequest
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import LIVING, Incident, IncidentState, IncidentTransition, PlacedAnomaly
from monitor.domain.paging import Page
from monitor.store.database import Database
from monitor.store.rows import BEGIN_MS, incident_of, placed_of, select_anomalies, transition_of
from monitor.store.tables import ANOMALIES, INCIDENT_MEMBERS, INCIDENT_TRANSITIONS, INCIDENTS, SERIES

LARGEST_PAGE = 1_000
_LONGEST_CURSOR = 400
_MS_MAX = 2**63 - 1


class Queries:
    """Reads over a database with our schema. Thread-safe; each call sees one state of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def incidents(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[IncidentFilter]
    ) -> Page[Incident]:
        """Newest start first, without members. Raises BadRequest for an unknown state or a cursor that is
        none."""
        state, since_ms = asked.get("state"), asked.get("since_ms")
        wanted = select(INCIDENTS)
        if state is None:
            wanted = wanted.where(INCIDENTS.c.state != IncidentState.MERGED.value)
        else:
            wanted = wanted.where(INCIDENTS.c.state.in_(_states(state)))
        if since_ms is not None:
            wanted = wanted.where(_later(INCIDENTS.c.end_ms, since_ms))
        if (priority := asked.get("priority")) is not None:
            wanted = wanted.where(INCIDENTS.c.priority <= priority)
        if (kind := asked.get("kind")) is not None:
            wanted = wanted.where(INCIDENTS.c.kind == kind)
        if (team := asked.get("team")) is not None:
            wanted = wanted.where(INCIDENTS.c.team == team)
        if (q := asked.get("q")) is not None:
            named = SERIES.c.name.icontains(q, autoescape=True)
            wanted = wanted.where(or_(INCIDENTS.c.title.icontains(q, autoescape=True), _has_member(named)))
        if (tag := asked.get("tag")) is not None:
            pair = json.dumps(list(tag))  # as the column holds it: ["name", "value"]
            wanted = wanted.where(_has_member(cast(SERIES.c.tags, Text).contains(pair, autoescape=True)))
        if not all(storable(text) for text in (kind, team, q, *(tag or ()))):
            return Page([])
        rows, following = self._page(wanted, INCIDENTS.c.start_ms, INCIDENTS.c.id, after, limit)
        return Page([incident_of(row) for row in rows], following)

    def incident(self, incident_id: str) -> Incident | None:
        """With its member ids by (begin, id); a merged one is found too, and says into which."""
        if not storable(incident_id):
            return None
        ids = (
            select(BEGIN_MS.label("begin_ms"), ANOMALIES.c.id)
            .join(INCIDENT_MEMBERS, INCIDENT_MEMBERS.c.anomaly_id == ANOMALIES.c.id)
            .where(INCIDENT_MEMBERS.c.incident_id == incident_id)
        )
        with self._database.read() as connection:
            found = connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == incident_id)).mappings()
            row = found.first()
            # Sorted here: the database's collation may order ids in another way than Python does.
            members = sorted((r.begin_ms, r.id) for r in connection.execute(ids))
        return incident_of(row, [name for _, name in members]) if row is not None else None

    def members(self, incident_id: str) -> list[PlacedAnomaly]:
        """By (begin, id)."""
        if not storable(incident_id):
            return []
        wanted = select_anomalies().where(INCIDENT_MEMBERS.c.incident_id == incident_id)
        with self._database.read() as connection:
            found = [placed_of(row) for row in connection.execute(wanted).mappings()]
        return sorted(found, key=lambda p: (p.anomaly.begin_ms, p.anomaly.id))

    def transitions(self, incident_id: str) -> list[IncidentTransition]:
        """In the order they happened."""
        if not storable(incident_id):
            return []
        steps = INCIDENT_TRANSITIONS
        wanted = select(steps).where(steps.c.incident_id == incident_id).order_by(steps.c.sequence)
        with self._database.read() as connection:
            return [transition_of(row) for row in connection.execute(wanted).mappings()]

    def anomalies(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[AnomalyFilter]
    ) -> Page[PlacedAnomaly]:
        """Newest onset first. Raises BadRequest for an unknown state or a cursor that is none."""
        series, metric, state = asked.get("series"), asked.get("metric"), asked.get("state")
        since_ms, until_ms = asked.get("since_ms"), asked.get("until_ms")
        wanted = select_anomalies()
        if not (storable(series) and storable(metric)):
            return Page([])
        if series is not None:
            wanted = wanted.where(ANOMALIES.c.series_id == series)
        if metric is not None:
            wanted = wanted.where(SERIES.c.metric == metric)
        if since_ms is not None:
            wanted = wanted.where(_later(ANOMALIES.c.end_ms, since_ms))
        if until_ms is not None:
            wanted = wanted.where(ANOMALIES.c.onset_ms < _bounded(until_ms))
        if state is not None:
            is_open = ANOMALIES.c.end_ms.is_(None)
            wanted = wanted.where({"open": is_open, "closed": ~is_open}[_open_or_closed(state)])
        if (team := asked.get("team")) is not None:
            wanted = wanted.where(ANOMALIES.c.team == team)
        rows, following = self._page(wanted, ANOMALIES.c.onset_ms, ANOMALIES.c.id, after, limit)
        return Page([placed_of(row) for row in rows], following)

    def incidents_open(self, team: str | None = None) -> int:
        """Of one team, or of all together."""
        open_ones = INCIDENTS.c.state.in_(LIVING)
        wanted = select(func.count()).select_from(INCIDENTS).where(open_ones)
        if team is not None:
            wanted = wanted.where(INCIDENTS.c.team == team)
        with self._database.read() as connection:
            return int(connection.execute(wanted).scalar_one())

    def _page(
        self, wanted: Select[Any], time: ColumnElement[int], key: ColumnElement[str], after: str, limit: int
    ) -> tuple[Sequence[Any], str | None]:
        size = min(max(limit, 1), LARGEST_PAGE)
        if after:
            wanted = wanted.where(tuple_(time, key) < tuple_(*_key_of(after)))
        with self._database.read() as connection:
            found = connection.execute(wanted.order_by(time.desc(), key.desc()).limit(size + 1))
            rows = found.mappings().all()
        if len(rows) <= size:
            return rows, None
        last = rows[size - 1]
        return rows[:size], _cursor(last[time], last[key])


def _later(end: ColumnElement[int | None], since_ms: int) -> ColumnElement[bool]:
    return or_(end.is_(None), end > _bounded(since_ms))


def _has_member(series: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an incident has a member of such a series; some microseconds a member."""
    members = (
        select(INCIDENT_MEMBERS.c.incident_id)
        .join(ANOMALIES, ANOMALIES.c.id == INCIDENT_MEMBERS.c.anomaly_id)
        .join(SERIES, SERIES.c.id == ANOMALIES.c.series_id)
        .where(INCIDENT_MEMBERS.c.incident_id == INCIDENTS.c.id, series)
    )
    return members.exists()


def _states(word: str) -> tuple[IncidentState, ...]:
    """Open means all that are not over."""
    try:
        state = IncidentState(word)
    except ValueError:
        raise BadRequest(f"state must be one of {', '.join(w.value for w in IncidentState)}") from None
    return LIVING if state is IncidentState.OPEN else (state,)


def _open_or_closed(word: str) -> str:
    if word not in ("open", "closed"):
        raise BadRequest("state must be open or closed")
    return word


def _bounded(at_ms: int) -> int:
    return min(max(at_ms, -_MS_MAX), _MS_MAX)


def storable(text: str | None) -> bool:
    """PostgreSQL has no NUL in text, and neither has anything we store, nor lone surrogates."""
    return text is None or ("\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text))


def _cursor(at_ms: int, key: str) -> str:
    """
    >>> _key_of(_cursor(12, "inc-1"))
    (12, 'inc-1')
    """
    return base64.urlsafe_b64encode(json.dumps([at_ms, key]).encode()).decode().rstrip("=")


def _key_of(cursor: str) -> tuple[int, str]:
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError("too long")
        at_ms, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        if type(at_ms) is not int or type(key) is not str or abs(at_ms) > _MS_MAX or not storable(key):
            raise ValueError("not a key")
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadRequest("cursor is not one that was handed out") from None
    return at_ms, key
