"""The file of sources with one source more, less, or declared otherwise; all else stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from collectors.source_file import KINDS, SourceFile, parsed
from monitor.domain.errors import BadRequest, NotFound


def declaration_in(text: str, name: str) -> tuple[str, dict[str, Any]]:
    """Kind and settings of a source, as they are written; a secret is only named there. Raises NotFound."""
    document = _document(text)
    kind, at = _found(document, name)
    said: dict[str, Any] = document[kind][at].unwrap()
    said.pop("name")
    return kind, said


def with_source(text: str, kind: str, name: str, settings: Mapping[str, Any]) -> tuple[str, SourceFile]:
    """The text, and what it then declares. A source that was there keeps its place, and the comments of what
    is not changed. Raises BadRequest for what cannot be declared, which names the keys.

    >>> text = "# mine\\n[[host]]\\nname = 'here'\\nevery = '1m' # often\\n"
    >>> print(with_source(text, "host", "here", {"every": "30s"})[0])
    # mine
    [[host]]
    name = 'here'
    every = "30s" # often
    """
    if kind not in KINDS:
        raise BadRequest(f"kind: one of {', '.join(KINDS)}")
    if "name" in settings:
        raise BadRequest("name: it is no setting")
    document = _document(text)
    said = {"name": name, **{key: value for key, value in settings.items() if value is not None}}
    try:
        known, at = _found(document, name)
    except NotFound:
        known, at = "", -1
    try:
        if known == kind:
            _change(document[kind][at], said)
        else:
            if known:
                _drop(document, known, at)
            _add(document, kind, said)
        edited = tomlkit.dumps(document)
    except (TOMLKitError, TypeError, ValueError) as error:
        raise BadRequest(f"it cannot be written as TOML: {error}") from None
    return edited, parsed(edited)


def without_source(text: str, name: str) -> tuple[str, SourceFile]:
    """Raises NotFound.

    >>> without_source("[[host]]\\nname = 'here'\\n", "here")[0]
    ''
    """
    document = _document(text)
    _drop(document, *_found(document, name))
    edited = tomlkit.dumps(document)
    return edited, parsed(edited)


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise BadRequest(f"the file is no TOML: {error}") from None


def _found(document: tomlkit.TOMLDocument, name: str) -> tuple[str, int]:
    for kind in KINDS:
        for at, one in enumerate(document.get(kind, ())):
            if one.get("name") == name:
                return kind, at
    raise NotFound(f"no source {name}")


def _change(table: Any, said: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in said]:
        del table[key]
    for key, value in said.items():
        if key not in table:
            table.add(key, value)
        elif table[key] != value:
            table[key] = value


def _drop(document: tomlkit.TOMLDocument, kind: str, at: int) -> None:
    those: Any = document[kind]
    del those[at]
    if not those:
        del document[kind]


def _add(document: tomlkit.TOMLDocument, kind: str, said: Mapping[str, Any]) -> None:
    if kind not in document:
        document.append(kind, tomlkit.aot())
    those: Any = document[kind]
    if isinstance(those, AoT):
        table = tomlkit.table()
        for key, value in said.items():
            table.add(key, value)
        those.append(table)
    else:
        line = tomlkit.inline_table()
        line.update(said)
        those.append(line)
