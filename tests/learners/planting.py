"""A stretch of a clean stream that is higher or lower than it should be."""

from __future__ import annotations

from dataclasses import replace

from learners.synthetic import Stream


def raised(clean: Stream, at: int, length: int, size: float) -> Stream:
    """``size`` added to ``length`` values from position ``at`` on."""
    y = clean.y.copy()
    y[at : at + length] += size
    return replace(clean, y=y)
