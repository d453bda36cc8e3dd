"""How numbers of a metric are said: a share in percent and percentage points, a count in whole numbers,
anything else with its unit.

Taken from what was declared (kind, unit), else from the class. It concerns words and drawings alone: a wrong
guess reads oddly and changes no verdict (`monitor.domain.declared` says why nothing else has a default).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Manner(StrEnum):
    """A share lies between 0 and 1 and is said in percent; a percentage is in percent already."""

    SHARE = "share"
    PERCENTAGE = "percentage"
    COUNT = "count"
    MEASURE = "measure"


_SHARES = ("ratio", "share", "1")
_PERCENT = ("%", "percent")
_COUNTED = ("delta", "cumulative")
_LIMITS = {Manner.SHARE: (0.0, 1.0), Manner.PERCENTAGE: (0.0, 100.0), Manner.COUNT: (0.0, math.inf)}


@dataclass(frozen=True, slots=True)
class Way:
    """A manner with its unit, which may be empty."""

    manner: Manner = Manner.MEASURE
    unit: str = ""

    @staticmethod
    def of(kind: str | None, unit: str | None, metric_class: str) -> Way:
        """
        >>> Way.of("ratio", None, "smooth").manner.value, Way.of(None, "ms", "count").manner.value
        ('share', 'measure')
        >>> Way.of(None, None, "count").manner.value, Way.of(None, None, "smooth").manner.value
        ('count', 'measure')
        """
        unit = (unit or "").strip()
        if unit in _PERCENT:
            return Way(Manner.PERCENTAGE, "%")
        if unit in _SHARES or (not unit and "ratio" in (kind, metric_class)):
            return Way(Manner.SHARE)
        if kind in _COUNTED or (not unit and metric_class == "count"):
            return Way(Manner.COUNT, unit)
        return Way(Manner.MEASURE, unit)

    @property
    def limits(self) -> tuple[float, float]:
        """Between which values lie, as its kind is usually meant.

        >>> Way(Manner.SHARE).limits, Way(Manner.COUNT).limits
        ((0.0, 1.0), (0.0, inf))
        """
        return _LIMITS.get(self.manner, (-math.inf, math.inf))

    def number(self, value: float) -> str:
        """
        >>> [way.number(0.57) for way in (Way(Manner.SHARE), Way(Manner.PERCENTAGE, "%"), Way(unit="ms"))]
        ['57 %', '0.57 %', '0.57 ms']
        >>> Way(Manner.COUNT).number(12345.0), Way().number(float("nan"))
        ('12,345', 'nothing')
        """
        if math.isnan(value):
            return "nothing"
        if self.manner is Manner.SHARE:
            return f"{_plain(100.0 * value)} %"
        if self.manner is Manner.COUNT and abs(value) < 1e15 and value == round(value):
            return _with(f"{value:,.0f}", self.unit)
        return _with(_plain(value), self.unit)

    def difference(self, size: float) -> str:
        """A change with its sign; that of a share or percentage in percentage points.

        >>> Way(Manner.SHARE).difference(0.55), Way(unit="ms").difference(-12.5), Way().difference(0.0)
        ('+55 percentage points', '-12.5 ms', 'no difference')
        """
        if size == 0.0 or math.isnan(size):
            return "no difference"
        if self.manner in (Manner.SHARE, Manner.PERCENTAGE):
            points = 100.0 * size if self.manner is Manner.SHARE else size
            return f"{signed(points)} percentage points"
        return _with(signed(size), self.unit)


def beside(value: float, other: float) -> float:
    """What is said of ``other`` next to ``value``: 0 where it is below a ten-thousandth of it.

    >>> beside(0.43, 1.02e-7), beside(0.43, 0.021)
    (0.0, 0.021)
    """
    return 0.0 if abs(other) < 1e-4 * abs(value) else other


def percent_of(size: float, expected: float, band: float = math.nan) -> float | None:
    """``size`` in percent of what was expected; None where that is 0 or tiny, as no percentage then means
    anything: beside the difference (beyond 100,000 %), or beside the half-width of the ``band``, if known.

    >>> percent_of(5.0, 20.0), percent_of(5.0, 0.0), percent_of(3.0, 0.001), percent_of(3.0, 0.01, 4.0)
    (25.0, None, None, None)
    """
    if not (math.isfinite(size) and math.isfinite(expected)) or expected == 0.0:
        return None
    if abs(size) > 1_000.0 * abs(expected) or (math.isfinite(band) and abs(expected) < 0.01 * band):
        return None
    found = 100.0 * size / abs(expected)
    return found if math.isfinite(found) else None


def _with(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _plain(value: float) -> str:
    """Four digits, with commas between thousands.

    >>> _plain(0.023456), _plain(1234567.0), _plain(-0.0), _plain(3e18), _plain(99.99)
    ('0.02346', '1,235,000', '0', '3e+18', '99.99')
    """
    if value == 0.0:
        return "0"
    if math.isinf(value) or not 1e-4 <= abs(value) < 1e9:
        return f"{value:.4g}"
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1_000 else f"{value:.4g}"


def signed(value: float) -> str:
    """With its sign, plus included.

    >>> signed(9290.4), signed(-2.5), signed(123456.0)
    ('+9,290', '-2.5', '+123,500')
    """
    return ("+" if value > 0 else "") + _plain(value)


def counted(number: int, one: str) -> str:
    """
    >>> counted(1, "bucket"), counted(1_200, "bucket")
    ('1 bucket', '1,200 buckets')
    """
    return f"{number:,} {one}{'' if number == 1 else 's'}"
