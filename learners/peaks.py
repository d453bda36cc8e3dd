"""Frequencies that stand out of the spectrum round them: where a period may be worth a test.

The background at a frequency is the trimmed mean of the power in a band round it, so a line does not raise
it, and red noise, whose power falls with frequency, does not pass for a line. A peak is only a nomination.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners.compiled import kernel

PEAKS = 4
STANDS_OUT = 18.0
_GROWTH = 1.4
_BAND_MIN = 16
_BANDS_MAX = 64


@kernel
def fill_window(window: Any) -> None:
    """A Hann window. Its cosines by their recurrence, started anew often enough to stay exact."""
    n = len(window)
    step = 2.0 * math.pi / n
    turn = 2.0 * math.cos(step)
    for first in range(0, n, 64):
        before, now = math.cos(step * (first - 1)), math.cos(step * first)
        for i in range(first, min(first + 64, n)):
            window[i] = 0.5 - 0.5 * now
            before, now = now, turn * now - before


@kernel
def taper(x: Any, window: Any, out: Any) -> None:
    """The values less their straight line, under a window; zeros after them."""
    n = len(x)
    middle = 0.5 * (n - 1)
    level, slope = 0.0, 0.0
    for i in range(n):
        level += x[i]
        slope += x[i] * (i - middle)
    level /= n
    slope /= max(n * (n * n - 1.0) / 12.0, 1.0)
    for i in range(n):
        out[i] = (x[i] - level - slope * (i - middle)) * window[i]
    for i in range(n, len(out)):
        out[i] = 0.0


@kernel
def nominate(power: Any, size: int, n: int, shortest: int, turns_min: int, found: Any) -> int:
    """Frequencies, in cycles per bucket, of the peaks that stand out most, strongest first.

    ``power``: squared transform of ``n`` values padded to ``size``; ``found`` float64[PEAKS]; returns their
    number. Periods from ``shortest`` to n / ``turns_min`` are looked at.
    """
    first = max((turns_min * size + n - 1) // n, 2)
    last = min(size // shortest, len(power) - 2)
    if last - first < 3:
        return 0
    centre, level = np.empty(_BANDS_MAX), np.empty(_BANDS_MAX)
    bands = _backgrounds(power, first, last, centre, level)
    ratios = np.zeros(PEAKS)
    count, band = 0, 0
    for q in range(first, last + 1):
        here = power[q]
        if here <= power[q - 1] or here < power[q + 1]:
            continue
        while band < bands - 2 and q > centre[band + 1]:
            band += 1
        usual = level[band]
        if bands > 1:
            way = min(max((q - centre[band]) / (centre[band + 1] - centre[band]), 0.0), 1.0)
            usual += way * (level[band + 1] - level[band])
        if here <= STANDS_OUT * usual:
            continue
        ratio = here / usual if usual > 0.0 else np.inf
        if count == PEAKS and ratio <= ratios[PEAKS - 1]:
            continue
        place = min(count, PEAKS - 1)
        while place > 0 and ratios[place - 1] < ratio:
            ratios[place], found[place] = ratios[place - 1], found[place - 1]
            place -= 1
        ratios[place], found[place] = ratio, (q + _top(power, q)) / size
        count = min(count + 1, PEAKS)
    return count


@kernel
def _backgrounds(power: Any, first: int, last: int, centre: Any, level: Any) -> int:
    bands, start = 0, first
    while start <= last and bands < _BANDS_MAX:
        end = min(start + max(int((_GROWTH - 1.0) * start), _BAND_MIN), last + 1)
        if last + 1 - end < _BAND_MIN or bands == _BANDS_MAX - 1:
            end = last + 1
        limit, mean = np.inf, 0.0
        for _ in range(4):
            total, count = 0.0, 0
            for q in range(start, end):
                if power[q] <= limit:
                    total += power[q]
                    count += 1
            mean = total / max(count, 1)
            limit = 2.5 * mean
        centre[bands], level[bands] = 0.5 * (start + end - 1), mean
        bands += 1
        start = end
    return bands


@kernel
def _top(power: Any, q: int) -> float:
    """How far beside ``q`` the parabola through the logarithms of three powers has its top."""
    if not (power[q - 1] > 0.0 and power[q + 1] > 0.0):
        return 0.0
    left, here, right = math.log(power[q - 1]), math.log(power[q]), math.log(power[q + 1])
    bend = left - 2.0 * here + right
    return 0.5 * (left - right) / bend if bend < 0.0 else 0.0


@kernel
def taper_rows(x: Any, lengths: Any, out: Any) -> None:
    """`taper` of each row; zeros where there is none."""
    window, known = np.empty(x.shape[1]), 0
    for i in range(len(out)):
        if i < len(lengths) and lengths[i] > 0:
            if lengths[i] != known:
                known = lengths[i]
                fill_window(window[:known])
            taper(x[i, : lengths[i]], window, out[i])
        else:
            out[i, :] = 0.0


@kernel
def nominate_rows(spectrum: Any, size: int, lengths: Any, shortest: int, turns_min: int, found: Any) -> None:
    """`nominate` for each row of transforms; ``found`` float64[rows, PEAKS], 0 where there is no more."""
    power = np.empty(spectrum.shape[1])
    for i in range(len(lengths)):
        if lengths[i] == 0:
            continue
        for q in range(len(power)):
            power[q] = spectrum[i, q].real ** 2 + spectrum[i, q].imag ** 2
        nominate(power, size, lengths[i], shortest, turns_min, found[i])
