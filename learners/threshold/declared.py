"""Tail families by name, and how a pass makes a record of the one that a person asked for.

A pass takes `extreme_value` where nobody asked for another. It is the only family with a smallest scale of a
residual in its record; the others take residuals as the models scale them.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from learners.base import Tail
from learners.compiled import kernel
from learners.durations import DAY_MS
from learners.families import TAILS
from learners.threshold import extreme_value, scaled_minmax

DEFAULT = Tail.EXTREME_VALUE
NAMES: tuple[str, ...] = tuple(tail.name.lower() for tail in TAILS)
_REMEMBERED_MS = 8 * DAY_MS


def tail_of(name: str | None) -> Tail:
    """The family that a declaration names; `DEFAULT` where it names none. Raises ValueError.

    >>> tail_of("conformal").name, tail_of(None).name
    ('CONFORMAL', 'EXTREME_VALUE')
    """
    if name is None:
        return DEFAULT
    if name not in NAMES:
        raise ValueError(f"no threshold {name!r}; there are {', '.join(NAMES)}")
    return Tail[name.upper()]


def floor_of(tail: Tail, floor: float) -> float:
    """The smallest scale of a residual that the family will keep to: ``floor``, or 0 for one without."""
    return floor if tail == Tail.EXTREME_VALUE else 0.0


def warm(tail: Tail, residuals: NDArray[np.float64], *, floor: float, cadence_ms: int) -> NDArray[np.void]:
    """A record of the family, shape (), that has seen ``residuals``. Up to 2 ms for 2,016 of them;
    `noncentral_t` takes some 40 to 60 ms of scipy. `scaled_minmax` forgets half in eight days of buckets."""
    if tail == Tail.EXTREME_VALUE:
        return extreme_value.warm(residuals, floor=floor, cadence_ms=cadence_ms)
    if tail == Tail.SCALED_MINMAX:
        return scaled_minmax.warm(residuals, half_life=max(_REMEMBERED_MS / max(cadence_ms, 1), 1.0))
    return TAILS[tail].warm(residuals)


def surprises(tail: Tail, record: NDArray[np.void], residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The surprise of each residual under ``record``; some 2 µs each, 5 ns for `extreme_value`."""
    if tail == Tail.EXTREME_VALUE:
        return cast(NDArray[np.float64], _extreme(record.reshape(1), residuals))
    m: Any = record.reshape(1)[0]
    surprise = TAILS[tail].surprise
    return cast(
        NDArray[np.float64],
        np.fromiter((surprise(m, r) for r in residuals.tolist()), np.float64, len(residuals)),
    )


@kernel
def _extreme(tail: Any, residual: Any) -> Any:
    found = np.empty(len(residual))
    for i in range(len(residual)):
        found[i] = extreme_value.surprise(tail[0], residual[i])
    return found
