"""Pauses of learning: which of them hold, in which spans of event time, and for which rows.

A mute with ``learning``, or a calendar of the mode ``suppress-learning``, is heard at its place in the log,
as a declaration is: what was final before it has taught, what becomes final after it teaches only outside of
its spans. Those are written out in the record, so a replay has the same ones. Series that appear later are
selected as they appear; a team's are those that were the team's when they were looked at.

8 bytes a series while there is a pause, none otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.mute import PAUSE_KEPT_MS, PAUSES_MAX, Selector, selector_of
from monitor.domain.series import Identity
from monitor.shard.state import PAUSE, PAUSED, SPAN

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """``spans`` [from, until) in order, none touching another."""

    id: str
    bit: int
    selector: Selector
    spans: Spans

    @property
    def until_ms(self) -> int:
        return self.spans[-1][1] if self.spans else 0


class Pauses:
    """By id, in the order of the log; and by row, the bits of those that select it."""

    def __init__(self) -> None:
        self._pauses: dict[str, Pause] = {}
        self.rows: NDArray[np.void] = np.zeros(0, PAUSED)

    def __len__(self) -> int:
        return len(self._pauses)

    def begin(self, id: str, selector: Selector, spans: Spans, now_ms: int, rows: Sequence[int]) -> None:
        """Take one in; ``rows``: the series it selects so far. What is long over makes room."""
        self._leave([one for one in self._pauses.values() if one.until_ms + PAUSE_KEPT_MS < now_ms])
        bit = next(
            (bit for bit in range(PAUSES_MAX) if all(bit != one.bit for one in self._pauses.values())), None
        )
        if bit is None or id in self._pauses or not spans:
            return
        self._pauses[id] = Pause(id, bit, selector, spans)
        self.reach(max(rows, default=-1) + 1)
        self.rows["mask"][np.asarray(rows, np.int64)] |= 1 << bit

    def end(self, id: str, at_ms: int) -> None:
        """Learning goes on from ``at_ms`` on."""
        known = self._pauses.get(id)
        if known is not None:
            cut = tuple((first, min(end, at_ms)) for first, end in known.spans if first < at_ms)
            self._pauses[id] = replace(known, spans=cut)

    def admit(self, row: int, identity: Identity, team: str | None) -> None:
        """A new series in ``row``: the pauses that select it."""
        self.reach(row + 1)
        self.rows["mask"][row] = sum(
            1 << one.bit
            for one in self._pauses.values()
            if one.selector.team in (None, team) and one.selector.selects(identity)
        )

    def of(self, row: int) -> list[tuple[int, int]]:
        """The spans in which the row's learning stands still; those of several pauses may overlap."""
        mask = int(self.rows["mask"][row]) if row < len(self.rows) else 0
        return [span for one in self._pauses.values() if mask >> one.bit & 1 for span in one.spans]

    def tables(self) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """As kernels read them: by bit, where its spans are; and the spans."""
        places = np.zeros(PAUSES_MAX, PAUSE)
        spans: list[tuple[int, int]] = []
        for one in self._pauses.values():
            places[one.bit] = (len(spans), len(spans) + len(one.spans))
            spans += one.spans
        return places, np.array(spans, SPAN)

    def reach(self, rows: int) -> None:
        """Have a place for each of so many rows, if there is any pause."""
        if self._pauses and rows > len(self.rows):
            grown = np.zeros(max(rows, 2 * len(self.rows)), PAUSED)
            grown[: len(self.rows)] = self.rows
            self.rows = grown

    def _leave(self, gone: Iterable[Pause]) -> None:
        for one in gone:
            del self._pauses[one.id]
            self.rows["mask"] &= ~(1 << one.bit)
        if not self._pauses:
            self.rows = np.zeros(0, PAUSED)

    def state(self) -> list[dict[str, Any]]:
        """Plain values from which, with ``rows``, `from_state` makes the same pauses."""
        return [
            {
                "id": one.id,
                "bit": one.bit,
                "selector": one.selector.to_body(),
                "spans": [list(span) for span in one.spans],
            }
            for one in self._pauses.values()
        ]

    @staticmethod
    def from_state(state: Iterable[Mapping[str, Any]], rows: NDArray[np.void]) -> Pauses:
        pauses = Pauses()
        for one in state:
            spans = tuple((first, end) for first, end in one["spans"])
            pauses._pauses[one["id"]] = Pause(one["id"], one["bit"], selector_of(one["selector"]), spans)
        pauses.rows = np.array(rows, PAUSED)
        return pauses


def told(pauses: Pauses, body: Mapping[str, Any], rows: Sequence[int]) -> None:
    """What a mute or a calendar, or the end of one, means for learning."""
    if "pause" in body:
        asked = body["pause"]
        spans = tuple((first, end) for first, end in asked["spans"])
        pauses.begin(asked["id"], selector_of(asked["selector"]), spans, asked["created_ms"], rows)
    else:
        ended = body.get("ended") or body.get("removed")
        if ended is not None:
            pauses.end(ended, body["at_ms"])
