"""Has this happened before? The past of a group's members, laid over one another by how they begin now.

Each member's onsets of the last weeks are written as the time from its onset now back to them. Where the
same cause was at work before, at the same lags, many members have one at the same time back: an occasion.
Another series that had one at that time back too, and begins now, belongs to them: it is the second time that
it comes with them. The graph asks each *pair* to have met twice before (`monitor.correlation.learned`); here
a group says it together, so once is enough. By chance a series agrees where one of its onsets falls beside an
occasion, and that is improbable while occasions are few; when they are many the graph knows the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.domain.anomaly import Anomaly
from monitor.domain.topology import UNTOLD
from monitor.incidents.chance import improbability
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules

Ints = NDArray[np.int64]
MOST = 256
"""Series of a group whose past is looked at, the first ones: enough to tell a third of them from chance."""


class Past:
    """``members``: how many anomalies the group has. Of its first `MOST` series the first anomaly is kept."""

    __slots__ = ("_back", "_first", "members")

    def __init__(self, anomaly: Anomaly) -> None:
        self.members = 1
        self._first = {anomaly.series: anomaly}
        self._back: Ints | None = None

    def take(self, other: Past) -> None:
        """The other group is part of this one."""
        self.members += other.members
        for series, anomaly in other._first.items():
            if len(self._first) == MOST:
                return
            if series not in self._first:
                self._first[series] = anomaly
                self._back = None

    def state(self) -> tuple[int, tuple[str, ...]]:
        """All that it decides by."""
        return self.members, tuple(anomaly.id for anomaly in self._first.values())

    def agrees(self, mine: Ints, anomaly: Anomaly, relations: Relations, rules: Rules) -> tuple[float, int]:
        """How improbable it is (−log10) that the anomaly's series was with the group by chance as often as it
        was; and how often that is. ``mine``: its `back_of`. O(mine × log of the group's), and O(those) when
        the group grew."""
        back = self._all_back(relations, rules)
        least = max(rules.precedent_series, rules.precedent_share * len(self._first))
        astray_ms = max(rules.precedent_astray_ms, anomaly.cadence_ms // 2)
        near = np.searchsorted(back, mine + astray_ms, "right") - np.searchsorted(back, mine - astray_ms)
        times = int(np.count_nonzero(near >= least))
        if not times:
            return 0.0, 0
        occasions = max(self._occasions(back, 2 * astray_ms, least, rules), times)
        beside_ms = occasions * (2 * astray_ms + anomaly.cadence_ms)
        observed_ms = relations.observed_ms(anomaly.team, anomaly.begin_ms)
        return improbability(len(mine) * beside_ms / observed_ms, times), times

    def _all_back(self, relations: Relations, rules: Rules) -> Ints:
        """The members' times back, in order."""
        if self._back is None:
            each = [back_of(anomaly, relations, rules) for anomaly in self._first.values()]
            self._back = np.sort(np.concatenate(each))
        return self._back

    @staticmethod
    def _occasions(back: Ints, width_ms: int, least: float, rules: Rules) -> int:
        """On how many occasions so many of the group began together."""
        full = back[np.searchsorted(back, back + width_ms, "right") - np.arange(len(back)) >= least]
        found = place = 0
        while place < len(full):
            found += 1
            place = int(np.searchsorted(full, full[place] + rules.occasion_ms))
        return found


def back_of(anomaly: Anomaly, relations: Relations, rules: Rules) -> Ints:
    """The onsets of its series before, back from its own; none where its begin does not say when something
    happened."""
    if anomaly.kind in UNTOLD:
        return np.zeros(0, np.int64)
    onsets_ms = relations.onsets_of(anomaly.series, anomaly.team, anomaly.begin_ms)
    return back_to(onsets_ms, anomaly.begin_ms, rules)


def back_to(onsets_ms: Sequence[int], begin_ms: int, rules: Rules) -> Ints:
    """From an onset now back to those before, one an occasion: a series that flaps met nobody twice.

    >>> hour = 3_600_000
    >>> (back_to([0, hour, 7 * hour], 9 * hour, Rules()) // hour).tolist()
    [-9, -2]
    """
    kept: list[int] = []
    for at_ms in onsets_ms:
        if not kept or at_ms - kept[-1] >= rules.occasion_ms:
            kept.append(at_ms)
    return np.array(kept, np.int64) - begin_ms
