"""OpenAPI for the routes that are plain ASGI; FastAPI describes the others itself."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api import schemas
from api.access.policy import TABLE
from api.access.sessions import COOKIE
from api.foreign_openapi import foreign_routes
from api.routes.common import PREFIX

_TITLES = {
    "200": "what became of the samples; on disk",
    "400": "nothing could be read or kept",
    "401": "no token that holds",
    "403": "the token may not",
    "405": "another method than POST",
    "408": "the body came too slowly",
    "413": "the body or the number of samples is over its limit",
    "415": "content type or encoding",
    "422": "strict, and not everything could be kept",
    "503": "recovering or overloaded; Retry-After says when to try again",
}

_BODIES = {
    "408": _TITLES["408"],
    "413": "the body is over its limit, as sent or uncompressed",
    "415": "the body has an encoding that is not known",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once and kept on the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        models = (schemas.SamplesIn, schemas.SampleIn, schemas.SamplesKept, schemas.Problem)
        _, definitions = models_json_schema(
            [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
        )
        known = document.setdefault("components", {}).setdefault("schemas", {})
        for name, definition in definitions["$defs"].items():
            known.setdefault(name, definition)
        _limit_bodies(document)
        document["paths"][f"{PREFIX}/samples"] = {"post": _samples()}
        document["paths"] |= {path: {"post": operation} for path, operation in foreign_routes().items()}
        for name in ("predictions", "outcomes"):
            document["paths"][f"{PREFIX}/{name}"] = {"post": _rows(name)}
        _secure(document)
        app.openapi_schema = document
    return app.openapi_schema


def _limit_bodies(document: dict[str, Any]) -> None:
    """What `api.control_body` answers for the framework."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                for status in ("408", "413", "415"):
                    operation["responses"].setdefault(status, _problem(_BODIES[status]))


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }


def _secure(document: dict[str, Any]) -> None:
    """What the policy asks of each operation, in the document's words."""
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "an access token"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "a browser's login"},
    }
    for (method, template), rule in TABLE.items():
        operation = document["paths"].get(plain(template), {}).get(method.lower())
        if operation is not None:
            needs = [] if rule.scope is None else [rule.scope.value]
            operation["security"] = [] if rule.open else [{"token": needs}, {"session": needs}]


def plain(template: str) -> str:
    """A path as OpenAPI writes it.

    >>> plain("/api/v1/metrics/{name:path}")
    '/api/v1/metrics/{name}'
    """
    return re.sub(r":\w+}", "}", template)


def _rows(name: str) -> dict[str, Any]:
    """Predictions or outcomes: as samples, with columns of their own."""
    told = _samples()
    what = {
        "predictions": "id, model, timestamp, and as wanted version, prediction, score, latency_ms, "
        "segments, features (in Arrow: segment.NAME, feature.NAME)",
        "outcomes": "id, model, outcome, and when it was known as timestamp",
    }[name]
    told["tags"] = ["models"]
    told["summary"] = f"Tell of {name} of served models"
    told["description"] = (
        f"JSON, NDJSON (a row a line) or an Arrow IPC stream of {what}. Answered after they are on disk; the "
        "same request again changes nothing."
    )
    told["operationId"] = f"post_{name}"
    told["requestBody"]["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": [name],
        "properties": {
            name: {"type": "array", "items": {"type": "object"}},
            "mode": {"type": "string", "enum": ["live", "backfill"]},
        },
    }
    return told


def _samples() -> dict[str, Any]:
    answers = {status: _problem(text) for status, text in _TITLES.items()}
    answers["200"]["content"] = {"application/json": {"schema": _ref("SamplesKept")}}
    return {
        "tags": ["samples"],
        "summary": "Send samples",
        "description": (
            "JSON, NDJSON (a sample a line), CSV (long or wide), or an Arrow IPC stream of columns metric, "
            "timestamp, value, n (optional) and a text column per tag. Answered after the samples are on "
            "disk; the same request again changes nothing."
        ),
        "operationId": "post_samples",
        "parameters": [
            _parameter("mode", {"type": "string", "enum": ["live", "backfill"]}, "wins over the body's mode"),
            _parameter("strict", {"type": "string", "enum": ["0", "1", "true", "false"]}, "all or nothing"),
            _parameter("complete", {"type": "integer", "minimum": 0}, "a file ends: final up to this time"),
            _parameter(
                "Idempotency-Key", {"type": "string", "maxLength": 255}, "names the request", "header"
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _ref("SamplesIn")},
                "application/x-ndjson": {"schema": {"type": "string"}},
                "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        "responses": answers,
    }


def _ref(model: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model}"}


def _parameter(name: str, schema: dict[str, Any], text: str, place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "schema": schema, "description": text}
