"""Kinds of receivers: what each is called, which settings it has, and how one is made of them.

A new kind is a file of its own here with its `Kind`, and a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.alerting.receivers import log
from monitor.alerting.receivers.kind import Kind
from monitor.alerting.secrets import Secrets
from monitor.domain.errors import BadRequest
from monitor.domain.notice import Receiver

KINDS: Mapping[str, Kind[Any]] = {one.name: one for one in (log.KIND,)}


def kind_of(name: str) -> Kind[Any]:
    """Raises BadRequest for one there is not."""
    if name not in KINDS:
        raise BadRequest(f"kind {name[:64]!r}: there are {', '.join(sorted(KINDS))}")
    return KINDS[name]


def read(kind: str, settings: Mapping[str, Any]) -> BaseModel:
    """Settings of a kind, checked. Raises BadRequest, naming each that is unknown or cannot be; what was
    given is not repeated, since it may be a secret in the wrong place."""
    try:
        checked: BaseModel = kind_of(kind).settings.model_validate(dict(settings))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        said = [f"{'.'.join(map(str, one['loc']))}: {_said(one)}" for one in faults]
        raise BadRequest("; ".join(said)[:1_000]) from None
    return checked


def make(kind: str, settings: Mapping[str, Any], secrets: Secrets) -> Receiver:
    """Raises BadRequest as `read`, and NoSecret where a secret that is named is not there."""
    return kind_of(kind).make(read(kind, settings), secrets)


def _said(fault: Any) -> str:
    return "no such setting" if fault["type"] == "extra_forbidden" else str(fault["msg"])
