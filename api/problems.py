"""Errors as the outside sees them: problem+json (RFC 9457), one word per kind, never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import uuid4

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.faults import Hints, faults, hints_of
from collectors.errors import TooManySamples
from monitor.domain.errors import (
    BadRequest,
    IntakeUnavailable,
    NotFound,
    Overloaded,
    Refused,
    Unfit,
    UnknownSeries,
    WatchkeeperError,
)

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "Bad request",
    401: "Not known",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    408: "Body came too slowly",
    413: "Too large",
    415: "Unsupported content type or encoding",
    422: "Not acceptable",
    429: "Too often",
    431: "Headers too large",
    500: "Internal error",
    503: "Not available now",
}


class Problem(Exception):
    """An answer that is an error: raised wherever it is found out, sent by whoever serves the request."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind or TITLES.get(status, "error").lower().replace(" ", "-")
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """
        >>> msgspec.json.decode(Problem(404, "no series 00").response().body)["type"]
        'urn:watchkeeper:problem:not-found'
        """
        body = {
            "type": f"urn:watchkeeper:problem:{self.kind}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return Response(msgspec.json.encode(body), self.status, self.headers, MEDIA_TYPE)


def unavailable(detail: str, retry_after_s: int = 1, kind: str = "unavailable") -> Problem:
    """503 with the seconds after which to try again."""
    return Problem(503, detail, kind=kind, headers={"Retry-After": str(max(1, retry_after_s))})


def problem_of(error: Exception) -> Problem:
    """Any exception as an answer. An unexpected one is logged under an id, and only the id is shown."""
    match error:
        case Problem():
            return error
        case TooManySamples():
            return Problem(413, str(error), kind="too-many-samples")
        case BadRequest():
            return Problem(400, str(error))
        case NotFound():
            return Problem(404, str(error))
        case Refused():
            return Problem(422, str(error), kind=error.limit.replace("_", "-"))
        case Unfit():
            return Problem(422, str(error), kind="unfit")
        case Overloaded():
            return unavailable(str(error), error.retry_after_s, "overloaded")
        case IntakeUnavailable() | UnknownSeries():
            return unavailable(str(error))
        case WatchkeeperError() if error.retry:
            return unavailable(str(error))
        case HTTPException():
            return Problem(error.status_code, str(error.detail), headers=error.headers)
        case _:
            reference = uuid4().hex[:12]
            log.error("unexpected error %s", reference, exc_info=error)
            return Problem(
                500, f"unexpected error; the server's log has it as {reference}", reference=reference
            )


def install(app: FastAPI) -> None:
    """Let every error of the control plane be answered as a problem."""

    async def answer(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    @cache
    def hints() -> Hints:
        return hints_of(app.openapi())

    async def point_out(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return Problem(422, faults(error.errors(), hints()), kind="invalid-parameter").response()

    for kind in (Problem, WatchkeeperError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, point_out)
