"""The outbox in SQL: notices that wait, and what became of those that were sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from monitor.domain.alert import Dispatch, Kept, NoticeState
from monitor.domain.durations import DAY_MS
from monitor.domain.notice import NoticeKind
from monitor.store.alert_rows import kept_of, notice_row
from monitor.store.alert_tables import NOTICES
from monitor.store.database import Database

ROWS_MAX = 100_000
_N = NOTICES.c
_WAITS = _N.state == NoticeState.WAITING.value
_OTHER = NOTICES.alias("other")
_HEAD: ColumnElement[bool] = ~exists().where(
    _OTHER.c.receiver == _N.receiver,
    _OTHER.c.key == _N.key,
    _OTHER.c.id < _N.id,
    _OTHER.c.state == NoticeState.WAITING.value,
)
"""The first that waits of its receiver and key: the only one of them that may be sent."""


def put(connection: Connection, dispatches: Iterable[Dispatch], now_ms: int, rows_max: int = ROWS_MAX) -> int:
    """Write notices, in the caller's transaction; an update is told together with what waits before it and
    has not been tried. -> how many updates were left out because of the limit. Openings and closes never
    are.
    """
    left_out, waiting = 0, None
    for dispatch in dispatches:
        if dispatch.kind is NoticeKind.UPDATED:
            if _fold(connection, dispatch, now_ms):
                continue
            if waiting is None:
                waiting = _count(connection)
            if waiting >= rows_max:
                left_out += 1
                continue
        connection.execute(NOTICES.insert(), notice_row(dispatch))
        waiting = None if waiting is None else waiting + 1
    return left_out


def _fold(connection: Connection, dispatch: Dispatch, now_ms: int) -> bool:
    """Into the last one that waits, if that cannot be under way: it is not due yet, or not the first."""
    mine = (_WAITS, _N.receiver == dispatch.receiver, _N.key == dispatch.key)
    found = connection.execute(select(NOTICES).where(*mine).order_by(_N.id.desc()).limit(2)).mappings().all()
    if not found:
        return False
    last, fresh = found[0], notice_row(dispatch)
    untouched = last["attempts"] == 0 and (last["due_ms"] > now_ms or len(found) > 1)
    if not untouched or last["kind"] not in (NoticeKind.OPENED.value, NoticeKind.UPDATED.value):
        return False
    news = list(dict.fromkeys([*last["changed"], *fresh["changed"]]))
    changed = last["changed"] if last["kind"] == NoticeKind.OPENED.value else news
    values = {
        "incidents": fresh["incidents"],
        "changed": changed,
        "at_ms": dispatch.at_ms,
        "event_ms": dispatch.event_ms,
    }
    connection.execute(
        update(NOTICES).where(_N.id == last["id"]).values(**values, version=last["version"] + 1)
    )
    return True


def _count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(NOTICES).where(_WAITS)).scalar_one())


class Outbox:
    """What couriers read and write. Thread-safe; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, receiver: str, now_ms: int, limit: int, busy: Collection[str] = ()) -> list[Kept]:
        """Up to ``limit`` notices that may be sent now, the longest due first: of each key not ``busy``, the
        first that waits."""
        wanted = select(NOTICES).where(_WAITS, _N.receiver == receiver, _N.due_ms <= now_ms, _HEAD)
        wanted = wanted.order_by(_N.due_ms, _N.id).limit(limit + len(busy))
        with self._database.read() as connection:
            found = [kept_of(row) for row in connection.execute(wanted).mappings()]
        return [one for one in found if one.dispatch.key not in busy][:limit]

    def stale(self, receiver: str, before_ms: int, limit: int, busy: Collection[str] = ()) -> list[Kept]:
        """What was delivered before a time, up to a day before, and is the newest of a key that has not been
        closed: for receivers that forget."""
        later = exists().where(_OTHER.c.receiver == _N.receiver, _OTHER.c.key == _N.key, _OTHER.c.id > _N.id)
        over = (NoticeKind.CLOSED.value, NoticeKind.DIGEST.value)
        wanted = select(NOTICES).where(
            _N.state == NoticeState.DELIVERED.value,
            _N.receiver == receiver,
            _N.kind.not_in(over),
            _N.done_ms < before_ms,
            _N.done_ms >= before_ms - DAY_MS,
            ~later,
        )
        wanted = wanted.order_by(_N.done_ms).limit(limit + len(busy))
        with self._database.read() as connection:
            found = [kept_of(row) for row in connection.execute(wanted).mappings()]
        return [one for one in found if one.dispatch.key not in busy][:limit]

    def next_due_ms(self, receiver: str, busy: Collection[str] = ()) -> int | None:
        wanted = select(func.min(_N.due_ms)).where(_WAITS, _N.receiver == receiver, _HEAD)
        if busy:
            wanted = wanted.where(_N.key.not_in(sorted(busy)))
        with self._database.read() as connection:
            found = connection.execute(wanted).scalar_one()
        return None if found is None else int(found)

    def retry(self, kept: Kept, answer: str, due_ms: int) -> None:
        with self._database.write() as connection:
            values = {"attempts": kept.attempts + 1, "answer": answer, "due_ms": due_ms}
            connection.execute(update(NOTICES).where(_N.id == kept.id, _WAITS).values(**values))

    def tell(self, dispatches: Sequence[Dispatch], now_ms: int) -> None:
        """Notices that follow from no transition: tests of a receiver, and news of another one."""
        with self._database.write() as connection:
            put(connection, dispatches, now_ms)

    def waiting(self, receiver: str | None = None) -> int:
        wanted = select(func.count()).select_from(NOTICES).where(_WAITS)
        if receiver is not None:
            wanted = wanted.where(_N.receiver == receiver)
        with self._database.read() as connection:
            return int(connection.execute(wanted).scalar_one())

    def of_incident(self, incident_id: str, limit: int = 1_000) -> list[Kept]:
        """In the order in which they were written, the newest ``limit``."""
        wanted = select(NOTICES).where(_N.incident_id == incident_id).order_by(_N.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [kept_of(row) for row in connection.execute(wanted).mappings()][::-1]

    def prune(self, before_ms: int) -> int:
        """Drop what was done with before a time; -> how many."""
        with self._database.write() as connection:
            return connection.execute(delete(NOTICES).where(_N.done_ms < before_ms)).rowcount


def delivered(connection: Connection, kept: Kept, now_ms: int) -> None:
    """The receiver has taken it, as it was read."""
    same = update(NOTICES).where(_N.id == kept.id, _N.version == kept.version)
    done = {"state": NoticeState.DELIVERED.value, "answer": "taken", "done_ms": now_ms}
    count = connection.execute(same.values(**done, attempts=kept.attempts + 1)).rowcount
    if count == 0 and kept.dispatch.kind is NoticeKind.OPENED:
        # More was told meanwhile, the clock having been set back: that goes out too.
        more = update(NOTICES).where(_N.id == kept.id, _WAITS)
        connection.execute(more.values(kind=NoticeKind.UPDATED.value))


def give_up(connection: Connection, kept: Kept, answer: str, now_ms: int) -> None:
    """It will not be taken. After an opening, the update that waits next opens in its place."""
    values = {"state": NoticeState.UNDELIVERABLE.value, "answer": answer, "done_ms": now_ms}
    this = update(NOTICES).where(_N.id == kept.id, _WAITS)
    connection.execute(this.values(**values, attempts=kept.attempts + 1))
    if kept.dispatch.kind is NoticeKind.OPENED:
        mine = (_WAITS, _N.receiver == kept.dispatch.receiver, _N.key == kept.dispatch.key)
        following = connection.execute(select(NOTICES).where(*mine).order_by(_N.id).limit(1))
        row = following.mappings().first()
        if row is not None and row["kind"] == NoticeKind.UPDATED.value:
            opened = {"kind": NoticeKind.OPENED.value, "since_ms": now_ms}
            connection.execute(update(NOTICES).where(_N.id == row["id"]).values(**opened))


def drop(connection: Connection, receiver: str, now_ms: int) -> None:
    """Give up all that waits for a receiver that is no more."""
    answer = "the receiver was removed"
    values = {"state": NoticeState.UNDELIVERABLE.value, "answer": answer, "done_ms": now_ms}
    connection.execute(update(NOTICES).where(_WAITS, _N.receiver == receiver).values(**values))
