"""Links that carry what they may do, signed with a key that never leaves the data folder.

A link works without a login, for one purpose, and for some days only. The key of a folder is made where
there is none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

KEY_FILE = "label-links.key"
LONGEST = 1_024
_KEY_BYTES = 32


class NoLink(Exception):
    """Not a link of ours, or no longer one."""


class Signer:
    """Tokens of plain values for one ``purpose``; those of another one are no tokens here.

    >>> signer = Signer(b"k" * 32, "label-link")
    >>> signer.read(signer.token(["inc-1", 5]))
    ['inc-1', 5]
    >>> Signer(b"k" * 32, "chart-link").read(signer.token([1]))
    Traceback (most recent call last):
    ...
    monitor.alerting.signing.NoLink: This is no link of this server.
    """

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = key
        self._purpose = purpose.encode() + b"\0"

    def token(self, said: list[Any]) -> str:
        body = json.dumps(said, ensure_ascii=False).encode()
        return f"{_text(body)}.{_text(self._mac(body))}"

    def read(self, token: str) -> list[Any]:
        """Raises NoLink, with words for whoever opened it."""
        body, dot, mac = token.partition(".")
        try:
            if not dot or len(token) > LONGEST:
                raise ValueError
            said, signed = _bytes(body), _bytes(mac)
        except (ValueError, binascii.Error):
            raise NoLink("This is no link of this server.") from None
        if not hmac.compare_digest(signed, self._mac(said)):
            raise NoLink("This is no link of this server.")
        found: list[Any] = json.loads(said)
        return found

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, self._purpose + body, hashlib.sha256).digest()


def key_of(folder: Path) -> bytes:
    """The key in a data folder, made when there is none; readable by its owner only. Deleting it makes all
    links that were sent void."""
    path = folder / KEY_FILE
    try:
        return _checked(path.read_bytes())
    except FileNotFoundError:
        pass
    made = folder / f"{KEY_FILE}.new"
    made.unlink(missing_ok=True)
    file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(secrets.token_bytes(_KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    made.rename(path)
    return _checked(path.read_bytes())


def _checked(key: bytes) -> bytes:
    if len(key) < _KEY_BYTES:
        raise ValueError(f"{KEY_FILE} holds no key; delete it, and another one is made")
    return key


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
