"""The band as people are told of it: not beyond what values of the kind can be.

A model's band knows nothing of limits: around a share of 0.01 it reaches below 0. Nothing is judged by what
is told here, and where a value has been beyond a limit, that is none. Only the values that are asked for are
looked at: a chart of another span may show a band that an explanation of one value cuts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.domain.units import Way

Floats = NDArray[np.float64]


def told_band(
    way: Way, value: Floats, expected: Floats, lower: Floats, upper: Floats
) -> tuple[Floats, Floats]:
    """Lower and upper end of the band beside its values, all of one length; NaN stays. A band never loses its
    expectation.

    >>> from monitor.domain.units import Manner
    >>> one = lambda number: np.array([number])
    >>> told_band(Way(Manner.SHARE), one(0.02), one(0.01), one(-0.1), one(0.12))
    (array([0.]), array([0.12]))
    >>> told_band(Way(Manner.SHARE), one(-0.02), one(0.01), one(-0.1), one(0.12))
    (array([-0.1]), array([0.12]))
    """
    least, most = way.limits
    if np.any(value < least):
        least = -np.inf
    if np.any(value > most):
        most = np.inf
    return np.maximum(lower, np.fmin(least, expected)), np.minimum(upper, np.fmax(most, expected))
