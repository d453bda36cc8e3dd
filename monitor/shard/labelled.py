"""The labels in force, as a shard keeps them, and the opinions that follow from them.

Opinions are a function of the labels in force alone, in the order of the log: a label that is undone leaves
nothing behind. What one label, one user, one series and one metric may say is limited
(`monitor.domain.influence`, `OWN_MAX`, `KIN_MAX`), and the limits too are applied where opinions are made,
so an undo lets in what was beyond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.durations import MINUTE_MS
from monitor.domain.influence import Vote, votes
from monitor.domain.labels import Label, Said
from monitor.domain.shape import Statistic
from monitor.shard.judgements import LEAN, STILL, VALUE
from monitor.shard.rules import Rules
from monitor.shard.state import OPINION

LABELS_MAX = 16_384
"""Labels in force that a shard keeps, some 1 kB each; those beyond have no say. One more costs some 50 ms
then."""
OWN_MAX = 64
KIN_MAX = 256
"""Opinions of a series, and of a metric's siblings, that are asked: the newest."""
STATISTICS: Mapping[Statistic, int] = {Statistic.VALUE: VALUE, Statistic.LEAN: LEAN, Statistic.STILL: STILL}


@dataclass(frozen=True, slots=True)
class Placed:
    """``rows``: of the series of each shape, -1 where it is another shard's. ``adopted``: by row, the bucket
    at which "new normal" made a level normal."""

    label: Label
    rows: tuple[int, ...]
    adopted: tuple[tuple[int, int], ...] = ()


class Labelled:
    """Verdicts in force by id, in the order of the log."""

    def __init__(self) -> None:
        self._placed: dict[str, Placed] = {}
        self._votes: list[Vote] | None = []

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[Placed]:
        return iter(self._placed.values())

    def tell(self, label: Label, rows: Sequence[int]) -> Placed | None:
        """Take a label in; None where it changes nothing."""
        if label.said.facet != "verdict" or label.id in self._placed or len(self) >= LABELS_MAX:
            return None
        placed = self._placed[label.id] = Placed(label, tuple(rows))
        self._votes = None
        return placed

    def adopt(self, placed: Placed, adopted: Sequence[tuple[int, int]]) -> None:
        self._placed[placed.label.id] = replace(placed, adopted=tuple(adopted))

    def undo(self, label_id: str) -> Placed | None:
        self._votes = None
        return self._placed.pop(label_id, None)

    def forget(self, rows: Iterable[int]) -> None:
        """The series of these rows are no more; what was said of them is gone with them."""
        gone = set(rows)
        self._votes = None
        for id, placed in list(self._placed.items()):
            kept = [place for place, row in enumerate(placed.rows) if row not in gone]
            if len(kept) < len(placed.rows):
                label = replace(placed.label, shapes=tuple(placed.label.shapes[i] for i in kept))
                rest = tuple(placed.rows[i] for i in kept)
                adopted = tuple(one for one in placed.adopted if one[0] not in gone)
                self._placed[id] = Placed(label, rest, adopted)

    def votes(self) -> list[Vote]:
        if self._votes is None:
            self._votes = votes([placed.label for placed in self])
        return self._votes

    def about(self, row: int, metric: str) -> list[tuple[Vote, bool]]:
        """What has a say about a series, the newest first, and whether it was said of the series itself."""
        found = [
            (vote, self._placed[vote.label.id].rows[vote.place] == row)
            for vote in self.votes()
            if vote.shape.metric == metric
        ]
        return found[::-1]

    def spans(self, said: Said, statistic: Statistic | None = None) -> dict[int, list[tuple[int, int]]]:
        """By row, the spans that hold as ``said``, in event time; of one ``statistic``, or of all."""
        found: dict[int, list[tuple[int, int]]] = {}
        for vote in self.votes():
            row = self._placed[vote.label.id].rows[vote.place]
            if row >= 0 and vote.label.said is said and statistic in (None, vote.shape.statistic):
                found.setdefault(row, []).append((vote.shape.from_ms, vote.shape.to_ms))
        return found

    def opinions(
        self, rules: Rules, rule_of: NDArray[np.uint16]
    ) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Those of series by row, and those of siblings by rule, each in the order of the log."""
        acting = self.votes()
        numbers = rules.numbers_by_metric({vote.shape.metric for vote in acting})
        own: list[tuple[int, int, Vote]] = []
        kin: list[tuple[int, int, Vote]] = []
        for vote in acting:
            row = self._placed[vote.label.id].rows[vote.place]
            if 0 <= row < len(rule_of):
                own.append((row, row, vote))
            kin += [(number, row, vote) for number in numbers.get(vote.shape.metric, ())]
        return (
            _table(own, OWN_MAX, rules, lambda row: int(rule_of[row])),
            _table(kin, KIN_MAX, rules, lambda number: number),
        )

    def state(self) -> list[dict[str, Any]]:
        """Plain values from which `from_state` makes the same labels."""
        return [
            {
                "label": placed.label.to_body(),
                "rows": list(placed.rows),
                "adopted": [list(one) for one in placed.adopted],
            }
            for placed in self
        ]

    @staticmethod
    def from_state(state: Iterable[Mapping[str, Any]]) -> Labelled:
        labelled = Labelled()
        for one in state:
            placed = labelled.tell(Label.from_body(one["label"]), one["rows"])
            if placed is not None:
                labelled.adopt(placed, [(row, bucket) for row, bucket in one["adopted"]])
        return labelled


def _table(found: list[tuple[int, int, Vote]], most: int, rules: Rules, rule_of: Any) -> NDArray[np.void]:
    """Opinions by key, the newest ``most`` of each."""
    by_key: dict[int, list[tuple[int, Vote]]] = {}
    for key, row, vote in found:
        by_key.setdefault(key, []).append((row, vote))
    table = np.zeros(sum(min(len(some), most) for some in by_key.values()), OPINION)
    at = 0
    for key in sorted(by_key):
        zone = int(rules.table["zone"][rule_of(key)])
        for row, vote in by_key[key][-most:]:
            shape = vote.shape
            civil = int(rules.zones.civil(zone, np.array([shape.from_ms]))[0])
            table[at] = (
                *(
                    key,
                    shape.level,
                    shape.size,
                    shape.to_ms,
                    row,
                    civil // MINUTE_MS % 1_440,
                    min(shape.buckets, 2**30),
                ),
                *(shape.side, STATISTICS[shape.statistic], shape.lasting, vote.quieter),
            )
            at += 1
    return table
