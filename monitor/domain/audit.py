"""The audit log's entries: who did what, each bound to the one before it by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
"""What stands for the hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, or tried. ``before`` and ``after`` hold no secrets: those are ``"set"``."""

    actor: str
    action: str
    object: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A deed in its place: ``sequence`` 1, 2, 3, … without holes; ``before`` and ``after`` as JSON text."""

    sequence: int
    at_ms: int
    actor: str
    action: str
    object: str
    before: str | None
    after: str | None
    address: str
    request_id: str
    previous: str
    hash: str

    @staticmethod
    def of(deed: Deed, sequence: int, at_ms: int, previous: str) -> AuditEntry:
        """
        >>> one = AuditEntry.of(Deed("user:ann", "login", "user:ann"), 1, 0, FIRST)
        >>> one.intact, AuditEntry.of(Deed("user:bob", "login", "user:ann"), 1, 0, FIRST).hash == one.hash
        (True, False)
        """
        said = (deed.actor, deed.action, deed.object, _text(deed.before), _text(deed.after))
        facts = (sequence, at_ms, *said, deed.address, deed.request_id, previous)
        return AuditEntry(*facts, _hash(facts))

    @property
    def intact(self) -> bool:
        """Is the hash that of the rest?"""
        facts = tuple(getattr(self, name) for name in self.__slots__ if name != "hash")
        return self.hash == _hash(facts)


def _text(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else json.dumps(values, sort_keys=True, default=str)


def _hash(facts: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()
