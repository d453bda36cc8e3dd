"""The audit log in SQL: a chain of hashes, so that a changed or missing row shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from monitor.domain.audit import FIRST, AuditEntry, Deed
from monitor.domain.paging import Page, page_of
from monitor.store.database import Database
from monitor.store.tables import AUDIT

PRUNED = "audit pruned"
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. ``head``: hash of the newest entry; written down elsewhere, it also shows whether
    entries at the end were taken away, which the chain alone cannot."""

    entries: int
    head: str
    faults: tuple[str, ...] = ()


def append(connection: Connection, deed: Deed, at_ms: int) -> AuditEntry:
    """Write the next entry, in the transaction of the change it tells of."""
    newest = select(AUDIT.c.sequence, AUDIT.c.hash).order_by(AUDIT.c.sequence.desc()).limit(1)
    last = connection.execute(newest).first()
    sequence, previous = (last.sequence + 1, last.hash) if last is not None else (1, FIRST)
    entry = AuditEntry.of(deed, sequence, at_ms, previous)
    connection.execute(AUDIT.insert(), asdict(entry))
    return entry


def prune(connection: Connection, before_ms: int, at_ms: int) -> int:
    """Drop entries from before a time, and say so in an entry that binds what is left; -> how many."""
    old = select(AUDIT.c.sequence, AUDIT.c.hash).where(AUDIT.c.at_ms < before_ms)
    last = connection.execute(old.order_by(AUDIT.c.sequence.desc()).limit(1)).first()
    if last is None:
        return 0
    append(connection, Deed("server", PRUNED, "audit", after=_floor(last.sequence, last.hash)), at_ms)
    return connection.execute(delete(AUDIT).where(AUDIT.c.sequence <= last.sequence)).rowcount


def verify(database: Database) -> Verdict:
    """Read every entry, in one state of the database, and follow the chain."""
    faults: list[str] = []
    count, expected, previous = 0, 0, ""
    floors: set[str] = set()
    first: AuditEntry | None = None
    for entry in _entries(database):
        if first is None:
            first, expected, previous = entry, entry.sequence, entry.previous
        if entry.sequence != expected:
            faults.append(f"entries {expected} to {entry.sequence - 1} are missing")
        elif entry.previous != previous:
            faults.append(f"entry {entry.sequence} does not follow from the one before it")
        if not entry.intact:
            faults.append(f"entry {entry.sequence} was changed")
        if entry.action == PRUNED and entry.after is not None:
            floors.add(entry.after)
        count, expected, previous = count + 1, entry.sequence + 1, entry.hash
    if first is not None and not _begins_rightly(first, floors):
        faults.append(f"entries before {first.sequence} are missing, and no pruning tells of it")
    return Verdict(count, previous or FIRST, tuple(faults))


def entries(database: Database, after: int | None, limit: int) -> Page[AuditEntry]:
    """Newest first, from before the sequence ``after``."""
    wanted = select(AUDIT).order_by(AUDIT.c.sequence.desc()).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(AUDIT.c.sequence < after)
    with database.read() as connection:
        rows = [AuditEntry(**row) for row in connection.execute(wanted).mappings()]
    return page_of(rows, limit, lambda entry: str(entry.sequence))


def _begins_rightly(first: AuditEntry, floors: set[str]) -> bool:
    if first.sequence == 1:
        return first.previous == FIRST
    return json.dumps(_floor(first.sequence - 1, first.previous), sort_keys=True) in floors


def _floor(sequence: int, hash: str) -> dict[str, object]:
    return {"through": sequence, "hash": hash}


def _entries(database: Database) -> Iterator[AuditEntry]:
    with database.read() as connection:
        for row in connection.execute(select(AUDIT).order_by(AUDIT.c.sequence)).yield_per(_CHUNK).mappings():
            yield AuditEntry(**row)
