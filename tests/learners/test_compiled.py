"""What `learners.compiled` adds to Numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel


@kernel
def _twice(x: float) -> float:
    return x + x


@kernel
def _many(small: NDArray[np.int32], short: NDArray[np.float32]) -> float:
    return _twice(1) + _twice(small[0]) + _twice(2) + _twice(short[0]) + _twice(0.5)


def test_callers_with_other_types_share_one_compilation() -> None:
    assert _many(np.array([3], np.int32), np.array([1.5], np.float32)) == 16.0
    compiled: Any = _twice
    assert sorted(str(kinds[0]) for kinds in compiled.signatures) == ["float64", "int64"]
