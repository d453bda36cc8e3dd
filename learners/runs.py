"""Runs of equal values and of missing buckets: surprising when clearly longer than the longest known.

With m the longest run seen so far (slowly forgotten by the caller), never counted as less than `FLAT_MIN`
or `GAP_MIN`, a run of k has

    L = L_OPEN k / (2 m)

so twice the longest known run reaches `L_OPEN`: if runs are geometric and m was the longest of N, a run of
2 m has a chance of 1 in N squared. A series whose runs say nothing (constant, binary, sparse) carries
`NEVER`.
"""

from __future__ import annotations

from learners.compiled import kernel
from learners.score import L_OPEN

FLAT_MIN = 8
GAP_MIN = 3
NEVER = 65_535
"""Longest run of a series for which no run is surprising."""


@kernel
def flat(run: int, run_max: int) -> float:
    """Surprise of ``run`` equal values in a row where ``run_max`` was the most so far.

    >>> flat(1, 1) < 1.0, flat(16, 1), flat(32_000, NEVER) < 2.5
    (True, 5.0, True)
    """
    return L_OPEN * run / (2.0 * max(run_max, FLAT_MIN))


@kernel
def gap(missing: int, gap_max: int) -> float:
    """Surprise of ``missing`` empty buckets in a row where ``gap_max`` was the most so far.

    >>> gap(5, 0) < 5.0, gap(6, 0), gap(11, 6) < 5.0
    (True, 5.0, True)
    """
    return L_OPEN * missing / (2.0 * max(gap_max, GAP_MIN))
