"""Links that set one label on one incident, for whoever was sent one: signed, and for some days only.

What a link may do is written in it and signed with a key that never leaves the data folder: so a link works
without a login, and for nothing else. It does nothing when it is opened, only when its form is sent: programs
open links before people do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.alerting.signing import NoLink, Signer
from monitor.domain.durations import DAY_MS
from monitor.domain.labels import Said

LINKED = (Said.TRUE.value, Said.FALSE_ALARM.value, Said.EXPECTED.value)
"""Labels that a notice offers."""
DAYS = 7
PATH = "/label/"


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
        self._signer = Signer(key, "label-link")
        self._page = page.rstrip("/")
        self._now_ms = now_ms

    def urls(self, incident: str, labels: tuple[str, ...], receiver: str) -> dict[str, str]:
        """By label, a link that holds for a week. None where the server's address is not known."""
        if not self._page:
            return {}
        until_ms = self._now_ms() + DAYS * DAY_MS
        return {label: self.url(LabelLink(incident, label, receiver, until_ms)) for label in labels}

    def url(self, link: LabelLink) -> str:
        said = [link.incident, link.label, link.receiver, link.until_ms]
        return f"{self._page}{PATH}{self._signer.token(said)}"

    def read(self, token: str) -> LabelLink:
        """Raises NoLink, with words for whoever opened it."""
        link = LabelLink(*self._signer.read(token))
        if self._now_ms() >= link.until_ms:
            raise NoLink("This link has expired. Log in to set a label.")
        return link
