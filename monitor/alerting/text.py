"""Names that others chose, as text that does nothing."""

from __future__ import annotations

import unicodedata

_ACTING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Control and format characters, which include every override of direction, and what is no character."""


def shown(text: str, most: int = 300) -> str:
    """``text`` in one line of at most ``most`` characters; what acts instead of showing is written as its
    code.

    >>> shown("a" + chr(13) + chr(10) + "Bcc: x" + chr(0x202E) + "txt"), shown("x" * 500, 5)
    ('a\\\\x0d\\\\x0aBcc: x\\\\u202etxt', 'xxxx…')
    """
    head = text[: most + 1]
    written = "".join(_code(c) if unicodedata.category(c) in _ACTING else c for c in head)
    return written if len(written) <= most and len(text) <= most else written[: max(most - 1, 0)] + "…"


def _code(character: str) -> str:
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def within(text: str, most_bytes: int) -> str:
    """The longest beginning of ``text`` that is at most so long in UTF-8.

    >>> within("häh", 3), within("häh", 2), within("abc", 9)
    ('hä', 'h', 'abc')
    """
    return text.encode()[:most_bytes].decode(errors="ignore")


def unlinked(text: str) -> str:
    """What mail and chat programs would turn into a link by themselves, so that they do not.

    >>> unlinked("see https://evil.example/x or www.evil.example")
    'see https[:]//evil.example/x or www[.]evil.example'
    """
    return text.replace("://", "[:]//").replace("www.", "www[.]")
