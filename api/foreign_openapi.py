"""OpenAPI of the routes that speak other systems' protocols, each described where it was defined."""

from __future__ import annotations

from typing import Any

from api.routes.common import PREFIX

_TROUBLE = {
    "400": "could not be read; or some of it could not be kept, and the rest is on disk",
    "401": "no token that holds",
    "403": "the token may not",
    "405": "another method than POST",
    "408": "the body came too slowly",
    "413": "the body or the number of samples is over its limit",
    "415": "content type, encoding or version",
    "503": "recovering or overloaded; Retry-After says when to try again",
}
_MODE = {
    "name": "mode",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["live", "backfill"]},
    "description": "backfill: history, which notifies nobody",
}
_PRECISION = {
    "name": "precision",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["ns", "us", "ms", "s"], "default": "ns"},
    "description": "unit of the timestamps",
}


def foreign_routes() -> dict[str, dict[str, Any]]:
    """The POST of each path."""
    return {
        f"{PREFIX}/write": _operation(
            "post_remote_write",
            "Prometheus remote-write 1.0 and 2.0",
            "The content type says which: `application/x-protobuf`, with "
            "`proto=io.prometheus.write.v2.Request` for 2.0; packed with snappy, zstd or gzip. The headers "
            "`X-Prometheus-Remote-Write-*-Written` count exactly, also where some was refused.",
            {"204": "on disk"},
            ("application/x-protobuf",),
        ),
        "/api/v2/write": _operation(
            "post_influx",
            "Influx line protocol, as InfluxDB 2 takes it",
            "Fields become metrics `measurement_field`, or `measurement` where the field is `value`. Errors "
            'are in InfluxDB\'s form, `{"code", "message"}`. `org` and `bucket` say nothing here.',
            {"204": "on disk"},
            ("text/plain",),
            (_PRECISION,),
        ),
        "/v1/metrics": _operation(
            "post_otlp",
            "OTLP over HTTP: metrics",
            "In protobuf or JSON, and answered so: 200 with `partial_success` where some was refused, a "
            "`Status` where the body could not be read.",
            {"200": "on disk but for what partial_success says"},
            ("application/x-protobuf", "application/json"),
        ),
    }


def _operation(
    name: str,
    summary: str,
    description: str,
    kept: dict[str, str],
    content_types: tuple[str, ...],
    parameters: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers: dict[str, Any] = {status: {"description": text} for status, text in kept.items()}
    for status, text in _TROUBLE.items():
        answers[status] = {"description": text, "content": problem}
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "tags": ["samples"],
        "summary": summary,
        "description": description,
        "operationId": name,
        "parameters": [_MODE, *parameters],
        "requestBody": {"required": True, "content": dict.fromkeys(content_types, binary)},
        "responses": answers,
    }
