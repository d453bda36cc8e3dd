"""What people did to incidents, in SQL: rows of the acts that the log tells of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select, update

from monitor.domain.acts import Act, Undo, Verb
from monitor.store.database import Database
from monitor.store.tables import ACTS
from monitor.store.upsert import insert_new

_PARAMETERS = 400


def write(connection: Connection, acts: Sequence[Act], undone: Sequence[Undo]) -> None:
    """Acts that are known already, and undone ones, are left as they are."""
    insert_new(connection, ACTS, [_row(act) for act in acts])
    for one in undone:
        standing = update(ACTS).where(ACTS.c.id == one.undoes, ACTS.c.undone_by.is_(None))
        connection.execute(standing.values(undone_by=one.user, undone_ms=one.at_ms))


def holding(database: Database) -> list[Act]:
    """All but comments and those undone, by position."""
    wanted = select(ACTS).where(ACTS.c.undone_by.is_(None), ACTS.c.verb != Verb.COMMENT.value)
    with database.read() as connection:
        found = connection.execute(wanted.order_by(ACTS.c.position, ACTS.c.id)).mappings()
        return [_act(row) for row in found]


def one(database: Database, act_id: str) -> Act | None:
    with database.read() as connection:
        row = connection.execute(select(ACTS).where(ACTS.c.id == act_id)).mappings().first()
    return _act(row) if row is not None else None


def of_incident(database: Database, incident_id: str, members: Iterable[str]) -> list[Act]:
    """What was done to an incident, or to one that is part of it now, the first act first."""
    names = list(members)
    found: dict[str, Act] = {}
    with database.read() as connection:
        for start in range(0, max(len(names), 1), _PARAMETERS):
            some = names[start : start + _PARAMETERS]
            wanted = select(ACTS).where(or_(ACTS.c.incident_id == incident_id, ACTS.c.anomaly_id.in_(some)))
            found |= {row["id"]: _act(row) for row in connection.execute(wanted).mappings()}
    return sorted(found.values(), key=lambda act: (act.position, act.id))


def _row(act: Act) -> dict[str, Any]:
    body = act.to_body()
    return {
        "id": act.id,
        "position": act.position,
        "verb": body["verb"],
        "incident_id": act.incident_id,
        "anomaly_id": act.anchor.anomaly_id,
        "anchors": body["anchors"],
        "ties": body["ties"],
        "team": act.team,
        "user": act.user,
        "comment": act.comment,
        "at_ms": act.at_ms,
        "undone_by": act.undone_by,
        "undone_ms": act.undone_ms,
    }


def _act(row: RowMapping) -> Act:
    body = dict(row) | {"incident": row["incident_id"]}
    act = Act.from_body(body, row["position"])
    if row["undone_by"] is None:
        return act
    return act.undo(row["undone_by"], row["undone_ms"])
