"""Cursors: where a list goes on, as an opaque word."""

from __future__ import annotations

import base64
import binascii

from api.problems import Problem

_MAX = 1_024


def to_cursor(key: str | None) -> str | None:
    """
    >>> to_cursor("00ab"), from_cursor(to_cursor("00ab"))
    ('MDBhYg', '00ab')
    """
    return None if key is None else base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> str:
    """The key a cursor stands for; empty without one. Raises Problem for one that is not ours."""
    if not cursor:
        return ""
    try:
        if len(cursor) > _MAX:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise Problem(400, "the cursor is not one of this server", kind="bad-cursor") from None
    if not key.isprintable():
        raise Problem(400, "the cursor is not one of this server", kind="bad-cursor")
    return key
