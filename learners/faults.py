"""Faults planted into blocks of known law (`learners.processes`), sized in units of their noise.

kind            what it does to the buckets of its span
spike, dip      `SPIKE` units up or down; for heavy tails to 1.5 times the one-in-a-million quantile
level shift     `SHIFT` units up
ramp            from 0 to `RAMP` units, in a straight line
variance change noise `WIDER` times as wide
season break    the season stands still at its mean
phase shift     the season comes a quarter of its length early
flat line       the first value stays
missing         nothing is sent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learners.processes import CLASSES, Block, back

SPIKE, SHIFT, RAMP, WIDER = 7.0, 3.0, 6.0, 4.0
KINDS = (
    "spike",
    "dip",
    "level shift",
    "ramp",
    "variance change",
    "season break",
    "phase shift",
    "flat line",
    "missing",
)
LASTING = 60
_NOT_FOR = {
    "overdispersed": {"dip"},
    "ratio": {"dip"},
    "sparse": {"dip", "level shift", "ramp", "variance change", "flat line"},
    "step": {"dip", "level shift", "ramp", "variance change", "flat line"},
    "constant": {"variance change", "flat line"},
    "binary": {"spike", "dip", "level shift", "ramp", "variance change"},
}
"""What a class cannot have: no room below, no width, or no difference from how it always is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Buckets ``start`` to ``start + length - 1`` of the series ``row`` of its block: the label."""

    kind: str
    row: int
    start: int
    length: int

    @property
    def end(self) -> int:
        """The first bucket after it."""
        return self.start + self.length


def kinds_of(name: str) -> tuple[str, ...]:
    """Kinds of fault that series of class ``name`` can have.

    >>> kinds_of("binary"), "season break" in kinds_of("daily, 1 h")
    (('flat line', 'missing'), True)
    """
    seasonal = CLASSES[name].period > 0
    never = _NOT_FOR.get(name, set()) | (set() if seasonal else {"season break", "phase shift"})
    return tuple(kind for kind in KINDS if kind not in never)


def length_of(kind: str, name: str) -> int:
    """How many buckets a fault of ``kind`` lasts in class ``name``."""
    if kind in ("spike", "dip"):
        return 1
    if kind in ("season break", "phase shift"):
        return max(24, min(CLASSES[name].period // 4, 360))
    return LASTING


def plant(block: Block, faults: Sequence[Fault], period: int = 0) -> None:
    """Change ``block.value`` where spans of ``faults`` meet the block; a flat line has to begin in it, and
    for a phase shift it holds a season of ``period`` buckets before or a quarter of one after the span.

    >>> from learners.processes import Process
    >>> calm, ill = (Process("gaussian", 2, seed=3).whole(96) for _ in range(2))
    >>> plant(ill, [Fault("level shift", row=1, start=40, length=10)])
    >>> moved = (ill.value - calm.value) / calm.unit
    >>> np.unique(np.round(moved[1, 40:50], 9)).tolist(), float(abs(moved[0]).max())
    ([3.0], 0.0)
    """
    buckets = block.value.shape[1]
    for fault in faults:
        first, end = max(fault.start - block.first, 0), min(fault.end - block.first, buckets)
        if first < end:
            _change(block, fault, slice(first, end), period)


def _change(block: Block, fault: Fault, part: slice, period: int) -> None:
    row, kind = fault.row, fault.kind
    value, unit, centre = block.value[row, part], block.unit[row, part], block.centre[row, part]
    if kind == "missing":
        value[:] = np.nan
        return
    if kind == "flat line":
        # A binary series that stands at its usual 0 is no fault.
        value[:] = (
            block.value[row, fault.start - block.first] if block.scale != "whole" else max(1.0, value[0])
        )
        return
    extreme = block.extreme[row, part]
    if kind in ("spike", "dip") and np.isfinite(extreme).all():
        value[:] = extreme if kind == "spike" else 2.0 * centre - extreme
        return
    x = block.regular[row, part]
    through = (block.first + np.arange(part.start, part.stop) - fault.start + 1) / fault.length
    if kind in ("spike", "dip"):
        x = x + (SPIKE if kind == "spike" else -SPIKE) * unit
    elif kind == "level shift":
        x = x + SHIFT * unit
    elif kind == "ramp":
        x = x + RAMP * through * unit
    elif kind == "variance change":
        x = centre + WIDER * (x - centre)
    elif kind == "season break":
        x = x - block.season[row, part]
    elif kind == "phase shift":
        ahead = np.arange(part.start, part.stop) + period // 4
        ahead = np.where(ahead < block.season.shape[1], ahead, ahead - max(period, 1))
        x = x + block.season[row, ahead] - block.season[row, part]
    else:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
    n = block.n[row, part] if block.n is not None else None
    value[:] = back(block.scale, x, n)
