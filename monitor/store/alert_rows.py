"""What alerting keeps, as rows and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from monitor.domain.alert import Dispatch, Holding, Kept, NoticeState, Standing, Step, Told, Withheld
from monitor.domain.incident import IncidentTransition, TransitionKind
from monitor.domain.notice import NoticeKind
from monitor.domain.series import Identity
from monitor.store.rows import incident_of, incident_row, transition_row

Row = dict[str, Any]


def step_row(step: Step) -> Row:
    return {
        "incident_id": step.incident.id,
        "sequence": step.transition.sequence,
        "told_ms": step.told_ms,
        "newest_ms": step.newest_ms,
        "cadence_ms": step.cadence_ms,
        "transition": transition_row(step.transition),
        "incident": incident_row(step.incident),
        "series": _written(step.series),
        "kinds": list(step.kinds),
    }


def step_of(row: RowMapping) -> Step:
    said = dict(row["transition"])
    said["kind"] = TransitionKind(said["kind"])
    return Step(
        IncidentTransition(**said),
        incident_of(row["incident"]),
        _read(row["series"]),
        tuple(row["kinds"]),
        row["told_ms"],
        row["newest_ms"],
        row["cadence_ms"],
    )


def standing_row(standing: Standing) -> Row:
    body = {
        "incident": incident_row(standing.incident),
        "series": _written(standing.series),
        "kinds": list(standing.kinds),
        "episode": standing.episode,
        "open": standing.open,
        "recent": standing.recent,
        "told": {name: asdict(one) for name, one in standing.told.items()},
        "withheld": {name: asdict(one) for name, one in standing.withheld.items()},
        "collected": list(standing.collected),
    }
    return {"incident_id": standing.incident.id, "active": int(standing.active), "body": body}


def standing_of(row: RowMapping) -> Standing:
    body = row["body"]
    return Standing(
        incident=incident_of(body["incident"]),
        series=_read(body["series"]),
        kinds=tuple(body["kinds"]),
        episode=body["episode"],
        open=body["open"],
        recent=body["recent"],
        told={name: Told(**(one | {"kinds": tuple(one["kinds"])})) for name, one in body["told"].items()},
        withheld={name: Withheld(**one) for name, one in body["withheld"].items()},
        collected=tuple(body["collected"]),
    )


def holding_row(holding: Holding) -> Row:
    return asdict(holding)


def holding_of(row: RowMapping) -> Holding:
    return Holding(row["incident_id"], row["route"], row["at_ms"], row["why"], row["by"])


def notice_row(dispatch: Dispatch) -> Row:
    """As it is when it has just been written."""
    digest = dispatch.kind is NoticeKind.DIGEST
    return {
        "state": NoticeState.WAITING.value,
        "receiver": dispatch.receiver,
        "route": dispatch.route,
        "key": dispatch.key,
        "incident_id": "" if digest else dispatch.incidents[0].id,
        "kind": dispatch.kind.value,
        "at_ms": dispatch.at_ms,
        "event_ms": dispatch.event_ms,
        "due_ms": dispatch.due_ms,
        "since_ms": dispatch.due_ms,
        "attempts": 0,
        "version": 0,
        "changed": list(dispatch.changed),
        "title": dispatch.title,
        "incidents": [incident_row(one) for one in dispatch.incidents],
        "answer": "",
        "done_ms": None,
    }


def kept_of(row: RowMapping) -> Kept:
    dispatch = Dispatch(
        receiver=row["receiver"],
        route=row["route"],
        key=row["key"],
        kind=NoticeKind(row["kind"]),
        at_ms=row["at_ms"],
        event_ms=row["event_ms"],
        due_ms=row["due_ms"],
        incidents=tuple(incident_of(one) for one in row["incidents"]),
        changed=tuple(row["changed"]),
        title=row["title"],
    )
    return Kept(
        id=row["id"],
        state=NoticeState(row["state"]),
        dispatch=dispatch,
        attempts=row["attempts"],
        version=row["version"],
        since_ms=row["since_ms"],
        answer=row["answer"],
        done_ms=row["done_ms"],
    )


def _written(series: Iterable[Identity]) -> list[Any]:
    return [[one.metric, [list(tag) for tag in one.tags]] for one in series]


def _read(stored: Iterable[Any]) -> tuple[Identity, ...]:
    return tuple(Identity(metric, tuple((key, value) for key, value in tags)) for metric, tags in stored)
