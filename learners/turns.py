"""Do the turns of a supposed period agree? Coherence of harmonics over turns.

A window of m turns of P buckets is cut into turns. Turn j has the Fourier coefficients A_j(k), k = 1, 2, …,
at k / P. If P is a period they point the same way in every turn; in noise of any smooth spectrum they do not:
the A_j of a random walk depend on the increments inside their own turn only, and those are independent. So

    T(k) = |sum_j A_j|^2 / (m sum_j |A_j|^2),    P(T > x) = (1 - x)^(m - 1)

whatever the colour of the noise; this is the F test of a line against the frequencies beside it, done turn by
turn. -ln of that probability is exponential under noise, and its sums over harmonics are Gamma; the evidence
is the best of a few nested sums, paid for, in decades. A common slope (median increment of the turns' means,
so steps do not matter) is taken off first, and no turn counts more than three usual ones.

Source: D. J. Thomson, Proc. IEEE 70 (1982) 1055 (harmonic F test); M. S. Bartlett, Biometrika 37 (1950) 1
(spectra from pieces).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners.compiled import inlined, kernel
from learners.cut import common_slope, median, whole_turns

HARMONICS = 8
DIVISORS = (2, 3, 5, 7)
WIDTH = 2 * HARMONICS
EVIDENCE_MAX = 300.0
_SETS = 6.0
_USUAL_MOST = 9.0
_MEDIAN_UP_TO = 24
_FEW = 12
"""Turns up to which each is transformed by itself."""


@kernel
def harmonics_of(period: int) -> int:
    """Harmonics that are looked at: those below half a turn per bucket."""
    return min((period - 1) // 2, HARMONICS)


@kernel
def fill_table(period: int, table: Any) -> None:
    """cos and sin of 2 pi k s / period for the places s that `transform` needs, to ``table``
    float64[> period / 2, WIDTH]."""
    count, half = harmonics_of(period), period // 2
    for s in range(half + 1):
        angle = 2.0 * math.pi * s / period
        table[s, 0] = math.cos(angle)
        table[s, HARMONICS] = math.sin(angle)
    for s in range(_last(period) + 1):
        place = s
        for k in range(1, count):
            place += s
            if place >= period:
                place -= period
            back = place > half
            from_end = period - place if back else place
            table[s, k] = table[from_end, 0]
            table[s, HARMONICS + k] = -table[from_end, HARMONICS] if back else table[from_end, HARMONICS]
        for k in range(count, HARMONICS):
            table[s, k] = table[s, HARMONICS + k] = 0.0


@kernel
def transform(
    x: Any, seen: Any, period: int, table: Any, turns: Any, means: Any, places: Any, folded: Any
) -> int:
    """Coefficients of each of the `whole_turns`, whose number m is returned.

    Fills ``turns`` float64[WIDTH, m], cosines of all harmonics before sines. ``folded`` float64[4, > period /
    2, >= m]: room.
    """
    m = whole_turns(x, seen, period, means, places)
    if m > _FEW:
        _transform_together(x, period, m, places, table, turns, folded)
    else:
        for j in range(m):
            _transform_one(x, places[j], period, table, turns[:, j], folded)
    return m


@kernel
def _transform_together(
    x: Any, period: int, m: int, places: Any, table: Any, turns: Any, folded: Any
) -> None:
    """Coefficients of many short turns, bucket after bucket of all of them: loops over turns are long."""
    count = harmonics_of(period)
    for j in range(m):
        odd, even = _start(x, places[j], period)
        for k in range(count):
            turns[k, j] = even if k % 2 else odd
            turns[HARMONICS + k, j] = 0.0
    for s in range(1, _last(period) + 1):
        for j in range(m):
            folded[0, j], folded[1, j], folded[2, j], folded[3, j] = _fold_at(x, places[j], period, s)
        for k in range(count):
            cosine, sine = table[s, k], table[s, HARMONICS + k]
            for j in range(m):
                turns[k, j] += cosine * folded[k % 2, j]
                turns[HARMONICS + k, j] += sine * folded[2 + k % 2, j]


@kernel
def _transform_one(x: Any, at: int, period: int, table: Any, out: Any, folded: Any) -> None:
    """Coefficients of the turn at ``at`` to ``out``. Eight harmonics stay in registers."""
    last = _last(period)
    for s in range(1, last + 1):
        folded[0, s], folded[1, s], folded[2, s], folded[3, s] = _fold_at(x, at, period, s)
    odd, even = _start(x, at, period)
    c0 = c2 = c4 = c6 = odd
    c1 = c3 = c5 = c7 = even
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for s in range(1, last + 1):
        a, b, c, d, row = folded[0, s], folded[1, s], folded[2, s], folded[3, s], table[s]
        c0 += a * row[0]
        c1 += b * row[1]
        c2 += a * row[2]
        c3 += b * row[3]
        c4 += a * row[4]
        c5 += b * row[5]
        c6 += a * row[6]
        c7 += b * row[7]
        s0 += c * row[8]
        s1 += d * row[9]
        s2 += c * row[10]
        s3 += d * row[11]
        s4 += c * row[12]
        s5 += d * row[13]
        s6 += c * row[14]
        s7 += d * row[15]
    out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7] = c0, c1, c2, c3, c4, c5, c6, c7
    out[8], out[9], out[10], out[11], out[12], out[13], out[14], out[15] = s0, s1, s2, s3, s4, s5, s6, s7


@inlined
def _last(period: int) -> int:
    """Places of the table that are needed: half a turn, or a fourth of one that can be folded twice."""
    return (period - 1) // 2 if period % 2 else period // 4


@inlined
def _start(x: Any, at: int, period: int) -> tuple[float, float]:
    """What the ends of the folds bring to the cosines of odd and of even harmonics."""
    opposite = 0.0 if period % 2 else x[at + period // 2]
    return x[at] - opposite, x[at] + opposite


@inlined
def _fold_at(x: Any, at: int, period: int, s: int) -> tuple[float, float, float, float]:
    """What bucket ``s`` and those like it but for the sign bring to the cosines of odd and of even harmonics,
    and to the sines of odd and of even ones. In a turn of an even number of buckets those are s, -s and half
    a turn from either."""
    sums, differences = x[at + s] + x[at + period - s], x[at + s] - x[at + period - s]
    if period % 2 or 4 * s == period:
        return sums, sums, differences, differences
    half = at + period // 2
    other, opposite = x[half - s] + x[half + s], x[half - s] - x[half + s]
    return sums - other, sums + other, differences + opposite, differences - opposite


@kernel
def level_off(period: int, m: int, table: Any, turns: Any, means: Any, places: Any, spare: Any) -> None:
    """Take the common slope out of the coefficients."""
    slope = common_slope(m, means, places, spare)
    for k in range(harmonics_of(period)):
        cosine, sine = table[1, k], table[1, HARMONICS + k]
        ramp_sine = 0.5 * slope * period * sine / (1.0 - cosine)
        for j in range(m):
            turns[k, j] += 0.5 * slope * period
            turns[HARMONICS + k, j] += ramp_sine


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
            largest = max(largest, turns[k, j] ** 2 + turns[HARMONICS + k, j] ** 2)
    for k in range(harmonics_of(period)):
        most = _most(m, turns, k, spare)
        real, imaginary, power = 0.0, 0.0, 0.0
        for j in range(m):
            a, b = turns[k, j], turns[HARMONICS + k, j]
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
        spare[j] = turns[k, j] ** 2 + turns[HARMONICS + k, j] ** 2
    if m <= _MEDIAN_UP_TO:
        return _USUAL_MOST * median(spare, m)
    mean = 0.0
    most = np.inf
    for _ in range(4):
        mean = _capped_mean(spare, m, most)
        most = 0.7 * _USUAL_MOST * mean
    return most


@kernel
def _capped_mean(values: Any, count: int, most: float) -> float:
    a, b = 0.0, 0.0
    for j in range(0, count - 1, 2):
        a += min(values[j], most)
        b += min(values[j + 1], most)
    if count % 2:
        a += min(values[count - 1], most)
    return (a + b) / count


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
            size += turns[k, j] ** 2 + turns[HARMONICS + k, j] ** 2
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
            a, b = turns[k, j], -turns[HARMONICS + k, j]
            c, d = turns[k, j + far], -turns[HARMONICS + k, j + far]
            real += a * c + b * d
            imaginary += a * d - b * c
    angle = math.atan2(imaginary, real) - known
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)
