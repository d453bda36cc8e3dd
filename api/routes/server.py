"""The server itself: where every shard stands, health, its own metrics, and the event stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api import schemas
from api.probe import Probe
from api.problems import unavailable
from api.routes.common import PROBLEMS, TheMonitor
from monitor.domain.incident import IncidentChange
from monitor.service import Monitor

HEARTBEAT_S = 15.0

router = APIRouter(tags=["server"], responses=PROBLEMS)
health = APIRouter(tags=["server"])


@router.get("/status")
def status(monitor: TheMonitor) -> schemas.Status:
    """Per shard: log position appended, applied, checkpointed, lag in samples; and every limit."""
    return schemas.Status.model_validate(monitor.status())


@router.get(
    "/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def events(monitor: TheMonitor) -> StreamingResponse:
    """Server-sent events: ``incident`` on each change, ``heartbeat`` every 15 seconds."""
    most = monitor.settings.http.watchers
    if monitor.watchers >= most:
        monitor.telemetry.limits.hit("http.watchers")
        raise unavailable(f"event streams are limited to {most}", 10, "overloaded")
    return StreamingResponse(_stream(monitor), media_type="text/event-stream")


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


async def _stream(monitor: Monitor) -> AsyncIterator[bytes]:
    changes = monitor.changes()
    pending: asyncio.Task[IncidentChange] | None = None
    try:
        yield _event("heartbeat", {})
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(changes))
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield _event("heartbeat", {})
                continue
            try:
                change = pending.result()
            except StopAsyncIteration:
                return
            finally:
                pending = None
            yield _event("incident", _told(change))
    finally:
        if pending is not None:
            pending.cancel()


def _told(change: IncidentChange) -> dict[str, object]:
    incident = change.incident
    return {
        "id": incident.id,
        "state": incident.state.value,
        "title": incident.title,
        "start_ms": incident.start_ms,
    }


def _event(name: str, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
