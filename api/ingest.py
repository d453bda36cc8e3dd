"""The way of every pushed body: raw bytes to columns to the log, nothing per sample in Python.

One `Intake` stands behind all routes that take samples, so that they share one budget, one turnstile and the
threads; what differs from protocol to protocol is a `Dialect`. Checks in the order of RELIABILITY.md
section 4: method, announced size, type and encoding, overload, body, compression, content. Decoding and
handing over run in a few threads, so that the event loop lives while a large body is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access.fence import Fences
from api.body import BodyReader, Budget, Disconnected, Incoming, Share, decompress
from api.dialects.base import Dialect, Request, error_list, total
from api.problems import Problem, problem_of
from api.turnstile import Turnstile
from collectors.base import Decoded
from collectors.errors import TooManySamples
from monitor.domain.batch import Mode, Reason, Reject
from monitor.domain.errors import Overloaded, UnknownSeries
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


@dataclass(frozen=True, slots=True)
class Doors:
    """What all routes that take bodies share: memory, turns, threads, and who may write what."""

    reader: BodyReader
    budget: Budget
    turnstile: Turnstile
    fences: Fences
    lanes: ThreadPoolExecutor


class Intake:
    """What all routes that take samples have in common."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._limits = monitor.settings.limits
        http = monitor.settings.http
        book = monitor.telemetry.limits
        self._book = book
        self._budget = Budget(http.budget_bytes, book)
        self._reader = BodyReader(self._limits.body_wire_bytes_max, http, book)
        self._fences = Fences(lambda: monitor.teams)
        self._turnstile = Turnstile(http.running_requests, http.waiting_requests, book)
        self._lanes = ThreadPoolExecutor(monitor.settings.decode_lanes, thread_name_prefix="decode")
        book.enter("body_decoded_bytes_max", self._limits.body_decoded_bytes_max)
        book.enter("samples_per_request_max", self._limits.samples_per_request_max)

    @property
    def doors(self) -> Doors:
        return Doors(self._reader, self._budget, self._turnstile, self._fences, self._lanes)

    def close(self) -> None:
        self._lanes.shutdown(wait=False, cancel_futures=True)

    async def serve(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = perf_counter()
        incoming = Incoming(receive)
        headers = Headers(scope=scope)
        try:
            answer = await self._answer(dialect, scope, headers, incoming)
        except Disconnected:
            return
        except Exception as error:
            if isinstance(error, Overloaded) and error.limit:
                self._book.hit(error.limit)
            problem = problem_of(error)
            if problem.status != 408:
                await incoming.drain()
            answer = dialect.problem(problem, headers)
        self._monitor.telemetry.took(perf_counter() - began)
        await answer(scope, receive, send)

    async def _answer(self, dialect: Dialect, scope: Scope, headers: Headers, receive: Receive) -> Response:
        self._reader.check_announced(headers)
        fence = self._fences.of(scope["state"]["admitted"].principal)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        request = replace(dialect.read(headers, query), fence=fence)
        if request.complete_ms is not None and fence is not None:
            detail = "complete speaks of every series, and you may write some"
            raise Problem(403, detail, kind="not-allowed")
        with self._turnstile.entry() as entry, self._budget.share() as share:
            body = await self._reader.read(receive, share)
            async with entry.turn():
                accepted, decoded = await self._keep(request, body, share)
        return dialect.answer(request, accepted, decoded)

    async def _keep(self, request: Request, body: bytes, share: Share) -> tuple[Accepted, Decoded]:
        loop = asyncio.get_running_loop()
        handed = await loop.run_in_executor(self._lanes, self._hand_over, request, body, share)
        accepted = _NOTHING
        if handed.future is not None:
            try:
                accepted = await self._monitor.answer(handed.future)
            except UnknownSeries:
                again = await loop.run_in_executor(self._lanes, self._hand_over_all, request, handed)
                accepted = await self._monitor.answer(again)
        self._monitor.count(accepted)
        decoded = handed.decoded
        refused = {reject.reason: reject.count for reject in decoded.rejects}
        self._monitor.telemetry.rejected({**refused, **decoded.aside})
        if request.complete_ms is not None:
            await self._monitor.complete(request.complete_ms, digest(handed.request_id, b"complete"))
        return accepted, decoded

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
            future = self._monitor.submit(decoded.batch, mode, request_id)
        return Handed(body, decoded, mode, request_id, future)

    def _hand_over_all(self, request: Request, handed: Handed) -> Future[Accepted]:
        decoded = self._decode(request, handed.body, all_identities=True)
        return self._monitor.submit(decoded.batch, handed.mode, handed.request_id)

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
