"""Every limit of a running system, entered into its book with how much of it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.engine.base import ShardStatus
from monitor.settings import Settings
from monitor.telemetry import LimitBook


@dataclass(frozen=True, slots=True)
class InUse:
    """What is used now: readers of ``incidents`` as they change, ``teams``, ``notices`` that wait, and bytes
    of predictions that are ``served``; ``shards``: none while nothing runs."""

    shards: Callable[[], Sequence[ShardStatus]]
    watchers: Callable[[], int]
    teams: Callable[[], int]
    notices: Callable[[], int]
    served: Callable[[], int]


def enter_limits(book: LimitBook, settings: Settings, used: InUse) -> None:
    """Of limits that each shard has by itself, the fullest shard says how near they are."""
    http, limits = settings.http, settings.limits

    def fullest(of: Callable[[ShardStatus], float]) -> Callable[[], float]:
        return lambda: max(map(of, used.shards()), default=0)

    book.enter("http.feedback_per_minute", http.feedback_per_minute)
    book.enter("http.note_bytes", http.note_bytes)
    book.enter("http.watchers", http.watchers, used.watchers)
    if limits.series_max is not None:
        book.enter("series_max", limits.series_max, lambda: sum(one.series for one in used.shards()))
    book.enter("tag_values_max", limits.tag_values_max, fullest(lambda one: one.tag_values))
    book.enter("time_zones_max", limits.time_zones_max, fullest(lambda one: one.time_zones))
    book.enter("declarations_max", limits.declarations_max, fullest(lambda one: one.declarations))
    book.enter("patterns_max", limits.patterns_max)
    book.enter("teams_max", limits.teams_max, used.teams)
    book.enter("late_ms_max", limits.late_ms_max)
    book.enter("notices_max", settings.alerts.notices_max, used.notices)
    book.enter("future_ms_max", limits.future_ms_max)
    book.enter("predictions_bytes_max", settings.predictions_bytes_max, used.served)
    lag_bytes = fullest(lambda one: one.lag_bytes)
    book.enter("backlog_bytes_max", limits.backlog_bytes_max, lambda: lag_bytes() * len(used.shards()))
    book.enter("backlog_s_max", limits.backlog_s_max, fullest(lambda one: one.lag_ms / 1_000))
