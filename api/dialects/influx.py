"""``POST /api/v2/write``: Influx line protocol as InfluxDB 2 takes it, for Telegraf and its clients.

204 where all was kept; 400 naming the lines where some was not, the rest being kept; 503 for trouble of
ours. Errors are in InfluxDB's form, so that its clients show the words: ``{"code", "message"}``. The
parameters ``org`` and ``bucket`` say nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from api.body import encoding_of
from api.dialects.base import (
    Request,
    error_list,
    in_words,
    is_utf8,
    media_type,
    parameter,
    refused,
    total,
)
from api.problems import Problem
from collectors.base import Decoded
from collectors.influx import PRECISIONS, InfluxDecoder
from collectors.keys import WireKeys
from monitor.domain.batch import Mode
from monitor.engine.base import Accepted

_TYPES = ("", "text/plain", "application/octet-stream")
_CODES = {400: "invalid", 413: "request too large", 415: "invalid", 503: "unavailable"}


class InfluxDialect:
    """``now_ms``: the clock, for lines that say no time."""

    def __init__(self, keys: WireKeys, now_ms: Callable[[], int], *, samples_max: int) -> None:
        self._keys = keys
        self._now_ms = now_ms
        self._samples_max = samples_max

    def read(self, headers: Headers, query: Mapping[str, str]) -> Request:
        content_type, parameters = media_type(headers)
        if content_type not in _TYPES or not is_utf8(parameters):
            raise Problem(415, "a Content-Type of text/plain, in UTF-8, or none")
        encoding = encoding_of(headers)
        precision = parameter(query, "precision", _precision) or "ns"
        decoder = InfluxDecoder(self._keys, precision, self._now_ms(), samples_max=self._samples_max)
        mode = parameter(query, "mode", Mode)
        return Request(decoder, "influx", encoding, mode, place="line", decoder_name="influx")

    def answer(self, request: Request, accepted: Accepted, decoded: Decoded) -> Response:
        rejects = refused(accepted, decoded)
        if not rejects:
            return Response(status_code=204)
        errors = error_list(rejects, request.place)
        named = "; ".join(
            f"line {error['line']}: {error['reason']}: {error['detail']}"
            for error in errors
            if "line" in error
        )
        message = f"partial write: {accepted.accepted} kept, {in_words(rejects)}. {named}"
        return _in_their_form(Problem(400, message, rejected=total(rejects), errors=errors))

    def problem(self, problem: Problem, headers: Headers) -> Response:
        return _in_their_form(problem)


def _in_their_form(problem: Problem) -> Response:
    code = _CODES.get(problem.status, problem.kind)
    body = msgspec.json.encode({"code": code, "message": problem.detail, **problem.more})
    return Response(body, problem.status, problem.headers, "application/json")


def _precision(word: str) -> str:
    if word not in PRECISIONS:
        raise ValueError(word)
    return word
