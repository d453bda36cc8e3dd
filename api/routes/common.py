"""What the routes share: the Monitor of this application, and parameters that mean the same everywhere."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Depends, Path, Query, Request

from api import schemas
from monitor.service import Monitor

PREFIX = "/api/v1"
TIME_MS_MAX = 41_024_448_000_000

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.Problem, "description": text}
    for status, text in {
        400: "the request cannot be read",
        404: "there is no such thing",
        422: "a parameter cannot be what it is",
        503: "the server is recovering or overloaded",
    }.items()
}


def monitor_of(request: Request) -> Monitor:
    return cast(Monitor, request.app.state.monitor)


TheMonitor = Annotated[Monitor, Depends(monitor_of)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="most items in the answer")]
Cursor = Annotated[str | None, Query(max_length=1_024, description="`next` of the answer before")]
TimeMs = Annotated[int | None, Query(ge=0, le=TIME_MS_MAX, description="epoch milliseconds")]
Text = Annotated[str | None, Query(max_length=2_048)]
SeriesId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="fingerprint, 16 hexadecimal digits")]
