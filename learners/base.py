"""The contracts: what a baseline family, a tail family and a season table are.

A *baseline family* is one file of ``learners/baseline``: a record layout of 32 bytes and three scalar
kernels over one record, compiled by Numba and called once per sample from the shard's loop:

- ``forecast(m, season, t) -> (centre, scale)``: stated before the sample is seen; changes nothing;
- ``learn(m, season, t, y, centre, scale, weight)``: ``centre`` and ``scale`` are what ``forecast`` said of
  this bucket, ``weight`` in [0, 1] is the gate's word (0 teaches nothing);
- ``rebase(m, season, delta)``: the level moves by ``delta``, nothing else does.

``m`` is one record of the family's ``dtype``; ``season`` is the one float32 pool that holds every season
table, of which the record knows its part: it begins at the field ``at`` and is as long as the fields
``slots``, ``slots2`` and ``window`` say together; ``t`` is the bucket's index in local civil time (start of
the bucket in the series' own zone // cadence), so that slot ``t % period`` is the same hour all year; ``y``
is the value in the series' own units of scale, ``(value - offset) / unit``. Kernels compute in float64 and
store float32. They never divide by zero and never store NaN or infinity.

A *tail family* is one file of ``learners/threshold``: residual in scales -> how improbable. Its record lies
in bytes 32-63 of the common row (`tail_dtype`), with the kernels

- ``surprise(m, r) -> L``: -log10 of the tail probability on the side of ``r``, computed in log space;
- ``limit(m, side, level) -> r``: the residual (>= 0) at which ``surprise`` reaches ``level`` on that side;
- ``learn(m, r, weight)``.

Families share one buffer: each sees it through its own dtype (`view`, `memory.record_type`), so that
champion and challenger of a series lie side by side whatever their families are, and a change of family
moves no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL_BYTES = 32
_TABLE_LENGTHS = ("slots", "slots2", "window")
COMMON_BYTES = 64
TAIL_OFFSET = 32
FAMILY_OFFSET = 24
"""The common row holds the family codes of champion and challenger and the tail's in bytes 24, 25 and 26."""


class Family(IntEnum):
    """Baseline families by the code that is stored; values are never reused."""

    NONE = 0
    EMA = 1
    MOVING_AVERAGE = 2
    HOLT_WINTERS = 3
    SEASONAL_PROFILE = 4
    KALMAN = 5
    STEP_LEVEL = 6
    COUNTS = 7
    SPARSE = 8
    BINOMIAL = 9
    ARIMA = 10
    NEURAL = 11


class Tail(IntEnum):
    """Tail families by the code that is stored; values are never reused."""

    NONE = 0
    SIGMA = 1
    SCALED_MINMAX = 2
    EXTREME_VALUE = 3
    NONCENTRAL_T = 4
    CONFORMAL = 5


def model_dtype(fields: Sequence[tuple[str, Any]]) -> np.dtype[np.void]:
    """A model record of `MODEL_BYTES`, padded at the end; fields aligned by the caller's order."""
    packed = np.dtype(list(fields), align=True)
    if packed.itemsize > MODEL_BYTES:
        raise ValueError(f"a model record has {MODEL_BYTES} bytes, these fields take {packed.itemsize}")
    return _placed(packed, 0, MODEL_BYTES)


def tail_dtype(fields: Sequence[tuple[Any, ...]]) -> np.dtype[np.void]:
    """A tail record: fields in bytes 32-63 of the common row."""
    packed = np.dtype(list(fields), align=True)
    if packed.itemsize > COMMON_BYTES - TAIL_OFFSET:
        raise ValueError(f"a tail record has {COMMON_BYTES - TAIL_OFFSET} bytes, not {packed.itemsize}")
    return _placed(packed, TAIL_OFFSET, COMMON_BYTES)


def common_dtype(fields: Sequence[tuple[str, Any]]) -> np.dtype[np.void]:
    """The common record: fields in bytes 0-31 of the common row."""
    packed = np.dtype(list(fields), align=True)
    if packed.itemsize > TAIL_OFFSET:
        raise ValueError(f"the common fields have {TAIL_OFFSET} bytes, not {packed.itemsize}")
    return _placed(packed, 0, COMMON_BYTES)


def _placed(packed: np.dtype[np.void], start: int, itemsize: int) -> np.dtype[np.void]:
    fields: Any = packed.fields or {}
    names = list(packed.names or ())
    return np.dtype(
        {
            "names": names,
            "formats": [fields[n][0] for n in names],
            "offsets": [fields[n][1] + start for n in names],
            "itemsize": itemsize,
        }
    )


def view(buffer: NDArray[np.uint8], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """One-dimensional view of a C-contiguous byte buffer whose last axis is one record."""
    return buffer.reshape(-1).view(dtype)


def writable(data: bytes, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Records of ``dtype``, shape (n,), over a copy of ``data``.

    An array's own ``copy`` leaves the padding between and behind fields undefined; this keeps every byte.
    """
    return np.frombuffer(bytearray(data), dtype)


def season_slots(record: NDArray[np.void]) -> int:
    """Slots of the season pool that a baseline's ``record``, shape (), uses; 0 without a table."""
    names = record.dtype.names or ()
    return sum(int(record[name]) for name in _TABLE_LENGTHS if name in names) if "at" in names else 0


def relocate(record: NDArray[np.void], at: int) -> NDArray[np.void]:
    """A copy of a baseline's ``record``, shape (), whose table begins at slot ``at`` of the pool; itself if
    it has none."""
    if "at" not in (record.dtype.names or ()):
        return record
    moved = writable(record.tobytes(), record.dtype).reshape(())
    moved["at"] = at
    return moved


@dataclass(frozen=True, slots=True, eq=False)
class Warm:
    """A baseline that has seen a window, and what it said before each value of it.

    ``record``: shape () of the family's dtype, its table's place counted from the start of ``season``;
    ``season``: float32[slots]; ``centre``, ``scale``, ``residual``: float64[n], residual = (y - centre) /
    scale.
    """

    record: NDArray[np.void]
    season: NDArray[np.float32]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    residual: NDArray[np.float64]

    @staticmethod
    def over(
        run: Callable[..., None],
        rows: NDArray[np.void],
        season: NDArray[np.float32],
        t: NDArray[np.int64],
        y: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
    ) -> Warm:
        """Run a family's compiled loop over a window; ``rows`` (one record) and ``season`` are changed."""
        if weight is None:
            weight = np.ones(len(y))
        centre, scale = np.empty(len(y)), np.empty(len(y))
        run(
            rows,
            season,
            np.ascontiguousarray(t, np.int64),
            np.ascontiguousarray(y, np.float64),
            np.ascontiguousarray(weight, np.float64),
            centre,
            scale,
        )
        return Warm(rows[0:1].reshape(()), season, centre, scale, (y - centre) / scale)
