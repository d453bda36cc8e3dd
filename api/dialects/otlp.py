"""``POST /v1/metrics``: OTLP over HTTP, in protobuf or JSON; answers are in the encoding of the request.

200 wherever the body could be read, with ``partial_success`` saying how much was refused and why (senders
show it and send nothing again); 400 with a ``Status`` where it could not; 503 for trouble of ours, which
senders repeat, and never 500, which they do not.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from api.body import encoding_of
from api.dialects.base import Request, error_list, in_words, media_type, parameter, refused, total
from api.problems import Problem
from collectors.base import Decoded, Decoder
from collectors.keys import WireKeys
from collectors.otlp import OtlpDecoder, OtlpJsonDecoder
from collectors.protobuf import VARINT, write_bytes, write_key, write_varint
from monitor.domain.batch import Mode
from monitor.engine.base import Accepted

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_NAMES = {PROTOBUF: "otlp", JSON: "otlp json"}
_CODES = {401: 16, 403: 7, 413: 8, 503: 14}
_INVALID = 3
"""Codes of google.rpc.Status."""

_NAMED = 10


class OtlpDialect:
    """Both encodings."""

    def __init__(self, keys: WireKeys, *, samples_max: int) -> None:
        self._decoders: dict[str, Decoder] = {
            PROTOBUF: OtlpDecoder(keys, samples_max=samples_max),
            JSON: OtlpJsonDecoder(keys, samples_max=samples_max),
        }

    def read(self, headers: Headers, query: Mapping[str, str]) -> Request:
        content_type, _ = media_type(headers)
        if content_type not in self._decoders:
            raise Problem(415, f"a Content-Type of {PROTOBUF} or {JSON}")
        encoding = encoding_of(headers)
        mode = parameter(query, "mode", Mode)
        decoder, name = self._decoders[content_type], _NAMES[content_type]
        return Request(decoder, content_type, encoding, mode, decoder_name=name)

    def answer(self, request: Request, accepted: Accepted, decoded: Decoded) -> Response:
        rejects = refused(accepted, decoded)
        count = total(rejects)
        shown = error_list(rejects, "index")[:_NAMED]
        named = "; ".join(f"{error['reason']}: {error['detail']}" for error in shown)
        message = f"refused: {in_words(rejects)}. {named}" if rejects else ""
        if request.form == JSON:
            partial = {"rejectedDataPoints": str(count), "errorMessage": message}
            return Response(
                msgspec.json.encode({"partialSuccess": partial} if rejects else {}), media_type=JSON
            )
        body = b""
        if rejects:
            body = write_bytes(
                1, write_key(1, VARINT) + write_varint(count) + write_bytes(2, message.encode())
            )
        return Response(body, media_type=PROTOBUF)

    def problem(self, problem: Problem, headers: Headers) -> Response:
        code = _CODES.get(problem.status, _INVALID)
        if headers.get("content-type", "").startswith(PROTOBUF):
            body = write_key(1, VARINT) + write_varint(code) + write_bytes(2, problem.detail.encode())
            return Response(body, problem.status, problem.headers, PROTOBUF)
        status = msgspec.json.encode({"code": code, "message": problem.detail})
        return Response(status, problem.status, problem.headers, JSON)
