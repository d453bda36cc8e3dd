"""The two calls by address: from the loops over samples to what judges a value.

`learners.memory.function_type` says why. ``s.final_value`` and ``s.flush`` are the addresses, `judge.entry`
and `block.entry` what lies there.
"""

from __future__ import annotations

from typing import Any

from numba import types

from learners.compiled import inlined
from learners.memory import address_of, function_type

_i8, _f8 = types.int64, types.float64
FINAL_VALUE: Any = types.void(_i8, _i8, _i8, _f8, _f8, _i8)
FLUSH: Any = types.void(_i8)
_final_value = function_type(FINAL_VALUE)
_flush = function_type(FLUSH)


@inlined
def final_value(s: Any, row: int, bucket: int, value: float, n: float, at_ms: int) -> None:
    """`judge.final_value`: judge one value, and let the models learn from it."""
    _final_value(s.final_value, (address_of(s), row, bucket, value, n, at_ms))  # type: ignore[call-arg]


@inlined
def flush(s: Any) -> None:
    """`block.flush`: judge all that waits."""
    if s.n_jobs > 0:
        _flush(s.flush, (address_of(s),))  # type: ignore[call-arg]
