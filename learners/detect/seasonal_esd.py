"""Seasonal hybrid ESD: the extreme values of a window less its season, counted by a test.

The season is the median of each slot, the level the median of the window; both do not mind a share of
outliers. Of what is left the generalised extreme Studentised deviate test, with median and median absolute
deviation, removes the most extreme value again and again and asks how many of them are outliers at
`ALPHA`: the last count at which the deviation exceeds its critical value.

Pure, no state; a window of 2,016 values and a season of 288 in about 15 ms to score, 100 to count outliers.

Sources: J. Hochenbaum, O. S. Vallis & A. Kejariwal (2017), arXiv 1704.07706; B. Rosner, Technometrics 25
(1983) 165.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from learners.gaussian import MAD_SIGMA

ALPHA = 0.05
SHARE_MAX = 0.1
_LEAST = 8


def deseasonalised(values: NDArray[np.float64], *, period: int) -> NDArray[np.float64]:
    """``values`` less the median of their slot, of ``period`` (0 or 1: no season), less the rest's median."""
    if period < 0:
        raise ValueError(f"a period is not negative, as {period} is")
    rest = np.where(np.isfinite(values), values, np.nan)
    rest = rest - _median(rest)
    for slot in range(period if 1 < period <= len(rest) // 2 else 0):
        rest[slot::period] -= _median(rest[slot::period])
    return rest - _median(rest)


def score_window(values: NDArray[np.float64], *, period: int = 0) -> NDArray[np.float64]:
    """Deviations, shape (n,), in robust standard deviations; 0 where no value is.

    A window of which more than half is exactly its season has no spread; then all are 0.

    >>> noise = np.random.default_rng(1).standard_normal(240)
    >>> y = 50.0 * np.sin(np.arange(240) * np.pi / 12.0) + noise
    >>> y[100] += 12.0
    >>> scores = score_window(y, period=24)
    >>> int(scores.argmax()), outliers(y, period=24)
    (100, [100])
    """
    rest = np.abs(deseasonalised(values, period=period))
    deviation = MAD_SIGMA * _median(rest)
    if not deviation > 0.0:
        return np.zeros(len(rest))
    return np.nan_to_num(rest / deviation)


def outliers(
    values: NDArray[np.float64], *, period: int = 0, alpha: float = ALPHA, share_max: float = SHARE_MAX
) -> list[int]:
    """Positions of the outliers, in order.

    In Gaussian noise there are none with a probability of about 1 - 1.5 ``alpha``: median and median absolute
    deviation are less sure than the mean and standard deviation that the critical values are made for.

    ``share_max`` of the values may be outliers, at most 0.49.
    """
    if not 0.0 < share_max <= 0.49:
        raise ValueError(f"share_max lies in (0, 0.49], not at {share_max}")
    rest = deseasonalised(values, period=period)
    left = np.flatnonzero(np.isfinite(rest))
    n, removed, found = len(left), [], 0
    if n < _LEAST:
        return []
    for i in range(1, int(share_max * n) + 1):
        away = np.abs(rest[left] - np.median(rest[left]))
        deviation = MAD_SIGMA * float(np.median(away))
        if deviation <= 0.0:
            break
        worst = int(np.argmax(away))
        removed.append(int(left[worst]))
        if away[worst] / deviation > critical(n, i, alpha):
            found = i
        left = np.delete(left, worst)
    return sorted(removed[:found])


def critical(n: int, i: int, alpha: float) -> float:
    """The deviation that the ``i``-th most extreme of ``n`` Gaussian values exceeds with ``alpha``.

    >>> round(critical(54, 1, 0.05), 2)
    3.16
    """
    t = float(stats.t.ppf(1.0 - alpha / (2.0 * (n - i + 1)), n - i - 1))
    return float((n - i) * t / np.sqrt((n - i - 1 + t * t) * (n - i + 1)))


def _median(x: NDArray[np.float64]) -> float:
    """The median of the finite ones; 0 of none."""
    finite = x[np.isfinite(x)]
    return float(np.median(finite)) if len(finite) else 0.0
