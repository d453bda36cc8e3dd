"""Judged values by family, class, how surprising they were and whether they lay in their band.

One compiled loop over the values that are counted, beside the path of a sample and not in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.classify import CLASSES
from learners.compiled import kernel
from learners.score import score
from monitor.domain.anomaly import ANOMALOUS, Verdict
from monitor.domain.observation import Observations

FAMILIES = tuple(family.name.lower() for family in Family)
BEYOND = (("p50", 0.5), ("p10", 0.1), ("p01", 0.01))
"""Tail probabilities whose shares are told, by name."""
LEVELS = (10, 30, 50, 70)
"""Scores whose shares are told."""
_BEYOND_AT = [score(-math.log10(p)) for _, p in BEYOND]
_EDGES = np.sort(np.array([*_BEYOND_AT, *LEVELS], np.float32))
_JUDGED = np.ones(256, np.bool_)
_JUDGED[[int(Verdict.LEARNING), int(Verdict.MISSING)]] = False
_ANOMALOUS = np.zeros(256, np.bool_)
_ANOMALOUS[list(ANOMALOUS)] = True
SHAPE = (len(FAMILIES), len(CLASSES), len(_EDGES) + 1, 2, 2)


class Tally:
    """Counts since the start; ``counts`` has the axes family, class, how many of the scores of `BEYOND` and
    `LEVELS` were reached, in the band, anomalous."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(SHAPE, np.int64)

    def add(self, seen: Observations, places: NDArray[np.intp], metric_class: NDArray[Any]) -> None:
        """Counts the observations at ``places`` that were judged; ``metric_class``: by row, the class' code.
        Some 10 ns each."""
        _count(
            self.counts,
            places,
            seen.row,
            seen.value,
            seen.lower,
            seen.upper,
            seen.score,
            seen.verdict,
            seen.model,
            metric_class,
        )


@kernel
def _count(
    counts: Any,
    places: Any,
    row: Any,
    value: Any,
    lower: Any,
    upper: Any,
    score: Any,
    verdict: Any,
    model: Any,
    metric_class: Any,
) -> None:
    for i in places:
        if _JUDGED[verdict[i]] and not np.isnan(lower[i]):
            reached = 0
            while reached < len(_EDGES) and _EDGES[reached] <= score[i]:
                reached += 1
            inside = np.int64(lower[i] <= value[i] <= upper[i])
            anomalous = np.int64(_ANOMALOUS[verdict[i]])
            counts[model[i], metric_class[row[i]], reached, inside, anomalous] += 1


def family_shares(counts: NDArray[np.int64]) -> Mapping[str, tuple[int, float, Mapping[str, float]]]:
    """By family: judged values, the share in the band, and the share beyond each of `BEYOND`."""
    found = {}
    for place, name in enumerate(FAMILIES):
        part = counts[place]
        if n := int(part.sum()):
            beyond = {
                name: _from(part.sum(0), edge) / n for (name, _), edge in zip(BEYOND, _BEYOND_AT, strict=True)
            }
            found[name] = (n, float(part[:, :, 1].sum()) / n, beyond)
    return found


def score_shares(counts: NDArray[np.int64]) -> tuple[int, Mapping[str, float]]:
    """Judged values, and by level of `LEVELS` the share that scored as much."""
    by_score = counts.sum((0, 1))
    n = int(by_score.sum())
    return n, {str(level): _from(by_score, level) / n for level in LEVELS if n}


def _from(by_score: NDArray[np.int64], edge: float) -> float:
    """How many values reached a score that is one of the edges."""
    at = int(np.searchsorted(_EDGES, np.float32(edge)))
    return float(by_score[at + 1 :].sum())


def class_rates(counts: NDArray[np.int64]) -> Mapping[str, tuple[int, float]]:
    """By class: judged values, and the share that was anomalous."""
    found = {}
    for place, name in enumerate(CLASSES):
        part = counts[:, place]
        if n := int(part.sum()):
            found[name] = (n, float(part[..., 1].sum()) / n)
    return found
