"""A window cut into turns of a supposed period, counted from the newest value back."""

from __future__ import annotations

from typing import Any

from learners.compiled import kernel

_PRESENT = 0.5


@kernel
def whole_turns(x: Any, seen: Any, period: int, means: Any, places: Any) -> int:
    """The turns that are at least half present, counted from the newest value back; their number m.

    Fills ``means`` float64[m] and ``places`` int64[m] (first bucket of the turn).
    """
    many = len(x) // period
    first = len(x) - many * period
    m = 0
    for j in range(many):
        at = first + j * period
        if seen[at + period] - seen[at] >= _PRESENT * period:
            means[m] = total(x, at, at + period) / period
            places[m] = at
            m += 1
    return m


@kernel
def common_slope(m: int, means: Any, places: Any, spare: Any) -> float:
    """Median increment, per bucket, of the turns' means: that of a trend, and none of a step."""
    if m < 2:
        return 0.0
    for j in range(m - 1):
        spare[j] = (means[j + 1] - means[j]) / (places[j + 1] - places[j])
    return median(spare, m - 1)


@kernel
def median(values: Any, count: int) -> float:
    """Lower median of the first ``count``, by quickselect; moves them about."""
    low, high, wanted = 0, count - 1, (count - 1) // 2
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    found: float = values[wanted]
    return found


@kernel
def total(x: Any, start: int, end: int) -> float:
    """Four sums side by side: one alone would wait for each addition."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = end - (end - start) % 4
    for i in range(start, whole, 4):
        a += x[i]
        b += x[i + 1]
        c += x[i + 2]
        d += x[i + 3]
    for i in range(whole, end):
        a += x[i]
    return (a + b) + (c + d)
