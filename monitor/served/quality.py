"""Measures of quality from counters: what is counted of each labelled prediction, and what follows from it.

Every task has one layout of integers, so that counters of two parts of a bucket add to those of both, in
any order, to the bit. Intervals are of 95 %: Wilson's for shares, the normal one for means, Hanley and
McNeil's for the area under the curve. ``n`` is the effective number of cases: where pending predictions had
to be sampled a kept one stands for several (Horvitz and Thompson), and (Σw)²/Σw² are worth as much as they.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from monitor.domain.served import Measure, Task
from monitor.served import exact
from monitor.served.table import add_at

CLASSES = 16
"""Classes told apart; the last one stands for all further ones."""
SCORES = 96
RELIABILITY = 10
CONFIDENCES = 40
"""Twenty bins of confidence for each of: the positive class predicted, another one predicted."""
RANKS = 11

PREDICTED, LABELLED, WEIGHT, SQUARES, FIRST = range(5)
"""Columns that every task has: predictions, those with outcome, the sum of weights and of their squares."""

_Z = 1.959963984540054
_LOSS_SCALE = 2.0**32
_SQUARE_SCALE = 2.0**24
_LEAST = 1e-15

_TP = FIRST
_SAID = _TP + CLASSES
_WAS = _SAID + CLASSES
_CURVE = _WAS + CLASSES
_RELIABLE = _CURVE + 2 * SCORES
_LOSSES = _RELIABLE + 3 * RELIABILITY
_CONFIDENT = _LOSSES + 5
_ERRORS = ("error", "absolute", "square", "fourth", "relative", "relative_square")

WIDTH = {
    Task.CLASSIFICATION: _CONFIDENT + 2 * CONFIDENCES,
    Task.REGRESSION: FIRST + 2 + len(_ERRORS) * exact.DIGITS,
    Task.RANKING: FIRST + RANKS,
}
MAIN = {Task.CLASSIFICATION: "accuracy", Task.REGRESSION: "mae", Task.RANKING: "hit_rate"}

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def count_classes(
    table: Integers,
    rows: Rows,
    said: Integers,
    was: Integers,
    score: Floats,
    positive: int,
    weight: Integers,
) -> None:
    """Count classified cases: codes of the class said and of the true one (below `CLASSES`), and a score."""
    right = said == was
    add_at(table, rows[right], _TP + said[right], weight[right])
    add_at(table, rows, _SAID + said, weight)
    add_at(table, rows, _WAS + was, weight)
    scored = (score >= 0.0) & (score <= 1.0)
    rows, said, was, score, weight = rows[scored], said[scored], was[scored], score[scored], weight[scored]
    truth = was == positive
    add_at(table, rows, _CURVE + 2 * score_bin(score) + truth, weight)
    sure = np.maximum((score * RELIABILITY).astype(np.int64) - (score == 1.0), 0)
    fixed = np.rint(score * _LOSS_SCALE).astype(np.int64)
    for place, what in ((0, weight), (1, truth * weight), (2, fixed * weight)):
        add_at(table, rows, _RELIABLE + 3 * sure + place, what)
    chance = np.clip(np.where(truth, score, 1.0 - score), _LEAST, 1.0)
    loss, brier = -np.log(chance), (score - truth) ** 2
    add_at(table, rows, _LOSSES, weight)
    for place, of, scale in (
        (1, loss, _LOSS_SCALE),
        (2, loss**2, _SQUARE_SCALE),
        (3, brier, _LOSS_SCALE),
        (4, brier**2, _LOSS_SCALE),
    ):
        add_at(table, rows, _LOSSES + place, np.rint(of * scale).astype(np.int64) * weight)
    bins = confidence_bin(score, said == positive)
    add_at(table, rows, _CONFIDENT + 2 * bins, weight)
    add_at(table, rows, _CONFIDENT + 2 * bins + 1, (said == was) * weight)


def count_errors(table: Integers, rows: Rows, said: Floats, was: Floats, weight: Integers) -> None:
    """Count numbers predicted against numbers that came."""
    counts = was != 0.0
    add_at(table, rows, FIRST, weight)
    add_at(table, rows[counts], FIRST + 1, weight[counts])
    with np.errstate(over="ignore"):  # what is beyond all numbers counts as the largest that is summed
        error = said - was
        relative = np.divide(np.abs(error), np.abs(was), out=np.zeros_like(error), where=counts)
        terms = (error, np.abs(error), error**2, error**4, relative, relative**2)
    for place, term in enumerate(terms):
        exact.add(table, rows, FIRST + 2 + place * exact.DIGITS, term, weight)


def count_ranks(table: Integers, rows: Rows, rank: Floats, weight: Integers) -> None:
    """Count the place (from 1) at which what was wanted stood; 0 or one beyond the list: not in it."""
    place = np.where((rank >= 1.0) & (rank < RANKS), rank, RANKS).astype(np.int64) - 1
    add_at(table, rows, FIRST + place, weight)


def score_bin(score: Floats) -> Integers:
    """96 bins of equal width in log-odds from −12 to 12, so that rare classes are told apart too."""
    sure = np.clip(score, 1e-9, 1.0 - 1e-9)
    return np.clip((np.log(sure / (1.0 - sure)) + 12.0) * 4.0, 0, SCORES - 1).astype(np.int64)


def confidence_bin(score: Floats, positive: NDArray[np.bool_]) -> Integers:
    """Of `CONFIDENCES`: by the probability of the positive class, beside whether it was predicted."""
    bins = np.clip((score * 20.0).astype(np.int64), 0, 19)
    return bins + 20 * positive


def confidences(counts: Integers) -> Integers:
    """(CONFIDENCES, 2): labelled cases in each bin, and those that were right."""
    return counts[_CONFIDENT : _CONFIDENT + 2 * CONFIDENCES].reshape(-1, 2)


def measures(task: Task, counts: Integers, positive: int, binary: bool, top: int = 10) -> dict[str, Measure]:
    """All measures of a bucket's counters; those that are not defined are left out."""
    if not counts[LABELLED]:
        return {}
    share = float(counts[WEIGHT]) / float(counts[SQUARES])
    if task is Task.CLASSIFICATION:
        return _classification(counts, positive, binary, share)
    if task is Task.REGRESSION:
        return _regression(counts, share)
    return _ranking(counts, share, top)


