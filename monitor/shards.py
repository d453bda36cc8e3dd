"""How the outside asks the shards and tells them: one shard, each of them, or the one that has a series."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from monitor.domain.errors import IntakeUnavailable, NotFound
from monitor.domain.records import Control, Tick
from monitor.domain.series import shard_of
from monitor.engine.base import Engine

Row = dict[str, Any]
"""A series as its shard tells of it."""
POINTS_MAX = 100_000
"""Buckets of a series that are read for one answer, the newest; ten weeks by the minute."""
_SERIES_ID = re.compile("[0-9a-f]{16}")


class Shards:
    """``engine()`` is the running engine, or raises IntakeUnavailable; ``answer_s``: how long a word may take
    to be on disk. Thread-safe, without memory."""

    def __init__(self, engine: Callable[[], Engine], answer_s: float) -> None:
        self._engine = engine
        self._answer_s = answer_s

    @property
    def count(self) -> int:
        return self._engine().shards

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        return self._engine().ask(shard, question, **arguments)

    def ask_all(self, question: str, **arguments: Any) -> list[Any]:
        """The answers, by shard."""
        engine = self._engine()
        return [engine.ask(shard, question, **arguments) for shard in range(engine.shards)]

    def owner(self, series_id: str) -> int:
        """The shard that has a series, whose id this is."""
        return shard_of(int(series_id, 16), self.count)

    def ask_owner(self, series_id: str, question: str, **arguments: Any) -> Any:
        """The answer of the shard that has a series, which is asked for ``id``. Raises NotFound for what no
        series' id can be."""
        engine = self._engine()
        if not _SERIES_ID.fullmatch(series_id):
            raise NotFound(f"no series {series_id[:64]}")
        return engine.ask(self.owner(series_id), question, id=series_id, **arguments)

    def tell(self, entry: Tick | Control) -> None:
        """On disk in every shard when this returns. Raises IntakeUnavailable."""
        try:
            self._engine().control(entry).result(self._answer_s)
        except TimeoutError as error:
            raise IntakeUnavailable("the intake log did not answer in time") from error
