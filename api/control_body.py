"""Bodies of the control plane, read here in whole, within limits, before the framework sees them.

FastAPI reads a body to its end and has no limit of its own, and what is raised meanwhile becomes a 400. So
this stands before it: what is too large is refused while it comes, what is compressed is unpacked as far as
it may be, and the framework gets one short message. Routes that take samples read their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.gate import SAFE_METHODS
from api.body import BodyReader, Budget, Disconnected, Incoming, decompress, encoding_of
from api.problems import Problem
from monitor.service import Monitor

LIMIT = "http.control_bytes"


class ControlBodies:
    """ASGI middleware inside the guard. ``under``: where its paths begin; ``others``: those below that read
    their bodies themselves; ``budget``: of all bodies under way."""

    def __init__(
        self, app: ASGIApp, monitor: Monitor, budget: Budget, under: str, others: Collection[str]
    ) -> None:
        http = monitor.settings.http
        self._app = app
        self._budget = budget
        self._under = under
        self._others = frozenset(others)
        self._bytes = http.control_bytes
        self._book = monitor.telemetry.limits
        self._reader = BodyReader(self._bytes, http, self._book, LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_ours(scope):
            await self._app(scope, receive, send)
            return
        incoming = Incoming(receive)
        try:
            body = await self._body(Headers(scope=scope), incoming)
        except Disconnected:
            return
        except Problem as problem:
            if problem.status != 408:
                await incoming.drain()
            await problem.response()(scope, receive, send)
            return
        await self._app(_plain(scope, body), _said(body, receive), send)

    def _is_ours(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            return False
        path = scope["path"]
        return path.startswith(self._under) and path not in self._others

    async def _body(self, headers: Headers, incoming: Incoming) -> bytes:
        self._reader.check_announced(headers)
        encoding = encoding_of(headers)
        with self._budget.share() as share:
            body = await self._reader.read(incoming, share)
            if encoding == "identity" or not body:
                return body
            try:
                return await asyncio.to_thread(decompress, body, encoding, self._bytes, share)
            except Problem as problem:
                if problem.status == 413:
                    self._book.hit(LIMIT)
                raise


def _plain(scope: Scope, body: bytes) -> Scope:
    """The scope of a request with this body, neither compressed nor in chunks."""
    told = {b"content-length": str(len(body)).encode()} if body else {}
    left_out = {b"content-encoding", b"transfer-encoding", b"content-length"}
    kept = [(name, value) for name, value in scope["headers"] if name not in left_out]
    return {**scope, "headers": [*kept, *told.items()]}


def _said(body: bytes, receive: Receive) -> Receive:
    """The body as one message, and behind it what comes."""
    said = False

    async def once() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
