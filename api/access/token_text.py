"""An access token's text: ``wk_``, 12 hexadecimal digits of id, ``_``, 64 of secret, 8 of CRC-32.

The id finds the token, so nothing is looked up by its secret; the CRC lets a scanner of repositories tell a
token from noise. The secret has 256 bits, so its plain SHA-256 is all that need be kept of it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

_TEXT = re.compile(rb"wk_([0-9a-f]{12})_([0-9a-f]{64})([0-9a-f]{8})")


def mint() -> tuple[str, str, bytes]:
    """A new token: its id, the text to hand over once, the hash to keep."""
    id, secret = secrets.token_hex(6), secrets.token_hex(32)
    head = f"wk_{id}_{secret}"
    return id, f"{head}{zlib.crc32(head.encode()):08x}", digest(secret.encode())


def parse(text: bytes) -> tuple[str, bytes] | None:
    """Id and secret of a text, whatever its bytes; None where it is no token.

    >>> id, text, kept = mint()
    >>> parse(text.encode())[0] == id, digest(parse(text.encode())[1]) == kept
    (True, True)
    >>> parse(text.encode()[:-1] + b"x"), parse("wk_é".encode()), parse(b"")
    (None, None, None)
    """
    found = _TEXT.fullmatch(text)
    if found is None or zlib.crc32(text[:-8]) != int(found[3], 16):
        return None
    return found[1].decode(), found[2]


def digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
