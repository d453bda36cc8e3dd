"""What the rules of `classify` look at: one `SHAPE` a row, from its values in time order and in size order.

One compiled pass over each, about 15 µs for 2,016 values. Distances are in robust deviations, so a factor or
a constant changes only what it should: zeros, signs and whole numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.cleaned import CLIP, centre_and_spread
from learners.compiled import kernel
from learners.rows import Rows

SHAPE = np.dtype(
    [
        ("samples", "i8"),
        ("distinct", "i8"),
        ("integers", "?"),
        ("nonnegative", "?"),
        ("within_one", "?"),
        ("zero_share", "f8"),
        ("repeat_share", "f8"),  # steps to an equal value
        ("rising_share", "f8"),  # steps that do not fall
        ("reset_share", "f8"),  # falls to less than half
        ("fill", "f8"),  # buckets with a value
        ("gap_variation", "f8"),  # deviation of the distances between values over their mean
        ("trend_share", "f8"),  # variance that a straight line explains
        ("reach", "f8"),  # (98 % - median) / (75 % - 25 %), or the same downwards
        ("valley", "f8"),  # density between two heaps over that of the lower heap; 1: one heap
        ("crossings", "i8"),  # steps over that valley
        ("dispersion", "f8"),  # variance over mean, where whole numbers
    ]
)
_BINS = 48
_HEAP_MIN = 0.08


def shapes_of(rows: Rows) -> NDArray[np.void]:
    """`SHAPE` of each row.

    >>> shape = shapes_of(Rows.of(np.array([[0.0, 1.0, 1.0, np.nan, 3.0]])))[0]
    >>> int(shape["samples"]), int(shape["distinct"]), float(shape["fill"]), bool(shape["integers"])
    (4, 3, 0.8, True)
    """
    shapes = np.zeros(len(rows), SHAPE)
    _shapes(rows.values, rows.ordered, rows.first, rows.end, rows.count, shapes)
    return shapes


@kernel
def _shapes(values: Any, ordered: Any, first: Any, end: Any, count: Any, shapes: Any) -> None:
    density, spare = np.empty(_BINS), np.empty(_BINS)
    for r in range(len(shapes)):
        n = count[r]
        shapes[r].samples = n
        shapes[r].valley = 1.0
        if n > 0:
            centre, spread = centre_and_spread(ordered[r], n)
            _by_size(ordered[r, :n], shapes[r])
            _by_time(values[r, first[r] : end[r]], n, centre, spread, shapes[r])
            _heaps(ordered[r, :n], values[r, first[r] : end[r]], density, spare, shapes[r])


@kernel
def _by_size(ordered: Any, shape: Any) -> None:
    n = len(ordered)
    distinct, zeros = 1, 0
    for i in range(n):
        distinct += i > 0 and ordered[i] != ordered[i - 1]
        zeros += ordered[i] == 0.0
    shape.distinct, shape.zero_share = distinct, zeros / n
    shape.nonnegative = ordered[0] >= 0.0
    shape.within_one = ordered[0] >= 0.0 and ordered[n - 1] <= 1.0
    last = n - 1
    quarter = 0.5 * ordered[int(0.75 * last)] - 0.5 * ordered[int(0.25 * last)]
    middle = 0.5 * ordered[int(0.5 * last)]
    up = 0.5 * ordered[last - int(0.02 * last)] - middle
    far = max(up, middle - 0.5 * ordered[int(0.02 * last)])
    shape.reach = min(far / quarter, 1e9) if quarter > 0.0 else (0.0 if far <= 0.0 else 1e9)


@kernel
def _by_time(y: Any, n: int, centre: float, spread: float, shape: Any) -> None:
    repeats, rising, resets = 0, 0, 0
    integers = True
    before, place, gaps = 0.0, -1, 0.0
    middle = 0.5 * (len(y) - 1)
    level, slope, square, at_sum, at_square = 0.0, 0.0, 0.0, 0.0, 0.0
    total, squares = 0.0, 0.0
    for i in range(len(y)):
        value = y[i]
        if value != value:
            continue
        integers &= math.floor(value) == value
        if place >= 0:
            repeats += value == before
            rising += value >= before
            resets += value < 0.5 * before
            gaps += float(i - place) ** 2
        if spread > 0.0:
            x = min(max((value - centre) / spread, -CLIP), CLIP)
            at = i - middle
            level += x
            slope += at * x
            square += x * x
            at_sum += at
            at_square += at * at
            capped = centre + x * spread
            total += capped / n
            squares += x * x
        before, place = value, i
    steps = max(n - 1, 1)
    shape.integers = integers
    shape.repeat_share, shape.rising_share, shape.reset_share = (
        repeats / steps,
        rising / steps,
        resets / steps,
    )
    shape.fill = n / len(y)
    mean_gap = (len(y) - 1) / steps
    shape.gap_variation = math.sqrt(max(gaps / steps - mean_gap**2, 0.0)) / max(mean_gap, 1.0)
    variance = square - level * level / n
    along = at_square - at_sum * at_sum / n
    if n >= 8 and variance > 1e-20 * n and along > 0.0:
        share = (slope - at_sum * level / n) ** 2 / (variance * along)
        shape.trend_share = min(share, 1.0)
    if integers and total > 0.0 and spread < 1e100:
        shape.dispersion = variance / n * spread * spread / total


@kernel
def _heaps(ordered: Any, y: Any, density: Any, spare: Any, shape: Any) -> None:
    """The deepest valley of a smoothed histogram between two heaps, and how often values step over it."""
    n = len(ordered)
    low, high = ordered[int(0.01 * (n - 1))], ordered[int(0.99 * (n - 1))]
    width = (0.5 * high - 0.5 * low) / (0.5 * _BINS)
    if n < 64 or not width > 0.0:
        return
    below = 0
    for b in range(_BINS):  # values are sorted, so a bin is between two places
        edge = np.searchsorted(ordered, low + (b + 1) * width)
        density[b] = edge - below if b > 0 else edge - np.searchsorted(ordered, low)
        below = edge
    for _ in range(2):
        for b in range(_BINS):
            left, right = density[max(b - 1, 0)], density[min(b + 1, _BINS - 1)]
            spare[b] = 0.25 * left + 0.5 * density[b] + 0.25 * right
        for b in range(_BINS):
            density[b] = spare[b]
    right_top = 0.0
    for b in range(_BINS - 1, -1, -1):  # spare: the highest from here on
        right_top = max(right_top, density[b])
        spare[b] = right_top
    mass, left_top, best, where = 0.0, 0.0, 1.0, -1
    for b in range(1, _BINS - 1):
        mass += density[b - 1]
        left_top = max(left_top, density[b - 1])
        lower = min(left_top, spare[b + 1])
        if mass < _HEAP_MIN * n or mass > (1.0 - _HEAP_MIN) * n or lower < max(0.01 * n, 6.0):
            continue
        depth = density[b] / lower
        if depth < best:
            best, where = depth, b
    if where < 0:
        return
    level = low + (where + 0.5) * width
    crossings, known, above = 0, False, False
    for i in range(len(y)):
        if y[i] == y[i]:
            crossings += known and (y[i] > level) != above
            known, above = True, y[i] > level
    shape.valley, shape.crossings = best, crossings
