"""Links to the chart of one incident, for services that show a picture by its address only: signed, and for
some days. Whoever has one sees that chart, as whoever has the message does, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from monitor.alerting.signing import NoLink, Signer
from monitor.domain.durations import DAY_MS

DAYS = 7
PATH = "/chart/"


class ChartLinks:
    """``page``: address of this server from outside; ``now_ms``: the wall clock; ``drawable``: can this
    server draw at all?

    >>> links = ChartLinks(b"k" * 32, "https://watchkeeper.example/", lambda: 0)
    >>> url = links.url("inc-1")
    >>> links.read(url.removeprefix("https://watchkeeper.example/chart/"))
    'inc-1'
    >>> ChartLinks(b"k" * 32, "", lambda: 0).url("inc-1")
    ''
    """

    def __init__(self, key: bytes, page: str, now_ms: Callable[[], int], drawable: bool = True) -> None:
        self._signer = Signer(key, "chart-link")
        self._page = page.rstrip("/") if drawable else ""
        self._now_ms = now_ms

    def url(self, incident: str) -> str:
        """Holds for a week. Empty where the server's address is not known, or it cannot draw."""
        if not self._page:
            return ""
        return f"{self._page}{PATH}{self._signer.token([incident, self._now_ms() + DAYS * DAY_MS])}"

    def read(self, token: str) -> str:
        """The incident. Raises NoLink."""
        incident, until_ms = self._signer.read(token)
        if self._now_ms() >= until_ms:
            raise NoLink("This link has expired.")
        return str(incident)
