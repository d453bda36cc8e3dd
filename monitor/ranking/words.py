"""Why a ranking puts an incident where it does, in words."""

from __future__ import annotations

from monitor.ranking.ranker import Reason

_HIGH_LOW = {
    "level": ("its score is high", "its score is low"),
    "minutes": ("it lasts long", "it is short"),
    "series": ("it has many series", "it has few series"),
    "hour_cos": ("it began at night", "it began by day"),
    "hour_sin": ("it began before noon", "it began after noon"),
}
"""Of numbers, beside those of the incidents that were labelled."""
_DIRECTIONS = {"direction=1": "up", "direction=-1": "down", "direction=0": "neither up nor down"}


def words_of(reason: Reason) -> str:
    """
    >>> words_of(Reason("level", 0.8, 1.2)), words_of(Reason("tag country=NL", -0.4, 1.0))
    ('acted on more often: its score is high', 'acted on less often: tag country=NL')
    """
    how = "acted on more often" if reason.speaks > 0.0 else "acted on less often"
    if reason.feature in _HIGH_LOW:
        high, low = _HIGH_LOW[reason.feature]
        return f"{how}: {high if reason.size >= 0.0 else low}"
    return f"{how}: {_DIRECTIONS.get(reason.feature, reason.feature)}"
