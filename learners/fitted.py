"""Families that are fitted in learning passes: few series have them, and they are large to compile.

So they are called by address, as the judge is (`learners.memory.function_type`, docs/adr/0011): what calls a
forecast is compiled without them. ``s`` is the directory of `learners.dispatch`; a C function returns no
pair, so a forecast is left in its fields ``centre`` and ``scale``. Whoever owns the directory puts the
addresses of functions of these signatures into ``forecast_fitted``, ``learn_fitted`` and ``rebase_fitted``.
"""

from __future__ import annotations

from typing import Any

from numba import types

from learners.base import MODEL_BYTES, Family, model_dtype
from learners.baseline import arima, neural
from learners.compiled import kernel
from learners.memory import record_type, season

dtype = model_dtype([("at", "i4"), ("scale", "f4"), ("floor", "f4"), ("pace", "f4")])
"""The fields with which the records of these families begin."""

_i8, _f8 = types.int64, types.float64
FORECAST: Any = types.void(_i8, _i8, _i8, _i8)
LEARN: Any = types.void(_i8, _i8, _i8, _i8, _f8, _f8, _f8, _f8)
REBASE: Any = types.void(_i8, _i8, _i8, _f8)
"""The directory's address, the family, the record; then as `learners.dispatch`."""
_ARIMA = int(Family.ARIMA)
_arima = record_type(arima.dtype)
_neural = record_type(neural.dtype)


@kernel
def forecast(s: Any, family: int, at: int, t: int) -> None:
    """Put centre and scale of bucket ``t`` into ``s``."""
    if family == _ARIMA:
        s.centre, s.scale = arima.forecast(_arima(s.models + at * MODEL_BYTES), season(s), t)
    else:
        s.centre, s.scale = neural.forecast(_neural(s.models + at * MODEL_BYTES), season(s), t)


@kernel
def learn(s: Any, family: int, at: int, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Teach the model record ``at`` the value of bucket ``t``."""
    if family == _ARIMA:
        arima.learn(_arima(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    else:
        neural.learn(_neural(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)


@kernel
def rebase(s: Any, family: int, at: int, delta: float) -> None:
    """Move the level of the model record ``at`` by ``delta``."""
    if family == _ARIMA:
        arima.rebase(_arima(s.models + at * MODEL_BYTES), season(s), delta)
    else:
        neural.rebase(_neural(s.models + at * MODEL_BYTES), season(s), delta)
