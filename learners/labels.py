"""What people say of values, and what it does in the contest. Nobody can label yet: this is the place for it.

A window may carry one code a value. A value that somebody called a *real* fault does not count in the
comparison of candidates: a model owes no forecast of a fault, and must not win by having followed one. A
value that was called *noise*, or planned, counts `NOISE_COUNTS` times: the system has said too much about it
once, and the model that expects it best should win. Without labels every value counts alike, by the same
arithmetic as if there were no such thing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NONE, REAL, NOISE = 0, 1, 2
"""The codes; they will be stored, so values are never reused."""

NOISE_COUNTS = 8.0
"""A choice, not a measurement: there are no labels to measure it on."""


def weights_of(labels: NDArray[np.int8] | None) -> NDArray[np.float64] | None:
    """How much each value counts; None where all count alike, as without any label.

    >>> weights_of(np.array([NONE, REAL, NOISE], np.int8)).tolist(), weights_of(np.zeros(3, np.int8))
    ([1.0, 0.0, 8.0], None)
    """
    if labels is None or not labels.any():
        return None
    return np.select([labels == REAL, labels == NOISE], [0.0, NOISE_COUNTS], 1.0).astype(np.float64)


def weighted_loss(
    residual: NDArray[np.float64], scale: NDArray[np.float64], weight: NDArray[np.float64], first: int
) -> float:
    """The contest's loss (`learners.select`) with a weight a value, over those from ``first`` on; 0 if
    nothing there counts."""
    counts = weight[first:]
    square = np.minimum(np.minimum(np.abs(residual[first:]), 1e100) ** 2, 1e200)
    loss = np.log(scale[first:]) + 2.5 * np.log1p(0.25 * square)
    total = float(counts.sum())
    return float((loss * counts).sum()) / total if total > 0.0 else 0.0
