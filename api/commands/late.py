"""How many samples a server took and did not score, since each of their buckets was final already."""

from __future__ import annotations

import time
from collections.abc import Callable

from api.client import Client, ServerTrouble

WAIT_S = 30.0
LOOK_S = 0.1


class Late:
    """Counts from when it is made. Only whoever may read the server's status is told; those sent by others
    meanwhile are counted, too."""

    def __init__(self, server: Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._server = server
        self._sleep = sleep
        self._before, _ = self._look()

    def count(self) -> int | None:
        """Once all that was sent is scored, `WAIT_S` at most; None where it is not known."""
        if self._before is None:
            return None
        until = time.monotonic() + WAIT_S
        while True:
            late, waiting = self._look()
            if late is None or not waiting:
                return None if late is None else max(late - self._before, 0)
            if time.monotonic() > until:
                return None
            self._sleep(LOOK_S)

    def _look(self) -> tuple[int | None, int]:
        """Late samples, and those that are not scored yet."""
        try:
            shards = self._server.get("/api/v1/status")["shards"]
        except ServerTrouble:
            return None, 0
        if not shards:  # they are not told of
            return None, 0
        return sum(one["late"] for one in shards), sum(one["lag_samples"] for one in shards)
