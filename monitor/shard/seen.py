"""A value as seen from a level: that of the forecast, or one that an open level shift has come to."""

from __future__ import annotations

from typing import NamedTuple


class Seen(NamedTuple):
    """``deviation`` is from the forecast in any case, in the series' own units of scale; ``residual`` from
    the level, in widths."""

    value: float
    expected: float
    lower: float
    upper: float
    deviation: float
    residual: float
