"""Who does something, from where, in which request: what every entry of the audit log begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.audit import Deed


@dataclass(frozen=True, slots=True)
class Actor:
    """``name`` as in `Principal.name`; ``address`` of the other end of the connection."""

    name: str
    address: str = ""
    request_id: str = ""

    def did(
        self,
        action: str,
        object: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> Deed:
        return Deed(self.name, action, object, before, after, self.address, self.request_id)


COMMAND_LINE = Actor("command line")
