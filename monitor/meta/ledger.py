"""What one shard knows of how it does: counted as it goes along, never part of its state.

A restart begins at nothing; whoever asks takes differences, and begins anew where a count has fallen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.meta import DECIDED_MS, PREFIX, SETTLED
from monitor.domain.observation import Observations
from monitor.domain.switch import Cause, Switch
from monitor.meta.tally import Tally

UNKNOWN, OTHERS, OWN = -1, 0, 1
"""What a series may be: not looked up yet, of others, of Watchkeeper itself."""
_CANONICAL = PREFIX.encode()
SWITCHES_MAX = 100_000
_UNDONE = (Cause.UNDO.value, Cause.ROLLED_BACK.value)
SAMPLED = 2_048
"""Of more series in a shard, the values of about so many are counted, always the same, spread over all:
shares are right to a point by them, and a hundred thousand series cost no more."""
_MIX = 2_654_435_761


class Ledger:
    """``canonical`` names the series of a row. Not thread-safe: the shard's state lock is held, but for
    `spent`, which only the host's thread calls. One byte a series."""

    def __init__(self, canonical: Callable[[int], bytes]) -> None:
        self._canonical = canonical
        self._own: NDArray[np.int8] = np.full(1_024, UNKNOWN, np.int8)
        self._tally = Tally()
        self._switches: deque[tuple[int, int, str, str, bool]] = deque(maxlen=SWITCHES_MAX)
        self._spent: dict[str, list[float]] = {}

    def own(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows are Watchkeeper's own series."""
        found = self.marks(int(rows.max(initial=-1)) + 1)[rows]
        if (found == UNKNOWN).any():
            for row in np.unique(rows[found == UNKNOWN]).tolist():
                own = self._canonical(row).startswith(_CANONICAL)
                self._own[row] = OWN if own else OTHERS
            found = self._own[rows]
        mine: NDArray[np.bool_] = found == OWN
        return mine

    def marks(self, rows: int) -> NDArray[np.int8]:
        """By row, of so many rows, what is known of its series: a view, to be read."""
        if rows > len(self._own):
            grown = np.full(max(rows, 2 * len(self._own)), UNKNOWN, np.int8)
            grown[: len(self._own)] = self._own
            self._own = grown
        return self._own[:rows]

    def forget(self, rows: Iterable[int]) -> None:
        """These rows will be other series."""
        for row in rows:
            if row < len(self._own):
                self._own[row] = UNKNOWN

    def observed(self, seen: Observations, metric_class: NDArray[Any], final_n: NDArray[Any]) -> None:
        """Final buckets; by row ``metric_class``, the class' code, and ``final_n``, final buckets so far.
        Series that are not settled do not count: their bands are to be wrong at times."""
        share = min(1.0, SAMPLED / max(1, len(final_n)))
        places = _settled(seen.row, final_n, int(share * (2**32 - 1)))
        if len(places):
            places = places[~self.own(seen.row[places])]
            self._tally.add(seen, places, metric_class)

    def switched(self, switches: Sequence[Switch], at_ms: int) -> None:
        """Changes of models, of series past their first passes, which are to change much; ``at_ms``: event
        time reached."""
        for one in switches:
            settled = one.before is not None and one.buckets > SETTLED
            if one.before is not None and settled and not self.own(np.array([one.row]))[0]:
                moved = one.after.champion if one.after.champion != one.before.champion else ""
                seasons = bool(one.before.periods) and one.after.periods != one.before.periods
                self._switches.append((at_ms, one.row, one.cause.value, moved, seasons))

    def spent(self, stage: str, seconds: float, items: int) -> None:
        """Time that a stage took for so many samples or series."""
        known = self._spent.setdefault(stage, [0.0, 0.0])
        known[0] += seconds
        known[1] += items

    def read(self, at_ms: int) -> dict[str, Any]:
        """Plain values: ``counts`` (of `Tally`, flat) and ``spent`` since the start; of the day before
        ``at_ms`` the number of series that were moved by passes (by family), whose seasons passes changed,
        and of which something was undone."""
        while self._switches and self._switches[0][0] < at_ms - DECIDED_MS:
            self._switches.popleft()
        learned = [one for one in self._switches if one[2] == Cause.LEARNED.value]
        moved: dict[str, set[int]] = {}
        for _, row, _, family, _ in learned:
            if family:
                moved.setdefault(family, set()).add(row)
        return {
            "counts": self._tally.counts.ravel().copy(),
            "spent": {stage: list(pair) for stage, pair in self._spent.items()},
            "moved": {family: len(rows) for family, rows in moved.items()},
            "seasons_changed": len({row for _, row, _, _, seasons in learned if seasons}),
            "undone": len({one[1] for one in self._switches if one[2] in _UNDONE}),
        }


@kernel
def _settled(rows: Any, final_n: Any, share: int) -> Any:
    """Places of the values of settled series whose mixed row is at most ``share``, of 32 bits."""
    found = np.empty(len(rows), np.intp)
    count = 0
    for i in range(len(rows)):
        if (rows[i] * _MIX) & 0xFFFF_FFFF <= share and final_n[rows[i]] > SETTLED:
            found[count] = i
            count += 1
    return found[:count]
