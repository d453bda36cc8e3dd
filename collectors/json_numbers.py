"""JSON numbers, bytes to float64, exactly rounded.

Mantissas below 2^53 with small exponents by one exact operation (Clinger, "How to read floating point
numbers accurately", 1990), the rest by the 128-bit product of Eisel and Lemire ("Number parsing at a
gigabyte per second", 2021). What neither can tell (more than 19 digits, subnormal or overflowing
results, ties) is handed back, and Python's ``float`` decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.raw_bytes import byte_at, float_of_bits, leading_zeros, mul_high
from learners.compiled import kernel

DIGITS_MAX = 64
"""Digits of one number (RELIABILITY.md section 5)."""

_POWER_MIN = -342
_POWER_MAX = 308
_EXPONENT_CAP = 100_000

_MINUS, _PLUS, _DOT, _ZERO, _NINE = 45, 43, 46, 48, 57


def _powers_of_five() -> NDArray[np.uint64]:
    """The leading 128 bits of 5^q for q in [-342, 308], high and low word; negative q rounded up."""
    rows = []
    for q in range(_POWER_MIN, _POWER_MAX + 1):
        power = 5 ** abs(q)
        bits = power.bit_length()
        if q >= 0:
            word = power << (128 - bits) if bits <= 128 else power >> (bits - 128)
        else:
            word = (1 << (bits + 127)) // power + 1
            word >>= max(0, word.bit_length() - 128)
        rows.append((word >> 64, word & 0xFFFF_FFFF_FFFF_FFFF))
    return np.array(rows, np.uint64)


_FIVES = _powers_of_five()
_TENS = np.array([10.0**k for k in range(23)])
_EXACT_MAX = np.uint64(1 << 53)
_HIDDEN = np.uint64(1 << 52)


@kernel
def float_of_decimal(mantissa: Any, power: int) -> tuple[float, bool]:
    """mantissa × 10^power rounded to nearest even, and whether that is certain."""
    if mantissa == 0:
        return 0.0, True
    if mantissa <= _EXACT_MAX and -22 <= power <= 22:
        if power < 0:
            return np.float64(mantissa) / _TENS[-power], True
        return np.float64(mantissa) * _TENS[power], True
    if power < _POWER_MIN or power > _POWER_MAX:
        return 0.0, False
    zeros = leading_zeros(mantissa)
    word = mantissa << np.uint64(zeros)
    high = mul_high(word, _FIVES[power - _POWER_MIN, 0])
    low = word * _FIVES[power - _POWER_MIN, 0]
    if (high & np.uint64(0x1FF)) == np.uint64(0x1FF):
        more = mul_high(word, _FIVES[power - _POWER_MIN, 1])
        low += more
        if more > low:
            high += np.uint64(1)
    if low == np.uint64(0xFFFF_FFFF_FFFF_FFFF) and (power < -27 or power > 55):
        return 0.0, False
    upper = np.int64(high >> np.uint64(63))
    shift = np.uint64(upper + 9)
    bits = high >> shift
    exponent = ((217706 * power) >> 16) + 63 + upper - zeros + 1023
    if exponent <= 0:
        return 0.0, False
    tie = low <= np.uint64(1) and -4 <= power <= 23 and (bits & np.uint64(3)) == np.uint64(1)
    if tie and (bits << shift) == high:
        bits &= ~np.uint64(1)
    bits = (bits + (bits & np.uint64(1))) >> np.uint64(1)
    if bits >= (_HIDDEN << np.uint64(1)):
        bits = _HIDDEN
        exponent += 1
    if exponent >= 2047:
        return 0.0, False
    return float_of_bits((bits & (_HIDDEN - np.uint64(1))) | (np.uint64(exponent) << np.uint64(52))), True


@kernel
def scan_number(address: int, at: int) -> tuple[int, float, bool]:
    """Read the JSON number at ``at``: where it ends, its value, whether the value is certain.

    The end is -1 if it is no JSON number or has more than 64 digits.
    """
    i = at
    negative = byte_at(address + i) == _MINUS
    if negative:
        i += 1
    mantissa = np.uint64(0)
    first = i
    c = byte_at(address + i)
    while _ZERO <= c <= _NINE:
        mantissa = mantissa * np.uint64(10) + np.uint64(c - _ZERO)
        i += 1
        c = byte_at(address + i)
    digits = i - first
    if digits == 0 or (digits > 1 and byte_at(address + first) == _ZERO):
        return -1, 0.0, False
    power = 0
    if c == _DOT:
        i += 1
        fraction = i
        c = byte_at(address + i)
        while _ZERO <= c <= _NINE:
            mantissa = mantissa * np.uint64(10) + np.uint64(c - _ZERO)
            i += 1
            c = byte_at(address + i)
        power = fraction - i
        if power == 0:
            return -1, 0.0, False
        digits -= power
    significant = digits
    if c == 101 or c == 69:
        end, exponent = _scan_exponent(address, i + 1)
        if end < 0:
            return -1, 0.0, False
        digits += end - i - 1
        if not _ZERO <= byte_at(address + i + 1) <= _NINE:
            digits -= 1
        i = end
        power += exponent
    if digits > DIGITS_MAX:
        return -1, 0.0, False
    if significant > 19 and significant - _leading_zero_digits(address, first) > 19:
        return i, 0.0, False
    value, certain = float_of_decimal(mantissa, power)
    return i, -value if negative else value, certain


@kernel
def _scan_exponent(address: int, at: int) -> tuple[int, int]:
    c = byte_at(address + at)
    negative = c == _MINUS
    if negative or c == _PLUS:
        at += 1
    first = at
    exponent = 0
    c = byte_at(address + at)
    while _ZERO <= c <= _NINE:
        if exponent < _EXPONENT_CAP:
            exponent = exponent * 10 + c - _ZERO
        at += 1
        c = byte_at(address + at)
    if at == first:
        return -1, 0
    return at, -exponent if negative else exponent


@kernel
def _leading_zero_digits(address: int, first: int) -> int:
    """Zeros before the first significant digit; they do not count towards the nineteen."""
    zeros = 0
    i = first
    while byte_at(address + i) == _ZERO or byte_at(address + i) == _DOT:
        if byte_at(address + i) == _ZERO:
            zeros += 1
        i += 1
    return zeros
