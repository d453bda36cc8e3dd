"""Event times as text: RFC 3339 to milliseconds, in a kernel for the wire and as a plain function."""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import TS_MS_MAX
from collectors.raw_bytes import byte_at, padded
from learners.compiled import kernel, spliced

_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_BAD = -1


def rfc3339_ms(text: str) -> int | None:
    """Milliseconds UTC of an RFC 3339 time, or None if it is none or lies outside [0, TS_MS_MAX].

    Fractions beyond milliseconds are cut off (at most nine digits); a leap second counts as the
    second after it; an offset is required.

    >>> rfc3339_ms("2013-02-08T19:00:00.25-05:00")
    1360368000250
    >>> rfc3339_ms("2013-02-29T00:00:00Z"), rfc3339_ms("2013-02-08T19:00:00")
    (None, None)
    """
    raw = text.encode("utf-8", "replace")
    buffer = padded(raw)
    end, ts_ms = scan_rfc3339(buffer.ctypes.data, 0)
    return ts_ms if end == len(raw) else None


@kernel
def scan_rfc3339(address: int, at: int) -> tuple[int, int]:
    """Read the time at ``at``: where it ends (-1: it is none, or out of range) and its milliseconds."""
    year = _number(address, at, 4)
    month = _number(address, at + 5, 2)
    day = _number(address, at + 8, 2)
    hour = _number(address, at + 11, 2)
    minute = _number(address, at + 14, 2)
    second = _number(address, at + 17, 2)
    # Every negative operand leaves the sign bit set.
    if (year | month | day | hour | minute | second) < 0:
        return _BAD, 0
    if byte_at(address + at + 4) != 45 or byte_at(address + at + 7) != 45:
        return _BAD, 0
    if byte_at(address + at + 13) != 58 or byte_at(address + at + 16) != 58:
        return _BAD, 0
    between = byte_at(address + at + 10)
    if between != 84 and between != 116 and between != 32:
        return _BAD, 0
    if month < 1 or month > 12 or hour > 23 or minute > 59 or second > 60:
        return _BAD, 0
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day < 1 or day > _LENGTHS[month - 1] + leap:
        return _BAD, 0
    end, fraction_ms = _fraction(address, at + 19)
    if end < 0:
        return _BAD, 0
    end, offset_minutes = _offset(address, end)
    if end < 0:
        return _BAD, 0
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute - offset_minutes
    ts_ms = (minutes * 60 + second) * 1000 + fraction_ms
    if ts_ms < 0 or ts_ms > TS_MS_MAX:
        return _BAD, 0
    return end, ts_ms


@spliced
def _number(address: int, at: int, digits: int) -> int:
    """``digits`` decimal digits, or a negative number."""
    number = 0
    for i in range(digits):
        digit = byte_at(address + at + i) - 48
        if digit < 0 or digit > 9:
            return _BAD
        number = number * 10 + digit
    return number


@kernel
def _fraction(address: int, at: int) -> tuple[int, int]:
    if byte_at(address + at) != 46:
        return at, 0
    at += 1
    first = at
    fraction_ms = 0
    unit = 100
    digit = byte_at(address + at) - 48
    while 0 <= digit <= 9:
        fraction_ms += digit * unit
        unit //= 10
        at += 1
        digit = byte_at(address + at) - 48
    if at == first or at - first > 9:
        return _BAD, 0
    return at, fraction_ms


@kernel
def _offset(address: int, at: int) -> tuple[int, int]:
    sign = byte_at(address + at)
    if sign == 90 or sign == 122:
        return at + 1, 0
    if sign != 43 and sign != 45:
        return _BAD, 0
    hours = _number(address, at + 1, 2)
    minutes = _number(address, at + 4, 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or byte_at(address + at + 3) != 58:
        return _BAD, 0
    offset = hours * 60 + minutes
    return at + 6, -offset if sign == 45 else offset


@kernel
def _days(year: Any, month: Any, day: Any) -> Any:
    """Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms")."""
    if month <= 2:
        year -= 1
        month += 12
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month - 3) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
