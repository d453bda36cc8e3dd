"""Mutes and calendars in SQL, and all of them in memory. Projections: the log says them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import select, update

from monitor.domain.calendar import Calendar
from monitor.domain.mute import Mute
from monitor.store.database import Database
from monitor.store.tables import CALENDARS, MUTES
from monitor.store.upsert import insert_new

T = TypeVar("T")


class MuteStore:
    """Told the bodies of records, in any number of repeats; thread-safe. There are some thousands at most, so
    all are read once and then known. No lock is held while another one is waited for: whoever asks may be
    writing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mutes = _Known(self._read_mutes)
        self._calendars = _Known(self._read_calendars)

    def mutes(self) -> list[Mute]:
        """All there ever were, by their beginning."""
        return self._mutes.get()

    def calendars(self) -> list[Calendar]:
        """Those that were not removed, by name."""
        return self._calendars.get()

    def tell_mute(self, body: Mapping[str, Any]) -> None:
        """A new mute, or the end of one; what is ended stays so, whatever is repeated."""
        with self._database.write() as connection:
            if "mute" in body:
                mute = body["mute"]
                row = {"id": mute["id"], "end_ms": mute["end_ms"], "ended_ms": None, "body": dict(mute)}
                insert_new(connection, MUTES, [row])
            else:
                mine = (MUTES.c.id == body["ended"]) & MUTES.c.ended_ms.is_(None)
                connection.execute(update(MUTES).where(mine).values(ended_ms=body["at_ms"]))
        self._mutes.forget()

    def tell_calendar(self, body: Mapping[str, Any]) -> None:
        """A new calendar, or that one is removed."""
        with self._database.write() as connection:
            if "calendar" in body:
                calendar = body["calendar"]
                row = {"id": calendar["id"], "removed_ms": None, "body": dict(calendar)}
                insert_new(connection, CALENDARS, [row])
            else:
                mine = CALENDARS.c.id == body["removed"]
                connection.execute(update(CALENDARS).where(mine).values(removed_ms=body["at_ms"]))
        self._calendars.forget()

    def _read_mutes(self) -> list[Mute]:
        with self._database.read() as connection:
            rows = connection.execute(select(MUTES.c.body, MUTES.c.ended_ms)).all()
        read = [replace(Mute.from_body(row.body), ended_ms=row.ended_ms) for row in rows]
        return sorted(read, key=lambda mute: (mute.start_ms, mute.id))

    def _read_calendars(self) -> list[Calendar]:
        asked = select(CALENDARS.c.body).where(CALENDARS.c.removed_ms.is_(None))
        with self._database.read() as connection:
            read = [Calendar.from_body(body) for body in connection.execute(asked).scalars()]
        return sorted(read, key=lambda calendar: (calendar.name, calendar.id))


class _Known(Generic[T]):
    """What was read, until it is forgotten; what is read meanwhile is not kept."""

    def __init__(self, read: Callable[[], list[T]]) -> None:
        self._read = read
        self._lock = Lock()
        self._version = 0
        self._known: list[T] | None = None

    def get(self) -> list[T]:
        with self._lock:
            known, version = self._known, self._version
        if known is not None:
            return known
        found = self._read()
        with self._lock:
            if self._version == version:
                self._known = found
        return found

    def forget(self) -> None:
        with self._lock:
            self._version += 1
            self._known = None
