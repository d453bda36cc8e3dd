"""Sums of floats that do not depend on the order in which they are added.

A sum is thirteen int64 digits of 32 bits each, of which each keeps what a term has there; the whole is exact
for terms between 2**-107 and 2**200 in size (smaller ones lose what lies below 2**-160, larger ones count as
2**200), and for 2**31 terms of weight 1. The idea is that of Kulisch's accumulator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.served.table import add_at

DIGITS = 13
_LOWEST = 160
LARGEST = 2.0**200
_LOW = np.int64(2**26 - 1)
_DIGIT = np.int64(2**32 - 1)

Integers = NDArray[np.int64]


def add(
    table: Integers, rows: NDArray[np.intp], column: int, terms: NDArray[np.float64], weights: Integers
) -> None:
    """Add ``weights * terms`` to the sums that begin at ``column`` of the ``rows`` of a table.

    >>> table = np.zeros((1, DIGITS), np.int64)
    >>> add(table, np.zeros(3, np.intp), 0, np.array([1e16, 1.0, -1e16]), np.ones(3, np.int64))
    >>> total(table[0])
    1.0
    """
    mantissa, exponent = np.frexp(np.clip(terms, -LARGEST, LARGEST))
    whole = (mantissa * 2.0**53).astype(np.int64)
    place = exponent.astype(np.int64) - 53 + _LOWEST
    whole >>= np.clip(-place, 0, 63)
    place = np.maximum(place, 0)
    for part, at in ((whole & _LOW, place), (whole >> 26, place + 26)):
        spread = part << (at & 31)
        digit = column + (at >> 5)
        add_at(table, rows, digit, (spread & _DIGIT) * weights)
        add_at(table, rows, digit + 1, (spread >> 32) * weights)


def total(digits: Integers) -> float:
    """The sum, rounded once."""
    whole = 0
    for digit in reversed(digits.tolist()):
        whole = (whole << 32) + digit
    return whole / (1 << _LOWEST)
