"""A request's body: read within its limits of size and time, then decompressed within the same."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic

import cramjam
import pyarrow as pa
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from api.problems import Problem, unavailable
from monitor.settings import HttpLimits
from monitor.telemetry import LimitBook

ENCODINGS = ("identity", "gzip", "zstd")

_GRACE_S = 5.0
_PIECE = 1 << 20
_MEMBERS_MAX = 16
_DRAIN_BYTES = 16 * 2**20
_DRAIN_S = 5.0
_GZIP = 31


class Disconnected(Exception):
    """The client has gone; nothing is kept and nobody is answered."""


class Budget:
    """Bytes that all bodies under way hold together. Thread-safe."""

    def __init__(self, limit: int, book: LimitBook) -> None:
        self._limit = limit
        self._book = book
        self._used = 0
        self._lock = Lock()
        book.enter("http.budget_bytes", limit, used=lambda: self._used)

    @contextmanager
    def share(self) -> Iterator[Share]:
        """One request's part, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self._give(-share.held)

    def take(self, count: int) -> None:
        if not self._give(count):
            self._book.hit("http.budget_bytes")
            raise unavailable(
                "the bodies of other requests fill the memory set aside for them", kind="overloaded"
            )

    def _give(self, count: int) -> bool:
        with self._lock:
            if count > 0 and self._used + count > self._limit:
                return False
            self._used += count
            return True


class Share:
    """What one request holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.held = 0

    def take(self, count: int) -> None:
        self._budget.take(count)
        self.held += count


class BodyReader:
    """Reads bodies: 413 above the size, whether announced or not; 408 if slower than allowed. ``limit``: the
    size's name among all limits."""

    def __init__(
        self, wire_bytes: int, limits: HttpLimits, book: LimitBook, limit: str = "body_wire_bytes_max"
    ) -> None:
        self._wire_bytes = wire_bytes
        self._limits = limits
        self._book = book
        self._limit = limit
        book.enter(limit, wire_bytes)
        book.enter("http.body_read_s", limits.body_read_s)

    def check_announced(self, headers: Headers) -> None:
        """Refuse by the Content-Length alone, before anything is read."""
        announced = headers.get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()):
            raise Problem(400, "the Content-Length is no number")
        if len(announced) > 18 or int(announced) > self._wire_bytes:
            raise self._too_large()

    async def read(self, receive: Receive, share: Share) -> bytes:
        """The whole body. Raises Problem, or Disconnected."""
        pieces: list[bytes] = []
        size = 0
        began = monotonic()
        while True:
            message = await self._next(receive, began, size)
            if message["type"] == "http.disconnect":
                raise Disconnected
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._wire_bytes:
                raise self._too_large()
            share.take(len(piece))
            pieces.append(piece)
            if not message.get("more_body", False):
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _next(self, receive: Receive, began: float, received: int) -> Message:
        # A sender is slow when the next piece has not come by the time its bytes so far allow.
        earned_s = max(_GRACE_S, received / self._limits.body_bytes_per_s)
        patience_s = min(self._limits.body_read_s, earned_s) - (monotonic() - began)
        try:
            return await asyncio.wait_for(receive(), max(patience_s, 0.0))
        except TimeoutError:
            self._book.hit("http.body_read_s")
            limits = self._limits
            detail = f"a body has {limits.body_read_s} s, at {limits.body_bytes_per_s} bytes/s or more"
            raise Problem(408, detail, headers={"Connection": "close"}) from None

    def _too_large(self) -> Problem:
        self._book.hit(self._limit)
        return Problem(413, f"a body is limited to {self._wire_bytes} bytes", headers={"Connection": "close"})


class Incoming:
    """A request's messages, and whether the last one has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read on for a moment after a refusal, or the client would see a reset instead of the answer."""
        read = 0
        try:
            async with asyncio.timeout(_DRAIN_S):
                while not self.ended and read < _DRAIN_BYTES:
                    read += len((await self()).get("body", b""))
        except TimeoutError:
            return


def encoding_of(headers: Headers, known: Sequence[str] = ENCODINGS) -> str:
    """The body's one encoding, or 415 (also where two are stacked)."""
    values = headers.getlist("content-encoding")
    encoding = values[0].strip().lower() if values else "identity"
    encoding = {"": "identity", "x-gzip": "gzip"}.get(encoding, encoding)
    if len(values) > 1 or encoding not in known:
        packed = ", ".join(name for name in known if name != "identity")
        raise Problem(415, f"one Content-Encoding of {', '.join(known)}", headers={"Accept-Encoding": packed})
    return encoding


def decompress(body: bytes, encoding: str, limit: int, share: Share) -> bytes:
    """The plain body of at most ``limit`` bytes; 413 above it, 400 if the compression is broken."""
    if encoding == "identity":
        if len(body) > limit:
            raise _expands(limit)
        return body
    try:
        return _UNPACK[encoding](body, limit, share)
    except (zlib.error, EOFError, OSError, pa.ArrowException, cramjam.DecompressionError) as error:
        raise Problem(400, f"the {encoding} compression is broken", kind="broken-compression") from error


def _expands(limit: int) -> Problem:
    return Problem(413, f"a decompressed body is limited to {limit} bytes")


def _gunzip(body: bytes, limit: int, share: Share) -> bytes:
    pieces: list[bytes] = []
    size = 0
    rest = body
    for _ in range(_MEMBERS_MAX):  # each empty member would cost a copy of all the rest
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            piece = member.decompress(rest, _PIECE)
            rest = member.unconsumed_tail
            if not piece and not rest and not member.eof:
                raise EOFError("cut short")
            size += len(piece)
            if size > limit:
                raise _expands(limit)
            share.take(len(piece))
            pieces.append(piece)
        rest = member.unused_data
        if not rest:
            return b"".join(pieces)
    raise EOFError("too many members")


def _unzstd(body: bytes, limit: int, share: Share) -> bytes:
    # Twice through: reading in pieces finds the size without the memory, but takes a body that was
    # cut short for a whole one; the second way does not, but must know the size.
    size = 0
    with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > limit:
                raise _expands(limit)
    if not size:
        raise EOFError("nothing in it")
    share.take(size)
    return bytes(pa.Codec("zstd").decompress(body, size, asbytes=True))


def _unsnappy(body: bytes, limit: int, share: Share) -> bytes:
    """The block format, which begins with the size; a few bytes can declare gigabytes."""
    size = cramjam.snappy.decompress_raw_len(body)
    if size > limit:
        raise _expands(limit)
    share.take(size)
    return bytes(cramjam.snappy.decompress_raw(body))


_UNPACK: Mapping[str, Callable[[bytes, int, Share], bytes]] = {
    "gzip": _gunzip,
    "zstd": _unzstd,
    "snappy": _unsnappy,
}
