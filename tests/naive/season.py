"""Autocorrelation of a gappy series from its definition."""

from __future__ import annotations

from collections.abc import Sequence


def autocorrelation(t: Sequence[int], x: Sequence[float], lag: int) -> float:
    """Mean product of values ``lag`` apart over the variance."""
    mean = sum(x) / len(x)
    value = {at: v - mean for at, v in zip(t, x, strict=True)}
    pairs = [value[at] * value[at + lag] for at in value if at + lag in value]
    variance = sum(v * v for v in value.values()) / len(value)
    return (sum(pairs) / len(pairs)) / variance if pairs else 0.0
