"""What is left to be told where the ranking, taught by the same labels, holds back notices.

Each anomaly counts as an incident of its own, ranked by all that is known of it at its end but its length: a
notice goes out when an incident opens and knows less, so what is held back here is at least as well chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zlib import crc32

from monitor.domain.anomaly import Anomaly
from monitor.domain.budget import HIGHEST
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.shape import level_of
from monitor.domain.traits import Traits
from monitor.likely import ASKED_AGAIN
from monitor.ranking.lessons import USER_DAY
from monitor.ranking.ranker import Ranker

BELOW = 0.5
"""The highest that `ranking.hold_back_below` may be; by default it is 0, and nothing is held back."""


def taught(said: Sequence[tuple[Anomaly, bool]]) -> Ranker:
    """By what one person said, in the order of time and within the limit of a day."""
    ranker = Ranker(opening=True)
    days: dict[int, int] = {}
    for one, true in sorted(said, key=lambda told: (told[0].last_ms, told[0].id)):
        day = one.last_ms // DAY_MS
        days[day] = days.get(day, 0) + 1
        if days[day] <= USER_DAY:
            ranker.learn(traits_of(one), true)
    return ranker


def told(ranker: Ranker, anomalies: Sequence[Anomaly], below: float = BELOW) -> list[Anomaly]:
    """Those of which a notice goes out, by the rule of `monitor.likely`."""
    if not ranker.proof.proven:
        return list(anomalies)
    return [
        one
        for one in anomalies
        if level_of(one.score) >= HIGHEST
        or crc32(one.id.encode()) % ASKED_AGAIN == 0
        or ranker.chance(traits_of(one)) >= below
    ]


def traits_of(one: Anomaly) -> Traits:
    return Traits(
        score=one.score,
        minutes=(one.last_ms + one.cadence_ms - one.onset_ms) / MINUTE_MS,
        series=1,
        kind=one.kind.value,
        direction=one.direction,
        hour=datetime.fromtimestamp(one.onset_ms / 1_000, UTC).hour,
        metric=one.series.metric,
        tags=tuple(sorted(one.series.tags)),
    )
