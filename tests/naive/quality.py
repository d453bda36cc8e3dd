"""Slow, obvious twins of what `monitor.served` measures: every case by itself, by the definition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def accuracy(said: Sequence[int], was: Sequence[int]) -> float:
    return sum(a == b for a, b in zip(said, was, strict=True)) / len(was)


def precision_recall_f1(said: Sequence[int], was: Sequence[int], positive: int) -> tuple[float, float, float]:
    tp = sum(a == positive == b for a, b in zip(said, was, strict=True))
    predicted, actual = sum(a == positive for a in said), sum(b == positive for b in was)
    return tp / predicted, tp / actual, 2 * tp / (predicted + actual)


def auc(score: Sequence[float], truth: Sequence[bool]) -> float:
    """Share of pairs in the right order; equal scores count half."""
    above = [s for s, t in zip(score, truth, strict=True) if t]
    below = [s for s, t in zip(score, truth, strict=True) if not t]
    won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in above for b in below)
    return won / (len(above) * len(below))


def log_loss(score: Sequence[float], truth: Sequence[bool]) -> float:
    return sum(-math.log(s if t else 1.0 - s) for s, t in zip(score, truth, strict=True)) / len(score)


def brier(score: Sequence[float], truth: Sequence[bool]) -> float:
    return sum((s - t) ** 2 for s, t in zip(score, truth, strict=True)) / len(score)


def calibration_error(score: Sequence[float], truth: Sequence[bool], bins: int = 10) -> float:
    """Mean distance of score and share of positives over equal bins, by how many each holds."""
    error = 0.0
    for k in range(bins):
        inside = [(s, t) for s, t in zip(score, truth, strict=True) if min(int(s * bins), bins - 1) == k]
        if inside:
            error += abs(sum(t for _, t in inside) - sum(s for s, _ in inside))
    return error / len(score)


def regression(said: Sequence[float], was: Sequence[float]) -> dict[str, float]:
    errors = [Fraction(a) - Fraction(b) for a, b in zip(said, was, strict=True)]
    n = len(errors)
    relative = [abs(e) / abs(Fraction(b)) for e, b in zip(errors, was, strict=True) if b]
    return {
        "mae": float(sum(map(abs, errors)) / n),
        "bias": float(sum(errors) / n),
        "rmse": math.sqrt(sum(e * e for e in errors) / n),
        "mape": float(sum(relative) / len(relative)),
    }


def ranking(ranks: Sequence[int], top: int) -> tuple[float, float]:
    """Hit rate and normalised discounted gain of lists with one wanted item; rank 0: not in the list."""
    hits = sum(1 <= r <= top for r in ranks) / len(ranks)
    gain = sum(1 / math.log2(1 + r) for r in ranks if 1 <= r <= top) / len(ranks)
    return hits, gain
