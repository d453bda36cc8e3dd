"""How improbable a sample must be to open an anomaly, by how often its series is sampled.

People bear so many false alarms a week, whatever the cadence. At one minute one in ten series and weeks is
L = 5; a series sampled half as often may ask for log10 2 less, since it asks half as often. So grade g, the
nearest whole number of octaves from a minute, opens at

    L(g) = 5 - g log10 2,  at least 3 and at most 7:

5 at a minute, 4.4 at five, 3.2 at an hour, 3 at a day (one false anomaly in three years), 6.8 at a second.
`levelled` brings a surprise to the one scale on which `score.L_OPEN` opens, whatever the grade.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners.compiled import inlined
from learners.durations import MINUTE_MS
from learners.score import L_OPEN, TESTS

GRADE_MIN, GRADE_MAX = -6, 7
GRADES = GRADE_MAX - GRADE_MIN + 1
OPEN_MIN, OPEN_MAX = 3.0, 7.0
_OPENS: NDArray[np.float64] = np.array(
    [min(max(L_OPEN - g * math.log10(2.0), OPEN_MIN), OPEN_MAX) for g in range(GRADE_MIN, GRADE_MAX + 1)]
)
ASKED: NDArray[np.float64] = _OPENS + TESTS
"""The surprise of one of the statistics at which an anomaly opens, by place of the grade."""
_STRETCH: NDArray[np.float64] = L_OPEN / _OPENS


@inlined
def place(cadence_ms: int) -> int:
    """The place of a cadence's grade in tables over grades.

    >>> [round(L_OPEN / stretch(place(60_000 * m)), 1) for m in (1, 5, 60, 1440)]
    [5.0, 4.4, 3.2, 3.0]
    """
    bits = np.float64(max(cadence_ms, 1) * (math.sqrt(2.0) / MINUTE_MS)).view(np.uint64)
    octaves = np.int64(bits >> np.uint64(52)) - 1023
    return int(min(max(octaves, np.int64(GRADE_MIN)), np.int64(GRADE_MAX)) - GRADE_MIN)


@inlined
def stretch(at: int) -> float:
    """What a surprise counts for, by `place`."""
    return _STRETCH[at]  # type: ignore[no-any-return]
