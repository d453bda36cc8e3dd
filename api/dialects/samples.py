"""``POST /api/v1/samples``: our own formats, by content type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from api.body import encoding_of
from api.dialects.base import (
    Request,
    error_list,
    is_utf8,
    media_type,
    parameter,
    refused,
    total,
)
from api.problems import Problem
from collectors.base import Decoded, Decoder
from monitor.domain.batch import Mode, Reject
from monitor.engine.base import Accepted

_JSON = "application/json"
_KEY_MAX = 255
_LINES = frozenset({"application/x-ndjson", "text/csv"})


class SamplesDialect:
    """``decoders`` by content type."""

    def __init__(self, decoders: Mapping[str, Decoder]) -> None:
        self._decoders = dict(decoders)

    def read(self, headers: Headers, query: Mapping[str, str]) -> Request:
        head = read_head(headers, query, tuple(self._decoders))
        name = head.form.rpartition("/")[2].removeprefix("x-")
        return replace(Request(self._decoders[head.form], *astuple(head)), decoder_name=name)

    def answer(self, request: Request, accepted: Accepted, decoded: Decoded) -> Response:
        return answer_of(accepted, refused(accepted, decoded), request.place)

    def problem(self, problem: Problem, headers: Headers) -> Response:
        return problem.response()


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a request asks for, as in `Request`."""

    form: str
    encoding: str
    mode: Mode | None
    strict: bool
    complete_ms: int | None
    key: bytes
    place: str


def read_head(headers: Headers, query: Mapping[str, str], forms: Sequence[str]) -> Head:
    """Raises Problem: 415 for type or encoding, 400 for a parameter. ``forms``: the content types."""
    content_type, parameters = media_type(headers)
    if content_type not in forms or not is_utf8(parameters):
        raise Problem(415, f"one Content-Type of {', '.join(forms)}, in UTF-8")
    encoding = encoding_of(headers)
    key = headers.get("idempotency-key") or headers.get("x-request-id") or ""
    if len(key) > _KEY_MAX:
        detail = f"an idempotency key has at most {_KEY_MAX} characters"
        raise Problem(400, detail, kind="bad-parameter")
    return Head(
        content_type,
        encoding,
        parameter(query, "mode", Mode),
        parameter(query, "strict", _flag) or False,
        parameter(query, "complete", _time_ms),
        key.encode("latin-1"),
        "line" if content_type in _LINES else "index",
    )


def answer_of(accepted: Accepted, rejects: Sequence[Reject], place: str) -> Response:
    """200 if anything was kept or nothing was sent; 400 where every sample was refused."""
    body: dict[str, Any] = {
        "accepted": accepted.accepted,
        "rejected": total(rejects),
        "errors": error_list(rejects, place),
        "repeated": accepted.repeated,
    }
    if rejects and not accepted.accepted and not accepted.repeated:
        return Problem(400, "no sample could be kept", kind="all-rejected", **body).response()
    return Response(msgspec.json.encode(body), media_type=_JSON)


def _flag(text: str) -> bool:
    if text not in ("0", "1", "true", "false"):
        raise ValueError(text)
    return text in ("1", "true")


def _time_ms(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise ValueError(text)
    return int(text)
