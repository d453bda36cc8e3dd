"""What receivers' settings have in common: strict, frozen, and silent about secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from monitor.domain.notice import Rejected

STRICT = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)
"""For ``pydantic.dataclasses``: unknown names are errors, and errors never quote what was given."""


def encoded(body: Mapping[str, Any], most_bytes: int) -> bytes:
    """As JSON in UTF-8, with ? for halves of surrogates. Raises Rejected for one too large: the caller has
    cut what can be cut."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    found = text.encode(errors="replace")
    if len(found) > most_bytes:
        raise Rejected(f"the message has {len(found):,} bytes, and {most_bytes:,} may be sent")
    return found
