"""Young series for the outside: what is known of one that has no model yet, asked of all shards."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import islice

from monitor.domain.outlook import LEARNING, SIBLINGS_MAX, Sibling, WideBand, borrowed, wide_band
from monitor.shards import Row, Shards


class Young:
    """``company`` names the team of which a series' siblings must be, None: of any. Thread-safe, without
    memory."""

    def __init__(self, shards: Shards, company: Callable[[Row], str | None] = lambda _: None) -> None:
        self._shards = shards
        self._company = company

    def band(self, series: Row) -> WideBand | None:
        """The wide band of a series that is learning, None for others and where nothing is known. Of its
        siblings with models, the `SIBLINGS_MAX` with the smallest ids count, so that the answer is the same
        for any number of shards. A few milliseconds a million series."""
        if series["stage"] != LEARNING:
            return None
        id, metric = str(series["id"]), str(series["metric"])
        values = self._shards.ask_owner(id, "first_values")
        asked = {"metric": metric, "most": SIBLINGS_MAX, "team": self._company(series)}
        lists = self._shards.ask_all("siblings", **asked)
        nearest = islice(heapq.merge(*lists, key=lambda one: str(one[0])), SIBLINGS_MAX)
        return wide_band(values, borrowed([Sibling(level, spread) for _, level, spread in nearest]))
