"""The way of every pushed body: raw bytes to columns to the log, nothing per sample in Python.

One `Intake` stands behind all routes that take samples, so that they share one budget, one turnstile and the
threads; what differs from protocol to protocol is a `Dialect`, and what they share with other bodies `Doors`.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import Future
from dataclasses import dataclass, replace
from time import perf_counter

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access.fence import Fence
from api.body import Incoming, Share, decompress
from api.dialects.base import Dialect, Request, error_list, total
from api.doors import Doors
from api.problems import Problem
from collectors.base import Decoded
from collectors.errors import TooManySamples
from monitor.domain.batch import Mode, Reason, Reject
from monitor.domain.errors import UnknownSeries
from monitor.engine.base import Accepted
from monitor.service import Monitor

_NOTHING = Accepted(0, {})


@dataclass(frozen=True, slots=True)
class Handed:
    """A decoded body on its way to the log."""

    body: bytes
    decoded: Decoded
    mode: Mode
    request_id: bytes
    future: Future[Accepted] | None


class Intake:
    """What all routes that take samples have in common."""

    def __init__(self, monitor: Monitor, doors: Doors) -> None:
        self._monitor = monitor
        self._doors = doors
        self._limits = monitor.settings.limits
        self._book = monitor.telemetry.limits
        self._book.enter("body_decoded_bytes_max", self._limits.body_decoded_bytes_max)
        self._book.enter("samples_per_request_max", self._limits.samples_per_request_max)

    async def serve(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = perf_counter()
        headers = Headers(scope=scope)

        async def work(incoming: Incoming) -> Response:
            _, (request, accepted, decoded) = await self._doors.let_in(
                scope, headers, incoming, dialect.read, self._keep
            )
            return dialect.answer(request, accepted, decoded)

        answer = await self._doors.answer(work, lambda problem: dialect.problem(problem, headers), receive)
        if answer is not None:
            self._monitor.telemetry.took(perf_counter() - began)
            await answer(scope, receive, send)

    async def _keep(
        self, head: Request, fence: Fence | None, body: bytes, share: Share
    ) -> tuple[Request, Accepted, Decoded]:
        request = replace(head, fence=fence)
        loop = asyncio.get_running_loop()
        handed = await loop.run_in_executor(self._doors.lanes, self._hand_over, request, body, share)
        accepted = _NOTHING
        if handed.future is not None:
            try:
                accepted = await self._monitor.taking.answer(handed.future)
            except UnknownSeries:
                again = await loop.run_in_executor(self._doors.lanes, self._hand_over_all, request, handed)
                accepted = await self._monitor.taking.answer(again)
        self._monitor.taking.count(accepted)
        decoded = handed.decoded
        refused = {reject.reason: reject.count for reject in decoded.rejects}
        self._monitor.telemetry.rejected({**refused, **decoded.aside})
        behind = sum(accepted.rejected.values())
        self._monitor.telemetry.decoded(request.decoder_name, accepted.accepted, decoded.rejected + behind)
        if request.complete_ms is not None:
            await self._monitor.taking.complete(request.complete_ms, digest(handed.request_id, b"complete"))
        return request, accepted, decoded

    def _hand_over(self, request: Request, wire: bytes, share: Share) -> Handed:
        try:
            body = decompress(wire, request.encoding, self._limits.body_decoded_bytes_max, share)
        except Problem as problem:
            if problem.status == 413:
                self._book.hit("body_decoded_bytes_max")
            raise
        decoded = self._decode(request, body)
        mode = request.mode or decoded.mode or Mode.LIVE
        if request.strict:
            self._check_strict(request, decoded)
        request_id = self._request_id(request, decoded)
        future = None
        if len(decoded.batch):
            future = self._monitor.taking.submit(decoded.batch, mode, request_id)
        return Handed(body, decoded, mode, request_id, future)

    def _hand_over_all(self, request: Request, handed: Handed) -> Future[Accepted]:
        decoded = self._decode(request, handed.body, all_identities=True)
        return self._monitor.taking.submit(decoded.batch, handed.mode, handed.request_id)

    def _decode(self, request: Request, body: bytes, all_identities: bool = False) -> Decoded:
        most = self._limits.samples_per_request_max
        decoder = request.decoder
        try:
            decoded = decoder.decode(body, all_identities=all_identities)
            if len(decoded.batch) + decoded.rejected > most:
                raise TooManySamples(f"a request is limited to {most} samples")
        except TooManySamples:
            self._book.hit("samples_per_request_max")
            raise
        if request.fence is None:
            return decoded
        return request.fence.through(decoded, lambda: decoder.decode(body, all_identities=True))

    def _check_strict(self, request: Request, decoded: Decoded) -> None:
        rejects = list(decoded.rejects)
        if len(decoded.batch):
            late = decoded.batch.ts_ms > self._monitor.now_ms() + self._limits.future_ms_max
            if count := int(late.sum()):
                rejects.append(Reject(Reason.FUTURE, count))
        if rejects:
            errors = error_list(rejects, request.place)
            detail = "strict: nothing is kept, since not everything could be"
            raise Problem(422, detail, kind="strict", accepted=0, rejected=total(rejects), errors=errors)

    @staticmethod
    def _request_id(request: Request, decoded: Decoded) -> bytes:
        """Of the key, or else of what the body says: a third of its bytes in columns."""
        owner = () if request.fence is None else (request.fence.key,)
        if request.key:
            return digest(b"key", request.key, *owner)
        batch = decoded.batch
        columns = (batch.fingerprint, batch.ts_ms, batch.value, batch.n)
        head = f"{request.form} {request.mode or decoded.mode} {request.complete_ms}".encode()
        said = (b"" if column is None else column.data for column in columns)
        return digest(b"samples", head, *said, *owner)


class IngestRoute:
    """The ASGI application of one route."""

    def __init__(self, intake: Intake, dialect: Dialect) -> None:
        self._intake = intake
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._intake.serve(self._dialect, scope, receive, send)


def digest(*parts: bytes | memoryview) -> bytes:
    said = hashlib.blake2b(digest_size=16)
    for part in parts:
        said.update(len(part).to_bytes(8, "little"))
        said.update(part)
    return said.digest()
