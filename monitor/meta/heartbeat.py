"""A sign of life to an address outside, each minute while all is well: whoever misses it raises the alarm.

Watchkeeper cannot tell of its own death, so silence has to be the message. While it is not well nothing is
sent; why is in the server's log, once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from monitor.domain.durations import MINUTE_MS

log = logging.getLogger(__name__)


class Heartbeat:
    """``unwell``: why not to send, empty while all is well; ``send`` raises where it was not taken.
    ``trouble`` says why the newest one did not go out. One thread."""

    def __init__(
        self, unwell: Callable[[], str], send: Callable[[], None], now_ms: Callable[[], int]
    ) -> None:
        self._unwell = unwell
        self._send = send
        self._now_ms = now_ms
        self._minute = -1
        self.trouble = ""
        self.sent_ms: int | None = None

    def beat(self) -> None:
        """Once a minute, however often it is called."""
        now_ms = self._now_ms()
        minute = now_ms // MINUTE_MS
        if minute == self._minute:
            return
        self._minute = minute
        trouble = self._unwell()
        if not trouble:
            try:
                self._send()
                self.sent_ms = now_ms
            except Exception as error:
                trouble = f"the heartbeat was not taken: {error}"
        if trouble and trouble != self.trouble:
            log.warning("no heartbeat: %s", trouble)
        self.trouble = trouble
