"""Windows in which no incident begins: what mutes with ``incidents`` select, and until when.

An anomaly that begins inside a window begins, for incidents, at the window's end, if it still goes on then;
one that ended before is in no incident. What began before the window was asked for stays where it is. All of
that is a function of the anomaly and of the mutes, so a replay has the same incidents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS
from monitor.domain.mute import Mute, Selector, Weekly

SURE_BUCKETS = 5
"""So many buckets after a window's end an anomaly of it that is over is told to be: three ordinary buckets
end it, and the newest two are not final."""
SURE_MS = 2 * DAY_MS
"""Longer nobody waits: what is told to be over later is taken out of its incident then."""


@dataclass(frozen=True, slots=True)
class _Window:
    selector: Selector
    spans: tuple[tuple[int, int], ...]


class Windows:
    """Those of some mutes. Thread-safe, since nothing changes.

    >>> from monitor.domain.anomaly import AnomalyKind
    >>> from monitor.domain.series import Identity
    >>> spike = Anomaly(
    ...     "00ab-1f-a", Identity.of("latency"), AnomalyKind.SPIKE, 1, 60_000, 60_000, 60_000, None,
    ...     80.0, 180.0, 100.0, 90.0, 110.0, 1, 60_000)
    >>> mute = Mute("m", Selector("lat*"), 30_000, 600_000, "ann", "move", incidents=True)
    >>> Windows([mute]).until_ms(spike), Windows([replace(mute, ended_ms=50_000)]).until_ms(spike)
    (600000, None)
    """

    def __init__(self, mutes: Iterable[Mute] = ()) -> None:
        found = [_Window(mute.selector, _spans(mute)) for mute in mutes if mute.incidents]
        self._windows = [one for one in found if one.spans]

    def __bool__(self) -> bool:
        return bool(self._windows)

    def until_ms(self, anomaly: Anomaly) -> int | None:
        """Until when it is kept out of incidents, over windows that overlap; None if it is not.
        O(windows + spans of those that hold)."""
        begin_ms = at_ms = anomaly.unmuted.begin_ms
        while (end_ms := self._end_ms(anomaly, at_ms)) > at_ms:
            at_ms = end_ms
        return at_ms if at_ms > begin_ms else None

    def _end_ms(self, anomaly: Anomaly, at_ms: int) -> int:
        """The latest end of a span that covers a time; that time, where there is none."""
        found = at_ms
        for one in self._windows:
            if one.spans[0][0] <= at_ms < one.spans[-1][1]:
                end_ms = next((end for first, end in one.spans if first <= at_ms < end), at_ms)
                if end_ms > found and _selects(one.selector, anomaly):
                    found = end_ms
        return found

    def over(self, anomaly: Anomaly) -> Anomaly:
        """The anomaly as these windows have it."""
        if not self._windows and anomaly.muted_until_ms is None:
            return anomaly
        return replace(anomaly, muted_until_ms=self.until_ms(anomaly))


def _selects(selector: Selector, anomaly: Anomaly) -> bool:
    return selector.team in (None, anomaly.team) and selector.selects(anomaly.series)


def _spans(mute: Mute) -> tuple[tuple[int, int], ...]:
    """From when it was asked for to when somebody ended it."""
    whole: tuple[tuple[int, int], ...] = ((mute.start_ms, mute.end_ms),)
    if mute.weekly is not None:
        whole = _written_out(mute.weekly, mute.start_ms, mute.end_ms)
    cut = ((max(first, mute.created_ms), min(end, mute.until_ms)) for first, end in whole)
    return tuple((first, end) for first, end in cut if first < end)


@lru_cache(4_096)
def _written_out(weekly: Weekly, from_ms: int, until_ms: int) -> tuple[tuple[int, int], ...]:
    """90 ms for a month, so once for each mute."""
    return tuple(weekly.spans(from_ms, until_ms))


def sure_ms(anomaly: Anomaly) -> int:
    """From when on it is known whether a muted anomaly went on at its window's end."""
    return (anomaly.muted_until_ms or 0) + min(SURE_BUCKETS * anomaly.cadence_ms, SURE_MS)


def kept_out(anomaly: Anomaly, now_ms: int) -> bool:
    """Is it in no incident, by event time ``now_ms``?"""
    until_ms = anomaly.muted_until_ms
    if until_ms is None:
        return False
    ended = anomaly.end_ms is not None and anomaly.end_ms <= until_ms
    reached_ms = now_ms if anomaly.heard_ms is None else anomaly.heard_ms
    return ended or reached_ms < sure_ms(anomaly)
