"""Frequencies that stand out of the spectrum round them: where a period may be worth a test.

The background at a frequency is the trimmed mean of the power in a band round it, so a line does not raise
it, and red noise, whose power falls with frequency, does not pass for a line. The spectrum is that of clipped
steps from bucket to bucket: a trend, a jump and an outlier hardly leak into it. A peak is only a nomination,
so single precision is enough and rows are hardly padded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners import comb
from learners.cleaned import clipped_step
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
def taper(x: Any, usual: Any, window: Any, out: Any) -> None:
    """The clipped steps from place to place less their mean, under a window; zeros after them."""
    n, mean = len(x) - 1, 0.0
    for i in range(n):
        step = clipped_step(x, i + 1, usual)
        mean += step
        out[i] = step
    mean /= n
    for i in range(n):
        out[i] = (out[i] - mean) * window[i]
    out[n:] = 0.0


@kernel
def nominate(power: Any, ratio: Any, size: int, first: int, last: int, found: Any) -> int:
    """Frequencies, in cycles per bucket, of the peaks from ``first`` to ``last`` that stand out most,
    strongest first.

    ``power`` of a transform of ``size`` values and its ``ratio`` to the background; ``found`` float64[PEAKS];
    returns their number.
    """
    ratios = np.zeros(PEAKS)
    count = 0
    for q in range(first, last + 1):
        here = ratio[q]
        if here <= STANDS_OUT or power[q] <= power[q - 1] or power[q] < power[q + 1]:
            continue
        if count == PEAKS and here <= ratios[PEAKS - 1]:
            continue
        place = min(count, PEAKS - 1)
        while place > 0 and ratios[place - 1] < here:
            ratios[place], found[place] = ratios[place - 1], found[place - 1]
            place -= 1
        ratios[place], found[place] = here, (q + _top(power, q)) / size
        count = min(count + 1, PEAKS)
    return count


@kernel
def over_background(power: Any, first: int, ratio: Any) -> None:
    """``ratio`` of the power from ``first`` to the last but one to its background; 0 elsewhere."""
    last = len(power) - 2
    centre, level = np.empty(_BANDS_MAX), np.empty(_BANDS_MAX)
    bands = _backgrounds(power, first, last, centre, level)
    ratio[:] = 0.0
    start, at, usual = first, float(first), level[0]
    for band in range(bands + 1):  # from the centre of one band to that of the next, level before and after
        here, there = (centre[band], level[band]) if band < bands else (last + 1.0, usual)
        rise = (there - usual) / max(here - at, 1.0)
        end = int(here)
        for q in range(start, end):
            ratio[q] = min(power[q], 1e300) / max(usual + rise * (q - at), 1e-300)
        start, at, usual = end, here, there


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
                inside = power[q] <= limit  # no branch: half of them would be guessed wrong
                total += power[q] * inside
                count += inside
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
def taper_rows(x: Any, lengths: Any, steps: Any, out: Any) -> None:
    """`taper` of each row with its usual step; zeros where there is none."""
    window, known = np.empty(x.shape[1]), 0
    for i in range(len(out)):
        if i < len(lengths) and lengths[i] > 1:
            if lengths[i] != known:
                known = lengths[i]
                fill_window(window[: known - 1])
            taper(x[i, : lengths[i]], steps[i], window, out[i])
        else:
            out[i, :] = 0.0


@kernel
def nominate_rows(
    spectrum: Any, size: int, lengths: Any, shortest: int, turns_min: int, found: Any, whitened: Any
) -> None:
    """`nominate` for each row of transforms of ``size`` values, periods from ``shortest`` to a turn in
    ``turns_min``; ``found`` float64[rows, PEAKS], 0 where there is no more. ``whitened``: see `comb`."""
    power, ratio = np.empty(spectrum.shape[1]), np.empty(spectrum.shape[1])
    for i in range(len(lengths)):
        first = max((turns_min * size + lengths[i] - 1) // max(lengths[i], 1), 2)
        last = min(size // shortest, len(power) - 2)
        if lengths[i] == 0 or last - first < 3:
            whitened[i, :] = 0.0
            continue
        for q in range(len(power)):
            real, imaginary = np.float64(spectrum[i, q].real), np.float64(spectrum[i, q].imag)
            power[q] = real * real + imaginary * imaginary
        over_background(power, first, ratio)
        nominate(power, ratio, size, first, last, found[i])
        comb.whiten(ratio, first, whitened[i])
