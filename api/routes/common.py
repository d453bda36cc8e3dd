"""What the routes share: the Monitor of this application, and parameters that mean the same everywhere."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Path, Query, Request

from api import schemas
from api.access.access import Access
from api.access.actor import Actor
from api.access.gate import Admitted
from monitor.domain.access import Principal
from monitor.service import Monitor
from monitor.view import View

PREFIX = "/api/v1"
TIME_MS_MAX = 41_024_448_000_000

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.Problem, "description": text}
    for status, text in {
        400: "the request cannot be read",
        401: "nobody known asks",
        403: "whoever asks may not",
        404: "there is no such thing",
        422: "a parameter cannot be what it is",
        503: "the server is recovering or overloaded",
    }.items()
}


def monitor_of(request: Request) -> Monitor:
    return cast(Monitor, request.app.state.monitor)


def access_of(request: Request) -> Access:
    return cast(Access, request.app.state.access)


def principal_of(request: Request) -> Principal:
    admitted: Admitted = request.state.admitted
    assert admitted.principal is not None  # an open route asks for nobody
    return admitted.principal


def view_of(request: Request) -> View:
    """What whoever asks may see and change: the way to the Monitor for every route that reaches OWN."""
    return View(monitor_of(request), principal_of(request).team)


def actor_of(request: Request) -> Actor:
    """Whoever asks, as the audit log tells of them."""
    address = request.client.host if request.client is not None else ""
    principal = request.state.admitted.principal
    return Actor(principal.name if principal else "anyone", address, request.state.request_id)


TheMonitor = Annotated[Monitor, Depends(monitor_of)]
TheView = Annotated[View, Depends(view_of)]
TheAccess = Annotated[Access, Depends(access_of)]
TheActor = Annotated[Actor, Depends(actor_of)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="most items in the answer")]
Cursor = Annotated[str | None, Query(max_length=1_024, description="`next` of the answer before")]
TimeMs = Annotated[int | None, Query(ge=0, le=TIME_MS_MAX, description="epoch milliseconds")]
Text = Annotated[str | None, Query(max_length=2_048)]
SeriesId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="fingerprint, 16 hexadecimal digits")]
