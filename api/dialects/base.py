"""What differs between the protocols that samples are pushed by: the head of a request, and the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.responses import Response

from api.access.fence import Fence
from api.problems import Problem
from collectors.base import Decoded, Decoder
from monitor.domain.batch import Mode, Reject
from monitor.engine.base import Accepted

ERRORS_MAX = 100


@dataclass(frozen=True, slots=True)
class Request:
    """What the head of a request asks for. ``form`` names the body's format, ``key`` is empty without a
    header that names the request, ``place`` is what a place in an error is called, ``decoder_name`` what the
    decoder is called in the own series."""

    decoder: Decoder
    form: str
    encoding: str
    mode: Mode | None = None
    strict: bool = False
    complete_ms: int | None = None
    key: bytes = b""
    place: str = "index"
    fence: Fence | None = None
    decoder_name: str = ""


class Dialect(Protocol):
    """One protocol. Its decoders must be thread-safe."""

    def read(self, headers: Headers, query: Mapping[str, str]) -> Request:
        """Raises Problem: 415 for type or encoding, 400 for a parameter."""
        ...

    def answer(self, request: Request, accepted: Accepted, decoded: Decoded) -> Response:
        """What became of a body that could be read; it is on disk."""
        ...

    def problem(self, problem: Problem, headers: Headers) -> Response:
        """A refusal in the words that this protocol's senders read."""
        ...


def media_type(headers: Headers) -> tuple[str, dict[str, str]]:
    """Content type and its parameters, in small letters but for the values; "" without one, 415 for two.

    >>> media_type(Headers({"content-type": "Text/Plain; charset=UTF-8"}))
    ('text/plain', {'charset': 'UTF-8'})
    """
    values = headers.getlist("content-type")
    if len(values) > 1:
        raise Problem(415, "two Content-Type headers")
    name, *parameters = values[0].split(";") if values else ("",)
    pairs = (parameter.partition("=") for parameter in parameters)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


def is_utf8(parameters: Mapping[str, str]) -> bool:
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def parameter(query: Mapping[str, str], name: str, read: Callable[[str], Any]) -> Any:
    """A query parameter as ``read`` makes of it; None without it, 400 where ``read`` raises ValueError."""
    if name not in query:
        return None
    try:
        return read(query[name])
    except ValueError as error:
        raise Problem(
            400, f"the parameter {name} cannot be {query[name][:64]!r}", kind="bad-parameter"
        ) from error


def refused(accepted: Accepted, decoded: Decoded) -> list[Reject]:
    """All that was refused, by the decoder and behind it."""
    behind = (Reject(reason, count) for reason, count in sorted(accepted.rejected.items()) if count)
    return [*decoded.rejects, *behind]


def total(rejects: Sequence[Reject]) -> int:
    return sum(reject.count for reject in rejects)


def in_words(rejects: Sequence[Reject]) -> str:
    """
    >>> in_words([Reject("bad_name", 2), Reject("future", 1)])
    '2 bad_name, 1 future'
    """
    return ", ".join(f"{reject.count} {reject.reason}" for reject in rejects)


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
