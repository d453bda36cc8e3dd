"""Do the turns of a supposed period agree? Coherence of harmonics over turns, and what a fold foretells.

A window of m turns of P buckets is cut into turns. Turn j has the Fourier coefficients A_j(k), k = 1, 2, …,
at k / P. If P is a period they point the same way in every turn; in noise of any smooth spectrum they do not:
the A_j of a random walk depend on the increments inside their own turn only, and those are independent. So

    T(k) = |sum_j A_j|^2 / (m sum_j |A_j|^2),    P(T > x) = (1 - x)^(m - 1)

whatever the colour of the noise; this is the F test of a line against the frequencies beside it, done turn by
turn. -ln of that probability is exponential under noise, and its sums over harmonics are Gamma; the evidence
is the best of a few nested sums, paid for, in decades. A common slope (median increment of the turns' means,
so steps do not matter) is taken off first, and no turn counts more than three usual ones.

Eight harmonics do not see a pattern as rough as noise that comes back all the same. For it the differences
from bucket to bucket, which are near white whatever the noise, are folded, and the variance of the mean turn
is held against that between turns (F, cube root of Wilson and Hilferty), with half the degrees of freedom.

Source: D. J. Thomson, Proc. IEEE 70 (1982) 1055 (harmonic F test); M. S. Bartlett, Biometrika 37 (1950) 1
(spectra from pieces).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners.compiled import kernel

HARMONICS = 8
DIVISORS = (2, 3, 5, 7)
WIDTH = 2 * HARMONICS
EVIDENCE_MAX = 300.0
_SETS = 6.0
_USUAL_MOST = 9.0
_MEDIAN_UP_TO = 24
_PRESENT = 0.5


@kernel
def harmonics_of(period: int) -> int:
    """Harmonics that are looked at: those below half a turn per bucket."""
    return min((period - 1) // 2, HARMONICS)


@kernel
def fill_table(period: int, table: Any) -> None:
    """cos and sin of 2 pi k s / period for s up to half a turn: ``table`` float64[> period / 2, WIDTH]."""
    count, half = harmonics_of(period), period // 2
    for s in range(half + 1):
        angle = 2.0 * math.pi * s / period
        table[s, 0] = math.cos(angle)
        table[s, HARMONICS] = math.sin(angle)
    for s in range(half + 1):
        place = s
        for k in range(1, count):
            place += s
            if place >= period:
                place -= period
            if place <= half:
                table[s, k] = table[place, 0]
                table[s, HARMONICS + k] = table[place, HARMONICS]
            else:
                table[s, k] = table[period - place, 0]
                table[s, HARMONICS + k] = -table[period - place, HARMONICS]
        for k in range(count, HARMONICS):
            table[s, k] = table[s, HARMONICS + k] = 0.0


@kernel
def transform(
    x: Any, seen: Any, period: int, table: Any, turns: Any, means: Any, places: Any, folded: Any
) -> int:
    """Coefficients of each turn that is at least half present, counted from the newest value back.

    Fills ``turns`` float64[m, WIDTH], ``means`` float64[m], ``places`` int64[m] (first bucket of the turn);
    returns m. ``folded`` float64[2, > period / 2]: room for sums and differences of the turn's two halves.
    """
    many = len(x) // period
    first = len(x) - many * period
    m = 0
    for j in range(many):
        at = first + j * period
        if seen[at + period] - seen[at] >= _PRESENT * period:
            means[m] = _transform_one(x[at : at + period], table, turns[m], folded[0], folded[1])
            places[m] = at
            m += 1
    return m


@kernel
def whole_turns(x: Any, seen: Any, period: int, means: Any, places: Any) -> int:
    """The turns of `transform`, without their coefficients."""
    many = len(x) // period
    first = len(x) - many * period
    m = 0
    for j in range(many):
        at = first + j * period
        if seen[at + period] - seen[at] >= _PRESENT * period:
            total = 0.0
            for s in range(period):
                total += x[at + s]
            means[m] = total / period
            places[m] = at
            m += 1
    return m


@kernel
def _transform_one(x: Any, table: Any, out: Any, sums: Any, differences: Any) -> float:
    """Coefficients of one turn to ``out``; its mean. Four harmonics at a time stay in registers."""
    period = len(x)
    half, count = (period - 1) // 2, harmonics_of(period)
    total = x[0]
    for s in range(1, half + 1):
        sums[s] = x[s] + x[period - s]
        differences[s] = x[s] - x[period - s]
        total += sums[s]
    for g in range(0, count, 4):
        c0 = c1 = c2 = c3 = x[0]
        s0 = s1 = s2 = s3 = 0.0
        for s in range(1, half + 1):
            even, odd, row = sums[s], differences[s], table[s]
            c0 += even * row[g]
            c1 += even * row[g + 1]
            c2 += even * row[g + 2]
            c3 += even * row[g + 3]
            s0 += odd * row[HARMONICS + g]
            s1 += odd * row[HARMONICS + g + 1]
            s2 += odd * row[HARMONICS + g + 2]
            s3 += odd * row[HARMONICS + g + 3]
        out[g], out[g + 1], out[g + 2], out[g + 3] = c0, c1, c2, c3
        at = HARMONICS + g
        out[at], out[at + 1], out[at + 2], out[at + 3] = s0, s1, s2, s3
    if period % 2 == 0:
        total += x[period // 2]
        for k in range(count):
            out[k] += x[period // 2] * table[period // 2, k]
    mean: float = total / period
    return mean


@kernel
def level_off(period: int, m: int, table: Any, turns: Any, means: Any, places: Any, spare: Any) -> None:
    """Take the common slope out of the coefficients."""
    slope = common_slope(m, means, places, spare)
    for k in range(harmonics_of(period)):
        cosine, sine = table[1, k], table[1, HARMONICS + k]
        ramp_sine = 0.5 * slope * period * sine / (1.0 - cosine)
        for j in range(m):
            turns[j, k] += 0.5 * slope * period
            turns[j, HARMONICS + k] += ramp_sine


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
def coherence(period: int, m: int, turns: Any, surprise: Any, spare: Any) -> None:
    """-ln of the chance that noise agrees so well, for each harmonic; ``surprise`` float64[HARMONICS]."""
    for k in range(HARMONICS):
        surprise[k] = 0.0
    if m < 2:
        return
    largest = 0.0
    for k in range(harmonics_of(period)):
        for j in range(m):
            largest = max(largest, turns[j, k] ** 2 + turns[j, HARMONICS + k] ** 2)
    for k in range(harmonics_of(period)):
        most = _most(m, turns, k, spare)
        real, imaginary, power = 0.0, 0.0, 0.0
        for j in range(m):
            a, b = turns[j, k], turns[j, HARMONICS + k]
            size = a * a + b * b
            share = math.sqrt(most / size) if size > most else 1.0
            real += share * a
            imaginary += share * b
            power += min(size, most)
        if power > 1e-20 * largest * m and power > 1e-20:
            noise = max(1.0 - (real * real + imaginary * imaginary) / (m * power), 1e-15)
            surprise[k] = -(m - 1) * math.log(noise)


@kernel
def _most(m: int, turns: Any, k: int, spare: Any) -> float:
    """Largest squared coefficient that is believed: three times the usual size."""
    for j in range(m):
        spare[j] = turns[j, k] ** 2 + turns[j, HARMONICS + k] ** 2
    if m <= _MEDIAN_UP_TO:
        return _USUAL_MOST * median(spare, m)
    mean = 0.0
    most = np.inf
    for _ in range(4):
        mean = 0.0
        for j in range(m):
            mean += min(spare[j], most)
        mean /= m
        most = 0.7 * _USUAL_MOST * mean
    return most


@kernel
def evidence(period: int, surprise: Any, divisor: int, multiples: bool) -> float:
    """Decades against noise of all harmonics (``divisor`` 1), or of those that are multiples of it, or not.

    Sums of the first 1, 2, 4, 8 and all harmonics, and the single best, each at its price.
    """
    best, total, single, taken, wanted = 0.0, 0.0, 0.0, 0, 1
    count = harmonics_of(period)
    for k in range(1, count + 1):
        if divisor > 1 and (k % divisor == 0) != multiples:
            continue
        total += surprise[k - 1]
        single = max(single, surprise[k - 1])
        taken += 1
        if taken == wanted:
            best = max(best, _gamma_decades(taken, total))
            wanted *= 2
    if taken == 0:
        return 0.0
    best = max(best, _gamma_decades(taken, total), (single - math.log(taken)) / math.log(10.0))
    return min(max(best - math.log10(_SETS), 0.0), EVIDENCE_MAX)


@kernel
def roughness(x: Any, period: int, m: int, places: Any, profile: Any, found: Any) -> None:
    """Decades against noise of the fold of differences: of all of it, then of what is left of the mean turn
    when a half, a third, … of it is folded once more; ``found`` float64[1 + len(DIVISORS)]."""
    for i in range(len(found)):
        found[i] = 0.0
    if m < 2:
        return
    for s in range(period):
        profile[s] = 0.0
    square = 0.0
    for j in range(m):
        part = x[places[j] : places[j] + period]
        for s in range(1, period):
            step = part[s] - part[s - 1]
            profile[s] += step
            square += step * step
    size = 0.0
    for s in range(1, period):
        profile[s] /= m
        size += profile[s] * profile[s]
    within = square - m * size
    if not square > 1e-20:
        return
    free = 0.5 * (m - 1) * period
    noise = max(within, 1e-12 * square) / free
    found[0] = _f_decades(0.5 * period, free, m * size / (0.5 * period * noise))
    for i in range(len(DIVISORS)):
        divisor = DIVISORS[i]
        if period % divisor or period // divisor < 2:
            continue
        short = period // divisor
        left = size
        for s in range(short):
            total, count = 0.0, 0
            for b in range(s, period, short):
                if b > 0:
                    total += profile[b]
                    count += 1
            left -= total * total / count
        own = 0.5 * (period - short)
        found[1 + i] = _f_decades(own, free, m * max(left, 0.0) / (own * noise))


@kernel
def _f_decades(own: float, free: float, ratio: float) -> float:
    """-log10 of the chance of an F with so many degrees of freedom above ``ratio``, about."""
    root = ratio ** (1.0 / 3.0)
    a, b = 2.0 / (9.0 * own), 2.0 / (9.0 * free)
    z = ((1.0 - b) * root - (1.0 - a)) / math.sqrt(a + b * root * root)
    return min(0.5 * z * z / math.log(10.0), EVIDENCE_MAX) if z > 0.0 else 0.0


@kernel
def _gamma_decades(count: int, total: float) -> float:
    """-log10 of the chance that a sum of ``count`` standard exponentials exceeds ``total``."""
    term, whole = 1.0, 1.0
    for i in range(1, count):
        term *= total / i
        whole += term
    return (total - math.log(whole)) / math.log(10.0)


@kernel
def drift(m: int, period: int, turns: Any, places: Any) -> float:
    """The period, not rounded, that the turning of the strongest harmonic from turn to turn speaks for."""
    strongest, power = 0, -1.0
    for k in range(harmonics_of(period)):
        size = 0.0
        for j in range(m):
            size += turns[j, k] ** 2 + turns[j, HARMONICS + k] ** 2
        if size > power:
            strongest, power = k, size
    angle = _turning(m, turns, strongest, period, places, 1, 0.0)
    far = m // 2
    if far > 1:
        angle += _turning(m, turns, strongest, period, places, far, angle * far) / far
    return period / (1.0 + angle / (2.0 * math.pi * (strongest + 1)))


@kernel
def _turning(m: int, turns: Any, k: int, period: int, places: Any, far: int, known: float) -> float:
    """Mean angle by which coefficients ``far`` turns apart differ, beyond the ``known`` one."""
    real, imaginary = 0.0, 0.0
    for j in range(m - far):
        if places[j + far] - places[j] == far * period:
            a, b = turns[j, k], -turns[j, HARMONICS + k]
            c, d = turns[j + far, k], -turns[j + far, HARMONICS + k]
            real += a * c + b * d
            imaginary += a * d - b * c
    angle = math.atan2(imaginary, real) - known
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)


@kernel
def fold(
    x: Any, period: int, m: int, means: Any, places: Any, slope: float, profile: Any, spare: Any
) -> tuple[float, float]:
    """Strength and variance of the mean turn, which goes to ``profile`` float64[>= period].

    Strength: the share of a typical turn's variance (median over turns) that the mean of the *other* turns
    explains, after level and slope; below 0 where it makes things worse.
    """
    for s in range(period):
        profile[s] = 0.0
    middle = 0.5 * (period - 1)
    for j in range(m):
        for s in range(period):
            profile[s] += x[places[j] + s] - means[j] - slope * (s - middle)
    size = 0.0
    for s in range(period):
        profile[s] /= m
        size += profile[s] * profile[s]
    if m < 2:
        return 0.0, size / period
    held_out = (m / (m - 1.0)) ** 2
    for j in range(m):
        total, left = 0.0, 0.0
        for s in range(period):
            value = x[places[j] + s] - means[j] - slope * (s - middle)
            total += value * value
            left += (value - profile[s]) ** 2
        spare[j] = max(1.0 - held_out * left / total, -1.0) if total > 1e-20 * period else 0.0
    return median(spare, m), size / period
