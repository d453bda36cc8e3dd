"""The C functions behind `learners.fitted`, for the directory of a shard."""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import cfunc

from learners import fitted
from monitor.shard.state import directory_at


def _forecast(directory: int, family: int, at: int, t: int) -> None:
    fitted.forecast(directory_at(directory), family, at, t)


def _learn(
    directory: int, family: int, at: int, t: int, y: float, centre: float, scale: float, weight: float
) -> None:
    fitted.learn(directory_at(directory), family, at, t, y, centre, scale, weight)


def _rebase(directory: int, family: int, at: int, delta: float) -> None:
    fitted.rebase(directory_at(directory), family, at, delta)


@cache
def entries() -> dict[str, Any]:
    """The functions by the directory's fields."""
    return {
        "forecast_fitted": cfunc(fitted.FORECAST, cache=True)(_forecast),
        "learn_fitted": cfunc(fitted.LEARN, cache=True)(_learn),
        "rebase_fitted": cfunc(fitted.REBASE, cache=True)(_rebase),
    }
