"""Fixed bounds in the metric's own units, evaluated from the first sample; either may be infinite."""

from __future__ import annotations

from learners.compiled import kernel

BREACH = 8.0
"""The surprise of a value outside its bounds: what a person has declared needs no further evidence."""


@kernel
def surprise(lower: float, upper: float, value: float) -> float:
    """`BREACH` outside [lower, upper], else 0.

    >>> surprise(0.0, 1.0, 1.5), surprise(0.0, 1.0, 1.0), surprise(float("-inf"), float("inf"), 1e300)
    (8.0, 0.0, 0.0)
    """
    return BREACH if value < lower or value > upper else 0.0
