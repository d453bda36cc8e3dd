"""One step of up to `WIDTH` different series at once: residuals, scores and bands as columns.

What each series does by itself (forecast, learn) is a scalar kernel over its record. What all do alike lies
here as loops over the columns of a small table, which the compiler turns into vector instructions: four
series an operation, and no constant is loaded twice. The functions are the scalar ones, called in a loop, so
a series gets the same bits alone or in a block. The table has `BYTES` bytes and stays in the first cache.

Whoever uses it fills the columns of the first group for lanes 0 ... WIDTH - 1 (what stands in lanes that are
not in use does not matter), then calls `residuals`, mends ``SPIKE`` and ``Z`` where ``PART`` is above 1, and
calls `levels`, `bands` and `learn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from learners import lowpass as low
from learners.baseline import correction
from learners.compiled import inlined, spliced
from learners.memory import float64_pointer
from learners.residual import contest, ordinary_score
from learners.score import L_OPEN, TESTS, combine, gate, levelled, score
from learners.threshold.extreme_value import FAR_MOST, open_limit, ordinary, part_of

WIDTH = 32

# Filled by the caller.
VALUE = 0 * WIDTH
OFFSET = 1 * WIDTH
UNIT = 2 * WIDTH
CENTRE = 3 * WIDTH  # of the champion, in units
SCALE = 4 * WIDTH
CENTRE2 = 5 * WIDTH  # of the challenger
SCALE2 = 6 * WIDTH
LOWPASS = 7 * WIDTH
LOWPASS_SCALE = 8 * WIDTH
ADVANTAGE = 9 * WIDTH
STILL = 10 * WIDTH  # surprise of the run of equal values
THRESHOLD = 11 * WIDTH  # of the tail: two columns each, downward and upward
EXCESS = 13 * WIDTH
TO_OPEN = 15 * WIDTH
STRETCH = 17 * WIDTH  # of the grade
FLOOR = 18 * WIDTH  # smallest scale of a residual

# Made by `residuals`.
Y = 19 * WIDTH
SIZE = 20 * WIDTH  # scale of the residual
R = 21 * WIDTH
PART = 22 * WIDTH
SPIKE = 23 * WIDTH
Z = 24 * WIDTH  # normal score

# Made by `levels`.
LEAN = 25 * WIDTH  # the low-pass in scales
SHIFT = 26 * WIDTH
LEVEL = 27 * WIDTH
WEIGHT = 28 * WIDTH

# Made by `bands`.
EXPECTED = 29 * WIDTH
LOWER = 30 * WIDTH
UPPER = 31 * WIDTH
SCORE = 32 * WIDTH

# Filled by the caller where a model suits `baseline.correction`: one group of columns a model.
MODEL = 33 * WIDTH
MODEL2 = MODEL + correction.COLUMNS * WIDTH

COLUMNS = 33 + 2 * correction.COLUMNS
BYTES = COLUMNS * WIDTH * 8

Y_MAX = 1e30
LEAN_MOST = 9.0
"""Scales beyond which the low-pass does not go, so that it comes back soon."""
CONTEST_FORGETTING = 0.01


@spliced
def table(address: int) -> Any:
    """The table that lies at ``address``."""
    return carray(float64_pointer(address), (COLUMNS * WIDTH,), np.float64)


@inlined
def scaled(value: float, offset: float, unit: float) -> float:
    """A value in the series' own units of scale."""
    return min(max((value - offset) / unit, -Y_MAX), Y_MAX)


@inlined
def lean(lowpass: float, lowpass_scale: float, extreme: float, z: float) -> float:
    """The low-pass after a residual of normal score ``z``. One that opens an anomaly by itself (``extreme``:
    its surprise, levelled) leaves it as it is.
    """
    moved = low.step(lowpass, z, 1.0 if extreme < L_OPEN else 0.0)
    reach = LEAN_MOST * abs(lowpass_scale)
    return min(max(moved, -reach), reach)


@inlined
def _side(r: float, below: float, above: float) -> float:
    return above if r >= 0.0 else below


@inlined
def residuals(x: Any) -> None:
    """Values in units, residuals in scales, and their surprise as far as they are ordinary."""
    for k in range(WIDTH):
        x[Y + k] = scaled(x[VALUE + k], x[OFFSET + k], x[UNIT + k])
        x[SIZE + k] = max(x[SCALE + k], x[FLOOR + k])
        x[R + k] = (x[Y + k] - x[CENTRE + k]) / x[SIZE + k]
    for k in range(WIDTH):
        far = min(abs(x[R + k]), FAR_MOST)
        r = x[R + k]
        u = _side(r, x[THRESHOLD + k], x[THRESHOLD + WIDTH + k])
        x[PART + k] = part_of(far, u)
        x[SPIKE + k] = ordinary(x[PART + k])
        x[Z + k] = ordinary_score(x[SPIKE + k], r)


@inlined
def levels(x: Any) -> None:
    """The low-pass moves; L of each sample, what it may teach, and how champion and challenger compare."""
    for k in range(WIDTH):
        x[LOWPASS + k] = lean(
            x[LOWPASS + k], x[LOWPASS_SCALE + k], (x[SPIKE + k] - TESTS) * x[STRETCH + k], x[Z + k]
        )
        x[LEAN + k] = low.size(x[LOWPASS + k], x[LOWPASS_SCALE + k])
        x[SHIFT + k] = low.ordinary(x[LEAN + k])
    for k in range(WIDTH):
        if x[LEAN + k] > low.ORDINARY:
            x[SHIFT + k] = low.beyond(x[LEAN + k])
    for k in range(WIDTH):
        x[LEVEL + k] = levelled(x[SPIKE + k], x[SHIFT + k], x[STILL + k], x[STRETCH + k])
        x[WEIGHT + k] = gate(combine(x[SPIKE + k], x[SHIFT + k], x[STILL + k]))
    for k in range(WIDTH):
        better = contest(x[R + k], x[SCALE + k], x[Y + k] - x[CENTRE2 + k], x[SCALE2 + k])
        x[ADVANTAGE + k] += CONTEST_FORGETTING * (better - x[ADVANTAGE + k])


@inlined
def bands(x: Any) -> None:
    """What is shown: expectation, band and score, in the metric's units."""
    for k in range(WIDTH):
        x[EXPECTED + k] = x[CENTRE + k] * x[UNIT + k] + x[OFFSET + k]
        x[SCORE + k] = score(x[LEVEL + k])
    for k in range(WIDTH):
        limit = open_limit(x[THRESHOLD + k], x[EXCESS + k], x[TO_OPEN + k])
        x[LOWER + k] = x[EXPECTED + k] - limit * x[SIZE + k] * x[UNIT + k]
    for k in range(WIDTH):
        up = WIDTH + k
        limit = open_limit(x[THRESHOLD + up], x[EXCESS + up], x[TO_OPEN + up])
        x[UPPER + k] = x[EXPECTED + k] + limit * x[SIZE + k] * x[UNIT + k]


@inlined
def learn(x: Any) -> None:
    """Champions and challengers that suit `correction` learn."""
    correction.learn(x, WIDTH, MODEL, Y, CENTRE, SCALE, WEIGHT)
    correction.learn(x, WIDTH, MODEL2, Y, CENTRE2, SCALE2, WEIGHT)
