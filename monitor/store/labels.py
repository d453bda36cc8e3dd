"""Labels in SQL: rows of what the log tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, tuple_, update

from monitor.domain.acts import Undo
from monitor.domain.anomaly import Anomaly
from monitor.domain.errors import BadRequest
from monitor.domain.filters import LabelFilter
from monitor.domain.labels import Judged, Label, TargetKind, judged
from monitor.domain.paging import Page
from monitor.store.database import Database
from monitor.store.rows import series_id
from monitor.store.tables import INCIDENT_MEMBERS, LABELS
from monitor.store.upsert import insert_new

LARGEST_PAGE = 1_000
_PARAMETERS = 400


def keep(connection: Connection, label: Label) -> None:
    """One that is known already is left as it is."""
    target = label.target
    row = {
        "id": label.id,
        "position": label.position,
        "label": label.said.value,
        "kind": target.kind.value,
        "target": target.id,
        "anomaly_id": target.anomaly_id,
        "series_id": target.series_id,
        "from_ms": target.from_ms,
        "to_ms": target.to_ms,
        "team": target.team,
        "user": label.user,
        "note": label.note,
        "at_ms": label.at_ms,
    }
    insert_new(connection, LABELS, [row])


def take_back(connection: Connection, undo: Undo) -> None:
    holding = update(LABELS).where(LABELS.c.id == undo.undoes, LABELS.c.undone_by.is_(None))
    connection.execute(holding.values(undone_by=undo.user, undone_ms=undo.at_ms))


def one(database: Database, label_id: str) -> Label | None:
    found = _read(database, [select(LABELS).where(LABELS.c.id == label_id)])
    return found[0] if found else None


def page(database: Database, after: str, limit: int, asked: LabelFilter) -> Page[Judged]:
    """The newest first. Raises BadRequest for a cursor that is none."""
    size = min(max(limit, 1), LARGEST_PAGE)
    wanted = select(LABELS).order_by(LABELS.c.position.desc(), LABELS.c.id.desc()).limit(size + 1)
    equal = {
        LABELS.c.label: asked.get("label"),
        LABELS.c.user: asked.get("user"),
        LABELS.c.series_id: asked.get("series"),
        LABELS.c.target: asked.get("target"),
        LABELS.c.team: asked.get("team"),
    }
    for column, value in equal.items():
        if value is not None:
            wanted = wanted.where(column == value)
    if (since_ms := asked.get("since_ms")) is not None:
        wanted = wanted.where(LABELS.c.at_ms >= since_ms)
    if after:
        position, separator, id = after.partition("-")
        if not (separator and position.isascii() and position.isdigit() and len(after) <= 64):
            raise BadRequest("cursor is not one that was handed out")
        wanted = wanted.where(tuple_(LABELS.c.position, LABELS.c.id) < tuple_(int(position), id))
    found = _read(database, [wanted])
    kept = found[:size]
    following = f"{kept[-1].position}-{kept[-1].id}" if len(found) > size else None
    standing = {j.label.id: j for j in judged(_beside(database, kept))}
    return Page([standing[label.id] for label in kept], following)


def of_incidents(database: Database, incidents: Sequence[str]) -> dict[str, list[Judged]]:
    """By incident id, what was said of it, or of one that is part of it now; the newest first."""
    same = INCIDENT_MEMBERS.c.anomaly_id == LABELS.c.anomaly_id
    about = select(INCIDENT_MEMBERS).join(LABELS, same).where(LABELS.c.kind == TargetKind.INCIDENT.value)
    wanted = [about.where(INCIDENT_MEMBERS.c.incident_id.in_(some)) for some in _parts(incidents)]
    with database.read() as connection:
        home = {row.anomaly_id: row.incident_id for each in wanted for row in connection.execute(each)}
    of_it = select(LABELS).where(LABELS.c.kind == TargetKind.INCIDENT.value)
    labels = [of_it.where(LABELS.c.anomaly_id.in_(some)) for some in _parts(list(home))]
    found: dict[str, list[Judged]] = {}
    for told in judged(_read(database, labels)):
        found.setdefault(home[told.label.target.anomaly_id], []).append(told)
    return found


def of_anomalies(database: Database, anomalies: Sequence[Anomaly]) -> dict[str, list[Judged]]:
    """By anomaly id, what was said of it and of spans that touch it; the newest first."""
    ids = sorted({anomaly.id for anomaly in anomalies})
    series = sorted({series_id(anomaly.series) for anomaly in anomalies})
    itself, span = (select(LABELS).where(LABELS.c.kind == kind) for kind in ("anomaly", "span"))
    wanted = [itself.where(LABELS.c.anomaly_id.in_(some)) for some in _parts(ids)]
    wanted += [span.where(LABELS.c.series_id.in_(some)) for some in _parts(series)]
    found = judged(_beside(database, _read(database, wanted)))
    return {anomaly.id: told for anomaly in anomalies if (told := [j for j in found if _about(j, anomaly)])}


def _about(told: Judged, anomaly: Anomaly) -> bool:
    target = told.label.target
    if target.kind is not TargetKind.SPAN:
        return target.anomaly_id == anomaly.id
    end_ms = anomaly.end_ms if anomaly.end_ms is not None else 2**62
    same = target.series_id == series_id(anomaly.series)
    return same and target.from_ms < end_ms and (target.to_ms or 2**62) > anomaly.onset_ms


def _beside(database: Database, labels: Sequence[Label]) -> list[Label]:
    """These, and all others of the same things."""
    targets = sorted({label.target.id for label in labels})
    anomalies = sorted({label.target.anomaly_id for label in labels} - {""})
    wanted = [select(LABELS).where(LABELS.c.target.in_(some)) for some in _parts(targets)]
    wanted += [select(LABELS).where(LABELS.c.anomaly_id.in_(some)) for some in _parts(anomalies)]
    return list({label.id: label for label in _read(database, wanted)}.values())


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _PARAMETERS] for start in range(0, len(values), _PARAMETERS))


def _read(database: Database, wanted: Iterable[Select[Any]]) -> list[Label]:
    with database.read() as connection:
        return [_label(row) for each in wanted for row in connection.execute(each).mappings()]


def _label(row: RowMapping) -> Label:
    body = dict(row) | {"anomaly": row["anomaly_id"], "series": row["series_id"]}
    label = Label.from_body(body, row["position"])
    return label if row["undone_by"] is None else label.undo(row["undone_by"], row["undone_ms"])


def holding_of(connection: Connection, anomalies: Select[tuple[str]]) -> list[Label]:
    """Labels that hold, of these anomalies and of the incidents they founded."""
    wanted = select(LABELS).where(LABELS.c.anomaly_id.in_(anomalies), LABELS.c.undone_by.is_(None))
    return [_label(row) for row in connection.execute(wanted).mappings()]
