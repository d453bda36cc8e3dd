"""What is wrong with the fields of a request, in words that whoever filled in a form can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Hints = Mapping[tuple[str, str], str]
"""By name of a field and its pattern, what may stand there."""

FAULTS_MAX = 10
_PLACES = ("body", "query", "path")


def faults(errors: Sequence[Any], hints: Hints) -> str:
    """Each fault of a validation with its field, up to `FAULTS_MAX`.

    >>> pattern = "^[A-Za-z]{2,3}$"
    >>> found = {
    ...     "type": "string_pattern_mismatch", "loc": ("body", "country"), "ctx": {"pattern": pattern},
    ...     "msg": f"String should match pattern '{pattern}'",
    ... }
    >>> faults([found], {("country", pattern): "two or three letters, as DE"})
    'country: should be two or three letters, as DE'
    >>> faults([found], {})
    'country: does not fit what may stand there'
    """
    return "; ".join(_fault(error, hints) for error in errors[:FAULTS_MAX])


def hints_of(document: Mapping[str, Any]) -> Hints:
    """What an OpenAPI document says of fields with a pattern.

    >>> code = {"pattern": "^[0-9]+$", "description": "digits"}
    >>> shape = {"properties": {"code": {"anyOf": [code, {"type": "null"}]}}}
    >>> hints_of({"schemas": {"Wanted": shape}, "parameters": [{"name": "id", "schema": code}]})
    {('code', '^[0-9]+$'): 'digits', ('id', '^[0-9]+$'): 'digits'}
    """
    return {(name, pattern): text for name, pattern, text in _described(document, "", "")}


def _fault(error: Any, hints: Hints) -> str:
    place = error["loc"][1:] if error["loc"][0] in _PLACES else error["loc"]
    names = [part for part in place if isinstance(part, str)]
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        hint = hints.get((names[-1] if names else "", error["ctx"]["pattern"]))
        text = f"should be {hint}" if hint else "does not fit what may stand there"
    where = ".".join(map(str, place)) if names else ".".join(map(str, error["loc"]))
    return f"{where[:64]}: {text}"


def _described(part: Any, name: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Below a part of the document that belongs to the field ``name``, described by ``text``."""
    if isinstance(part, list):
        for one in part:
            yield from _described(one, name, text)
    if not isinstance(part, dict):
        return
    if isinstance(part.get("schema"), dict):
        name = part.get("name", name)
    if isinstance(part.get("description"), str):
        text = part["description"]
    if isinstance(part.get("pattern"), str) and name and text:
        yield name, part["pattern"], text
    for key, one in part.items():
        if key == "properties" and isinstance(one, dict):
            for field, shape in one.items():
                yield from _described(shape, field, "")
        else:
            yield from _described(one, name, text)
