"""The graph that some weeks of onsets give: an edge between series that began together beyond chance.

A function of the set of onsets, whatever order they came in, so that every replay has the same graph of
a day. Linear in series; about 120 bytes an edge while it is made and 40 after (`benchmarks/topology.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.similarity import Lags, candidates, overlaps, rows_for, signatures, tokens
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.series import Identity
from monitor.domain.topology import Edge, Evidence, Key, Onset, keys_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bar:
    """What makes an edge. ``count_min``: occasions on which both began. ``decades_min``: −log10 of the
    chance of it; of such edges in the synthetic benchmark one in a hundred is wrong. ``most``: edges a
    series keeps, the strongest."""

    count_min: int = 2
    decades_min: float = 3.0
    most: int = 32


class Graph:
    """`monitor.domain.topology.Learned` over arrays. See `learn`."""

    def __init__(
        self,
        series: list[Identity],
        starts: Ints,
        begin_ms: Ints,
        found: NDArray[np.void],
        usual: Mapping[Key, float],
        until_ms: int,
        observed_ms: int,
    ) -> None:
        self.until_ms = until_ms
        self.observed_ms = observed_ms
        self._onsets = begin_ms
        self._from = starts
        self._series = series
        self._place = {one: place for place, one in enumerate(series)}
        self._found = found
        self._usual = usual
        ends = np.concatenate([found["one"], found["other"]])
        edge = np.tile(np.arange(len(found)), 2)
        order = np.lexsort((edge, -np.tile(found["decades"], 2), ends))
        self._edge = edge[order]
        self._starts = np.searchsorted(ends[order], np.arange(len(series) + 1))

    def onsets_of(self, series: Identity) -> list[int]:
        place = self._place.get(series)
        if place is None:
            return []
        found: list[int] = self._onsets[self._from[place] : self._from[place + 1]].tolist()
        return found

    def __len__(self) -> int:
        return len(self._found)

    def neighbours(self, series: Identity) -> list[Identity]:
        place = self._place.get(series)
        if place is None:
            return []
        rows = self._found[self._edge[self._starts[place] : self._starts[place + 1]]]
        others = rows["one"] + rows["other"] - place
        return [self._series[other] for other in others.tolist()]

    def edge(self, one: Identity, other: Identity) -> Edge | None:
        places = self._place.get(one), self._place.get(other)
        if places[0] is None or places[1] is None:
            return None
        at = self._edge[self._starts[places[0]] : self._starts[places[0] + 1]]
        for row in at.tolist():
            if self._found[row]["one"] + self._found[row]["other"] - places[0] == places[1]:
                return self._edge_of(self._found[row])
        return None

    def edges(self) -> Iterator[Edge]:
        return map(self._edge_of, self._found)

    def usual(self, key: Key) -> float:
        return self._usual.get(key, 0.0)

    def _count(self, place: int) -> int:
        return int(self._from[place + 1] - self._from[place])

    def _edge_of(self, row: np.void) -> Edge:
        one, other, lag_ms = int(row["one"]), int(row["other"]), int(row["lag_ms"])
        source, target = (one, other) if lag_ms >= 0 else (other, one)
        return Edge(
            source=self._series[source],
            target=self._series[target],
            kind=Evidence.TOGETHER,
            decades=float(row["decades"]),
            lag_ms=abs(lag_ms),
            count=int(row["count"]),
            of=min(self._count(one), self._count(other)),
            last_ms=int(row["last_ms"]),
        )


def learn(
    onsets: Iterable[Onset], from_ms: int, until_ms: int, bar: Bar | None = None, lags: Lags | None = None
) -> Graph:
    """The graph of onsets with from_ms <= begin < until_ms; others must not be among them.

    Where observation began later than ``from_ms``, rates are those of the time since, of a day at least.
    """
    bar, lags = bar or Bar(), lags or Lags()
    begins: dict[Identity, list[int]] = {}
    cadence: dict[Identity, int] = {}
    for onset in onsets:
        begins.setdefault(onset.series, []).append(onset.begin_ms)
        cadence[onset.series] = max(onset.cadence_ms, cadence.get(onset.series, 0))
    first_ms = min((min(times) for times in begins.values()), default=from_ms)
    span_ms = max(until_ms - max(from_ms, first_ms), DAY_MS)
    series = sorted(begins)
    sizes = np.array([len(begins[one]) for one in series], np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    begin_ms = np.array([at for one in series for at in sorted(begins[one])], np.int64)
    cadence_ms = np.array([cadence[one] for one in series], np.int64)
    found = _edges(starts, begin_ms, cadence_ms, span_ms, bar, lags)
    usual = _usual_days(begins, until_ms, span_ms)
    return Graph(series, starts, begin_ms, found, usual, until_ms, span_ms)


def _usual_days(begins: Mapping[Identity, Sequence[int]], until_ms: int, span_ms: int) -> dict[Key, float]:
    """The median of a key's occasions a day, hours in which one or more of its series begin: what begins
    together does not make a coincidence likelier. Keys of which it is 0 are left out."""
    days = math.ceil(span_ms / DAY_MS)
    hours: dict[Key, set[int]] = {}
    for one, times in begins.items():
        busy = {(until_ms - at - 1) // HOUR_MS for at in times}
        for key in keys_of(one):
            hours.setdefault(key, set()).update(busy)
    found = {}
    for key, occasions in hours.items():
        by_day = Counter(hour // 24 for hour in occasions)
        if 2 * len(by_day) >= days:
            each = sorted([0] * (days - len(by_day)) + list(by_day.values()))
            found[key] = (each[(days - 1) // 2] + each[days // 2]) / 2
    return found


def _edges(
    starts: Ints, begin_ms: Ints, cadence_ms: Ints, span_ms: int, bar: Bar, lags: Lags
) -> NDArray[np.void]:
    """Of series that began less often than an edge needs none is looked at."""
    sizes = np.diff(starts)
    often = np.flatnonzero(sizes >= bar.count_min)
    begin_ms = begin_ms[np.repeat(sizes >= bar.count_min, sizes)]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[often])])
    words = tokens(begin_ms, 2 * lags.most_ms).ravel()
    pairs = candidates(signatures(2 * starts, words), rows_for(len(often)))
    found = overlaps(pairs, starts, begin_ms, cadence_ms[often], span_ms, lags)
    found = found[(found["count"] >= bar.count_min) & (found["decades"] >= bar.decades_min)]
    found["one"], found["other"] = often[found["one"]], often[found["other"]]
    return found[_strongest(found, bar.most)]


def _strongest(found: NDArray[np.void], most: int) -> NDArray[np.bool_]:
    """Which edges are among the ``most`` strongest of either end; ties in order of the pair."""
    edge = np.tile(np.arange(len(found)), 2)
    end = np.concatenate([found["one"], found["other"]])
    order = np.lexsort((edge, -np.tile(found["decades"], 2), end))
    ordered = end[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    kept = np.zeros(len(found), np.bool_)
    kept[edge[order[rank < most]]] = True
    return kept