def wilson(value: float, n: float) -> tuple[float, float]:
    """The interval of a share of ``n`` cases.

    >>> [round(x, 3) for x in wilson(0.5, 100)]
    [0.404, 0.596]
    """
    z2 = _Z * _Z
    middle = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(max(value * (1 - value), 0.0) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(part: float, whole: float, per: float) -> Measure | None:
    """``per``: effective cases a unit of weight."""
    if whole <= 0:
        return None
    n, value = float(max(whole * per, 1.0)), float(part / whole)
    return Measure(value, n, *wilson(value, n))


def _mean(total: float, squares: float, whole: float, per: float) -> Measure | None:
    if whole <= 0:
        return None
    n, mean = float(max(whole * per, 1.0)), float(total / whole)
    half = _Z * math.sqrt(max(squares / whole - mean * mean, 0.0) / n)
    return Measure(mean, n, mean - half, mean + half)


def _known(found: Mapping[str, Measure | None]) -> dict[str, Measure]:
    return {name: measure for name, measure in found.items() if measure is not None}


def _classification(counts: Integers, positive: int, binary: bool, per: float) -> dict[str, Measure]:
    right = counts[_TP:_SAID].astype(np.float64)
    said = counts[_SAID:_WAS].astype(np.float64)
    was = counts[_WAS:_CURVE].astype(np.float64)
    found = {"accuracy": _share(float(right.sum()), float(was.sum()), per)}
    if binary:
        tp, predicted, actual = right[positive], said[positive], was[positive]
        found["precision"] = _share(tp, predicted, per)
        found["recall"] = _share(tp, actual, per)
        found["f1"] = _share(2 * tp, predicted + actual, per)
        found |= _scores(counts, per)
    else:
        seen = was > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            recall = np.where(seen, right / was, 0.0)
            precision = np.where(said > 0, right / said, 0.0)
            f1 = np.where(seen | (said > 0), 2 * right / (said + was), 0.0)
        n = max(float(was.sum()) * per, 1.0)
        for name, of in (("precision", precision), ("recall", recall), ("f1", f1)):
            found[name] = Measure(float(of[seen].mean()), n)
    return _known(found)


def _scores(counts: Integers, per: float) -> dict[str, Measure | None]:
    curve = counts[_CURVE:_RELIABLE].reshape(SCORES, 2).astype(np.float64)
    scored, losses = float(counts[_LOSSES]), counts[_LOSSES : _LOSSES + 5].astype(np.float64)
    reliable = counts[_RELIABLE:_LOSSES].reshape(RELIABILITY, 3).astype(np.float64)
    if scored <= 0:
        return {}
    gap = float(np.abs(reliable[:, 1] - reliable[:, 2] / _LOSS_SCALE).sum()) / scored
    return {
        "auc": _area(curve[:, 1], curve[:, 0], per),
        "log_loss": _mean(losses[1] / _LOSS_SCALE, losses[2] / _SQUARE_SCALE, scored, per),
        "brier": _mean(losses[3] / _LOSS_SCALE, losses[4] / _LOSS_SCALE, scored, per),
        "calibration_error": Measure(gap, max(scored * per, 1.0)),
    }


def _area(positives: Floats, negatives: Floats, per: float) -> Measure | None:
    p, q = float(positives.sum()), float(negatives.sum())
    if not (p and q):
        return None
    below = np.cumsum(negatives) - negatives
    area = float((positives * (below + negatives / 2)).sum()) / (p * q)
    n1, n2 = max(p * per, 1.0), max(q * per, 1.0)
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (n1 - 1) * (q1 - area**2) + (n2 - 1) * (q2 - area**2)
    half = _Z * math.sqrt(max(variance, 0.0) / (n1 * n2))
    return Measure(area, n1 + n2, max(area - half, 0.0), min(area + half, 1.0))


def _regression(counts: Integers, per: float) -> dict[str, Measure]:
    start = FIRST + 2
    sums = {
        name: exact.total(counts[start + i * exact.DIGITS : start + (i + 1) * exact.DIGITS])
        for i, name in enumerate(_ERRORS)
    }
    whole, relative = float(counts[FIRST]), float(counts[FIRST + 1])
    found = {
        "mae": _mean(sums["absolute"], sums["square"], whole, per),
        "bias": _mean(sums["error"], sums["square"], whole, per),
        "mape": _mean(sums["relative"], sums["relative_square"], relative, per),
    }
    square = _mean(sums["square"], sums["fourth"], whole, per)
    if square is not None:
        low, high = (math.sqrt(max(bound or 0.0, 0.0)) for bound in (square.lower, square.upper))
        found["rmse"] = Measure(math.sqrt(square.value), square.n, low, high)
    return _known(found)


def _ranking(counts: Integers, per: float, top: int) -> dict[str, Measure]:
    places = counts[FIRST : FIRST + RANKS].astype(np.float64)
    whole = float(places.sum())
    gain = np.where(np.arange(RANKS) < top, 1.0 / np.log2(np.arange(RANKS) + 2.0), 0.0)
    gained, squares = float((places * gain).sum()), float((places * gain**2).sum())
    hits = _share(float(places[:top].sum()), whole, per)
    return _known({"hit_rate": hits, "ndcg": _mean(gained, squares, whole, per)})
