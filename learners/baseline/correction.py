"""What settled error-correction models learn, as columns of a block (`learners.block`).

A record of `ema` or of an additive `holt_winters` is *settled* when its rates have stopped falling, as they
do while it is young. Then both families are the same few sums, and a block learns all of them at once:

    e = clip(y - centre);  level = base + alpha e;  trend += alpha beta e;  season += gamma e

A family fills a lane with `Lane` numbers and takes the results back; the arithmetic is that of its scalar
``learn``, to the bit.
"""

from __future__ import annotations

from typing import Any

from learners.baseline.spread import bounded, clipped, follow_slowly
from learners.compiled import inlined

# Columns of one model, in lengths of a column from where its group begins.
BASE = 0  # the level that is expected; then the level
TREND = 1
FIRST = 2  # slot of the first season
SECOND = 3
KNOWN = 4  # the scale as it is stored
ALPHA = 5
BETA = 6
GAMMA = 7
GAMMA2 = 8
SPREAD = 9
COLUMNS = 10


@inlined
def learn(x: Any, width: int, group: int, y: int, centre: int, scale: int, weight: int) -> None:
    """Learn in all lanes of the model whose columns begin at ``group``; the others are places of columns."""
    for k in range(width):
        w = x[weight + k]
        error = clipped(x[y + k] - x[centre + k], x[scale + k])
        known = x[group + KNOWN * width + k]
        x[group + KNOWN * width + k] = follow_slowly(known, error / known, w * x[group + SPREAD * width + k])
        alpha = w * x[group + ALPHA * width + k]
        x[group + BASE * width + k] = bounded(x[group + BASE * width + k] + alpha * error)
        step = alpha * x[group + BETA * width + k] * error
        x[group + TREND * width + k] = bounded(x[group + TREND * width + k] + step)
    for k in range(width):
        w = x[weight + k]
        error = clipped(x[y + k] - x[centre + k], x[scale + k])
        gain = w * x[group + GAMMA * width + k]
        x[group + FIRST * width + k] = bounded(x[group + FIRST * width + k] + gain * error)
        gain = w * x[group + GAMMA2 * width + k]
        x[group + SECOND * width + k] = bounded(x[group + SECOND * width + k] + gain * error)
