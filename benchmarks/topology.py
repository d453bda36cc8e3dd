"""Incidents with a known cause, over series that share tags only in part: grouping, suspects, and their cost.

Precision and recall are of pairs of anomalies: told in one incident, and caused by one. Beside the default
system stand two simple rules: all that begins in the same hour belongs together; all that shares a tag, a
metric or the leading part of a name and is near in time does (the first form of this system).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.planted_topology import START_MS, Planted, World, planted
from monitor.correlation.learned import learn
from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.series import Identity
from monitor.domain.topology import Learned, Onset
from monitor.incidents.grouping import group
from monitor.incidents.relations import Relations, onsets_among
from monitor.incidents.rules import Rules
from monitor.incidents.suspects import suspects

TITLE = "Incidents with a known cause: grouping, suspects, and the graph's cost"


def run(toy: bool) -> list[Figure]:
    world = World(series=400, groups=8, incidents=40, earlier=40) if toy else World()
    found = planted(world)
    relations = relations_of(found.anomalies)
    figures = _judged("", found, grouped(found, relations), relations)
    figures[0] = _with_goal(figures[0], 0.95)
    figures[1] = _with_goal(figures[1], 0.90)
    figures[2], figures[3] = _with_goal(figures[2], 75.0), _with_goal(figures[3], 90.0)
    figures += _judged("same hour: ", found, same_hour(found))
    figures += _judged("same tags: ", found, same_tags(found))
    cold = planted(World(**{**_values(world), "earlier": 0}))
    relations = relations_of(cold.anomalies)
    figures += _judged("without history: ", cold, grouped(cold, relations), relations)
    return figures + cost(toy)


def relations_of(found: Sequence[Anomaly]) -> Relations:
    """The default system's, over these anomalies by begin; every day's graph is made once."""
    begin = [a.begin_ms for a in found]
    graphs: dict[int, Learned] = {}

    def between(from_ms: int, until_ms: int) -> list[Onset]:
        return onsets_among(found[bisect_left(begin, from_ms) : bisect_left(begin, until_ms)])

    def once(onsets: Sequence[Onset], from_ms: int, until_ms: int) -> Learned:
        if until_ms not in graphs:
            graphs[until_ms] = learn(onsets, from_ms, until_ms)
        return graphs[until_ms]

    return Relations(Rules(), once, None, between, begin[-1] + DAY_MS)


def grouped(found: Planted, relations: Relations) -> NDArray[np.int64]:
    """The default system's group of each anomaly."""
    return _numbers(found, [one.members for one in group(found.anomalies, Rules(), relations)])


def same_tags(found: Planted) -> NDArray[np.int64]:
    rules = Rules(chance_decades=1e-300)
    return _numbers(found, [g.members for g in group(found.anomalies, rules)])


def same_hour(found: Planted) -> NDArray[np.int64]:
    return np.array([a.begin_ms // HOUR_MS for a in found.anomalies])


def _numbers(found: Planted, groups: Sequence[Sequence[Anomaly]]) -> NDArray[np.int64]:
    of = {a.id: number for number, members in enumerate(groups) for a in members}
    return np.array([of[a.id] for a in found.anomalies])


def _judged(
    name: str, found: Planted, told: NDArray[np.int64], relations: Relations | None = None
) -> list[Figure]:
    judged = np.array([a.begin_ms >= found.judged_ms for a in found.anomalies])
    caused, of = found.incident[judged], told[judged]
    both = _pairs(Counter((int(t), int(c)) for t, c in zip(of, caused, strict=True) if c >= 0).values())
    precision = both / max(_pairs(Counter(of.tolist()).values()), 1)
    recall = both / max(_pairs(Counter(caused[caused >= 0].tolist()).values()), 1)
    figures = [
        Figure(f"{name}precision", precision, "of pairs told together"),
        Figure(f"{name}recall", recall, "of pairs caused together"),
    ]
    if relations is not None:
        ranks = _ranks(found, told, relations)
        note = f"{len(ranks)} incidents"
        for most, words in ((1, "first"), (3, "among the first three")):
            share = 100.0 * np.mean([rank < most for rank in ranks])
            figures.append(Figure(f"{name}origin {words}", float(share), "%", note=note))
    return figures


def _ranks(found: Planted, told: NDArray[np.int64], relations: Relations) -> list[int]:
    """Where each judged incident's origin stands among the suspects of the group that has its onset."""
    members: dict[int, list[Anomaly]] = {}
    for one, number in zip(found.anomalies, told.tolist(), strict=True):
        members.setdefault(number, []).append(one)
    ranks = []
    for one, number, incident in zip(found.anomalies, told.tolist(), found.incident.tolist(), strict=True):
        if incident >= 0 and one.series == found.origin[incident] and one.begin_ms >= found.judged_ms:
            ranked = [s.series for s in suspects(members[number], relations)]
            name = str(one.series)
            ranks.append(ranked.index(name) if name in ranked else len(ranked))
    return ranks


def _pairs(sizes: object) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)  # type: ignore[attr-defined]


def _with_goal(figure: Figure, goal: float) -> Figure:
    return Figure(figure.name, figure.value, figure.unit, goal, note=figure.note)


def _values(world: World) -> dict[str, object]:
    return {name: getattr(world, name) for name in World.__slots__}


def cost(toy: bool) -> list[Figure]:
    """Seconds to learn the graph of ever more series, ten onsets each, a fifth of them in groups of 50."""
    sizes = (1_000, 2_000) if toy else (12_500, 25_000, 50_000, 100_000)
    learn(many(500), START_MS, START_MS + 28 * DAY_MS)  # compiled before it is timed
    learn(many(3_000), START_MS, START_MS + 28 * DAY_MS)
    figures, took = [], []
    for size in sizes:
        onsets = many(size)
        began = time.perf_counter()
        graph = learn(onsets, START_MS, START_MS + 28 * DAY_MS)
        took.append(time.perf_counter() - began)
        goal = 60.0 if size == 100_000 else None
        note = f"{len(graph):,} edges"
        figures.append(Figure(f"graph of {size:,} series", took[-1], "s", goal, at_most=True, note=note))
    growth = np.polyfit(np.log(sizes), np.log(took), 1)[0]
    figures.append(
        Figure("growth", max(float(growth), 0.0), "exponent of the cost in series", 1.2, at_most=True)
    )
    return figures


def many(series: int, seed: int = 7) -> list[Onset]:
    """Five onsets each of its own, five together with its group's where it is of one."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(series):
        name = Identity.of(f"m{place % 200}", {"host": f"h{place // 200}", "zone": f"z{place % 7}"})
        own = random.integers(0, 28 * DAY_MS, 10 if place % 5 else 5)
        shared = np.random.default_rng((seed, place // 250)).integers(0, 28 * DAY_MS, 5)
        lag = random.integers(0, 30) * 60_000
        times = own if place % 5 else np.concatenate([own, shared + lag])
        found += [Onset(name, START_MS + int(at) // 60_000 * 60_000, 60_000) for at in times]
    return found
