"""Slow, obvious twin of `monitor.served.loss`: every prediction by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

Pair = tuple[float, float, float]
"""What was predicted, the absolute error, the weight."""


def expected_errors(pairs: Sequence[Pair], predicted: Sequence[float], bins: int) -> tuple[float, float]:
    """The mean absolute and the root mean squared error to be expected of predictions: each has those of
    the past whose prediction lies between the same two quantiles, which are values that were predicted."""
    said = sorted(pair[0] for pair in pairs)
    quantiles = {said[max(math.ceil(len(said) * k / bins) - 1, 0)] for k in range(1, bins)}
    edges = sorted(edge for edge in quantiles if edge < said[-1])
    absolute = square = 0.0
    for one in predicted:
        mine = sum(edge < one for edge in edges)
        bin_of = [pair for pair in pairs if sum(edge < pair[0] for edge in edges) == mine]
        whole = sum(weight for _, _, weight in bin_of)
        absolute += sum(weight * error for _, error, weight in bin_of) / whole
        square += sum(weight * error**2 for _, error, weight in bin_of) / whole
    return absolute / len(predicted), math.sqrt(square / len(predicted))
