"""Links that set one label on one incident, for whoever was sent one: signed, and for some days only.

What a link may do is written in it and signed with a key that never leaves the data folder: so a link works
without a login, and for nothing else. It does nothing when it is opened, only when its form is sent: programs
open links before people do.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.domain.labels import Said

KEY_FILE = "label-links.key"
LINKED = (Said.TRUE.value, Said.FALSE_ALARM.value, Said.EXPECTED.value)
"""Labels that a notice offers."""
DAYS = 7
PATH = "/label/"
LONGEST = 1_024
_KEY_BYTES = 32
_DAY_MS = 86_400_000


class NoLink(Exception):
    """Not a link of ours, or no longer one."""


@dataclass(frozen=True, slots=True)
class LabelLink:
    """``label`` on ``incident``, as sent to ``receiver``, until ``until_ms``."""

    incident: str
    label: str
    receiver: str
    until_ms: int

    @property
    def user(self) -> str:
        """Who sets it, as is written beside the label: of whom was sent a link no more is known."""
        return f"link:{self.receiver}"


class LabelLinks:
    """``page``: address of this server from outside; ``now_ms``: the wall clock.

    >>> links = LabelLinks(b"k" * 32, "https://watchkeeper.example/", lambda: 0)
    >>> link = LabelLink("inc-1", "false alarm", "on-call", 5)
    >>> url = links.url(link)
    >>> links.read(url.removeprefix("https://watchkeeper.example/label/")) == link
    True
    """

    def __init__(self, key: bytes, page: str, now_ms: Callable[[], int]) -> None:
        self._key = key
        self._page = page.rstrip("/")
        self._now_ms = now_ms

    def urls(self, incident: str, labels: tuple[str, ...], receiver: str) -> dict[str, str]:
        """By label, a link that holds for a week. None where the server's address is not known."""
        if not self._page:
            return {}
        until_ms = self._now_ms() + DAYS * _DAY_MS
        return {label: self.url(LabelLink(incident, label, receiver, until_ms)) for label in labels}

    def url(self, link: LabelLink) -> str:
        said = [link.incident, link.label, link.receiver, link.until_ms]
        body = json.dumps(said, ensure_ascii=False).encode()
        return f"{self._page}{PATH}{_text(body)}.{_text(self._mac(body))}"

    def read(self, token: str) -> LabelLink:
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
        link = LabelLink(*json.loads(said))
        if self._now_ms() >= link.until_ms:
            raise NoLink("This link has expired. Log in to set a label.")
        return link

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, b"label-link\0" + body, hashlib.sha256).digest()


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
