"""The server itself: where every shard stands, health, its own metrics, and the event stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api import schemas
from api.access.gate import Admitted
from api.probe import Probe
from api.problems import unavailable
from api.routes.common import PREFIX, PROBLEMS, TheMonitor, TheView
from monitor.domain.incident import IncidentChange
from monitor.view import View

HEARTBEAT_S = 15.0
CHECK_S = 5.0
"""How often it is asked whether a reader may still read."""

router = APIRouter(prefix=PREFIX, tags=["server"], responses=PROBLEMS)
health = APIRouter(tags=["server"])


@router.get("/status")
def status(view: TheView) -> schemas.Status:
    """Per shard: log position appended, applied, checkpointed, lag in samples; and every limit. For those
    bound to a team, what it has itself: shards and limits are left out."""
    return schemas.Status.model_validate(view.status())


@router.get(
    "/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def events(request: Request, monitor: TheMonitor, view: TheView) -> StreamingResponse:
    """Server-sent events: ``incident`` on each change, ``heartbeat`` every 15 seconds. Ends within five
    seconds once whoever asked may no longer."""
    most = monitor.settings.http.watchers
    if monitor.recounting.watchers >= most:
        monitor.telemetry.limits.hit("http.watchers")
        raise unavailable(f"event streams are limited to {most}", 10, "overloaded")
    admitted: Admitted = request.state.admitted
    return StreamingResponse(_stream(view, admitted.valid), media_type="text/event-stream")


@health.get("/live")
async def live() -> schemas.Health:
    """The process answers."""
    return schemas.Health(status="ok")


@health.get("/ready", responses={503: PROBLEMS[503]})
async def ready(request: Request) -> schemas.Health:
    """Samples can be taken and become incidents: recovered, log writable, no shard at a standstill."""
    probe: Probe[str] = request.app.state.readiness
    if reason := await probe.ask():
        raise unavailable(reason, 1, "not-ready")
    return schemas.Health(status="ok")


@health.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def own_metrics(monitor: TheMonitor) -> Response:
    """The server's own metrics in the Prometheus text format."""
    return Response(monitor.telemetry.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _stream(view: View, valid: Callable[[], bool]) -> AsyncIterator[bytes]:
    changes = view.changes()
    pending: asyncio.Task[IncidentChange] | None = None
    pause_s, silent_s = min(CHECK_S, HEARTBEAT_S), 0.0
    try:
        yield _event("heartbeat", {})
        while valid():
            if pending is None:
                pending = asyncio.ensure_future(anext(changes))
            done, _ = await asyncio.wait({pending}, timeout=pause_s)
            if not done:
                silent_s += pause_s
                if silent_s >= HEARTBEAT_S:
                    silent_s = 0.0
                    yield _event("heartbeat", {})
                continue
            try:
                change = pending.result()
            except StopAsyncIteration:
                return
            finally:
                pending = None
            if valid():
                silent_s = 0.0
                yield _event("incident", _told(change))
    finally:
        if pending is not None:
            pending.cancel()


def _told(change: IncidentChange) -> dict[str, object]:
    incident = change.incident
    return {
        "id": incident.id,
        "change": change.transition.kind.value,
        "state": incident.state.value,
        "priority": incident.priority.value,
        "acknowledged_by": incident.acknowledged_by,
        "title": incident.title,
        "start_ms": incident.start_ms,
    }


def _event(name: str, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
