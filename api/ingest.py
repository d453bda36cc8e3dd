"""``POST /api/v1/samples`` as plain ASGI: raw body to columns to the log, nothing per sample in Python.

Checks in the order of RELIABILITY.md section 4: method, announced size, type and encoding, overload,
body, compression, content. Decoding and handing over run in a few threads, so that the event loop
lives while a large body is read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access.fence import Fence, Fences
from api.body import BodyReader, Budget, Disconnected, Incoming, Share, decompress, encoding_of
from api.problems import Problem, problem_of
from api.turnstile import Turnstile
from collectors.base import Decoded, Decoder
from collectors.errors import TooManySamples
from monitor.domain.batch import Mode, Reason, Reject
from monitor.domain.errors import Overloaded, UnknownSeries
from monitor.engine.base import Accepted
from monitor.service import Monitor

ERRORS_MAX = 100

_JSON = "application/json"
_KEY_MAX = 255
_NOTHING = Accepted(0, {})


@dataclass(frozen=True, slots=True)
class Request:
    """What the head of a request asks for; ``key`` is empty without a header that names it."""

    content_type: str
    encoding: str
    mode: Mode | None
    strict: bool
    complete_ms: int | None
    key: bytes
    fence: Fence | None = None


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


class SampleIntake:
    """The ASGI application of one route. ``decoders`` by content type; they must be thread-safe."""

    def __init__(self, monitor: Monitor, decoders: Mapping[str, Decoder]) -> None:
        self._monitor = monitor
        self._decoders = dict(decoders)
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        incoming = Incoming(receive)
        try:
            answer = await self._answer(scope, incoming)
        except Disconnected:
            return
        except Exception as error:
            if isinstance(error, Overloaded) and error.limit:
                self._book.hit(error.limit)
            problem = problem_of(error)
            if problem.status != 408:
                await incoming.drain()
            answer = problem.response()
        self._monitor.telemetry.took(perf_counter() - began)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        headers = Headers(scope=scope)
        self._reader.check_announced(headers)
        fence = self._fences.of(scope["state"]["admitted"].principal)
        request = read_head(headers, scope["query_string"], tuple(self._decoders), fence)
        with self._turnstile.entry() as entry, self._budget.share() as share:
            body = await self._reader.read(receive, share)
            async with entry.turn():
                return await self._keep(request, body, share)

    async def _keep(self, request: Request, body: bytes, share: Share) -> Response:
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
        self._monitor.telemetry.rejected({reject.reason: reject.count for reject in handed.decoded.rejects})
        if request.complete_ms is not None:
            await self._monitor.complete(request.complete_ms, digest(handed.request_id, b"complete"))
        return answer_of(accepted, handed.decoded.rejects, place_of(request.content_type))

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
        decoder = self._decoders[request.content_type]
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
            errors = error_list(rejects, place_of(request.content_type))
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
        head = f"{request.content_type} {request.mode or decoded.mode} {request.complete_ms}".encode()
        said = (b"" if column is None else column.data for column in columns)
        return digest(b"samples", head, *said, *owner)


def read_head(
    headers: Headers, query_string: bytes, content_types: Sequence[str], fence: Fence | None = None
) -> Request:
    """The request's head, or 415 for its type or encoding, 400 for a parameter, 403 for one that speaks of
    series beyond the fence."""
    content_type = _content_type(headers, content_types)
    encoding = encoding_of(headers)
    query = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    key = headers.get("idempotency-key") or headers.get("x-request-id") or ""
    if len(key) > _KEY_MAX:
        raise Problem(400, f"an idempotency key has at most {_KEY_MAX} characters", kind="bad-parameter")
    complete_ms = _parameter(query, "complete", _time_ms)
    if complete_ms is not None and fence is not None:
        raise Problem(403, "complete speaks of every series, and you may write some", kind="not-allowed")
    return Request(
        content_type,
        encoding,
        _parameter(query, "mode", Mode),
        _parameter(query, "strict", _flag) or False,
        complete_ms,
        key.encode("latin-1"),
        fence,
    )


def _content_type(headers: Headers, known: Sequence[str]) -> str:
    values = headers.getlist("content-type")
    name, *parameters = values[0].lower().split(";") if values else ("",)
    charset = [value for key, _, value in (p.strip().partition("=") for p in parameters) if key == "charset"]
    if (
        len(values) != 1
        or name.strip() not in known
        or any(c.strip('"') not in ("utf-8", "utf8") for c in charset)
    ):
        raise Problem(415, f"one Content-Type of {', '.join(known)}, in UTF-8")
    return name.strip()


def _parameter(query: Mapping[str, str], name: str, read: Callable[[str], Any]) -> Any:
    if name not in query:
        return None
    try:
        return read(query[name])
    except ValueError as error:
        raise Problem(
            400, f"the parameter {name} cannot be {query[name][:64]!r}", kind="bad-parameter"
        ) from error


def _flag(text: str) -> bool:
    if text not in ("0", "1", "true", "false"):
        raise ValueError(text)
    return text in ("1", "true")


def _time_ms(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise ValueError(text)
    return int(text)


def place_of(content_type: str) -> str:
    """What a place in an error is called: NDJSON has lines, the others have indexes."""
    return "line" if content_type == "application/x-ndjson" else "index"


def error_list(rejects: Sequence[Reject], place: str) -> list[dict[str, Any]]:
    """Up to a hundred refused samples by place; a reason without places is one entry with its count."""
    errors: list[dict[str, Any]] = []
    for reject in rejects:
        if not reject.examples:
            errors.append({"reason": str(reject.reason), "detail": f"{reject.count} samples"})
        errors += [
            {"reason": str(reject.reason), place: where, "detail": what[:64]}
            for where, what in reject.examples
        ]
    errors.sort(key=lambda error: error.get(place, -1))
    return errors[:ERRORS_MAX]


def answer_of(accepted: Accepted, refused: Sequence[Reject], place: str) -> Response:
    """200 if anything was kept or nothing was sent; 400 where every sample was refused."""
    rejects = [
        *refused,
        *(Reject(reason, count) for reason, count in sorted(accepted.rejected.items()) if count),
    ]
    body: dict[str, Any] = {
        "accepted": accepted.accepted,
        "rejected": total(rejects),
        "errors": error_list(rejects, place),
        "repeated": accepted.repeated,
    }
    if rejects and not accepted.accepted and not accepted.repeated:
        raise Problem(400, "no sample could be kept", kind="all-rejected", **body)
    return Response(msgspec.json.encode(body), media_type=_JSON)


def total(rejects: Sequence[Reject]) -> int:
    return sum(reject.count for reject in rejects)


def digest(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
