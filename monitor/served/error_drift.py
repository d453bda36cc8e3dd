"""Lasting change of a version's error, bucket by bucket as they ripen: ADWIN and Page-Hinkley.

The error is the main measure's: 1 − accuracy, the mean absolute error, 1 − hit rate. The first buckets are
the reference, and each later one is taken in units of what its error varies by there: by chance at its number
of cases, and beyond that between buckets. So one detector fits every model, whatever its error is and however
much traffic it has. Some 0.1 ms a bucket and 700 bytes a version.

Both detectors are those of `learners.drift`, which are River's by test (`river.drift.ADWIN`, `PageHinkley`).
River's KSWIN is none of them: it compares distributions, of 100 values by default, and a bucket has one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.drift import adwin, page_hinkley
from monitor.domain.served import Measure, Task
from monitor.served.quality import MAIN

SIDES = 1.959963984540054
"""Half the width of an interval of 95 %, in standard errors."""
LEAST_BUCKETS = 8
"""Of the reference, before anything is compared with it."""
_LEAST_SCALE = 1e-12

_REPORTED = ("at_ms", "detector", "reference", "error")

Record = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Report:
    """A lasting change, seen in the bucket ``at_ms``; ``size`` in the units of the error, since then against
    the reference."""

    at_ms: int
    detector: str
    reference: float
    error: float

    @property
    def text(self) -> str:
        way = "grown" if self.error > self.reference else "fallen"
        return f"the error has {way} from {self.reference:.4g} to {self.error:.4g} (by {self.detector})"

    def to_body(self) -> dict[str, Any]:
        return {
            "at_ms": self.at_ms,
            "detector": self.detector,
            "reference": self.reference,
            "error": self.error,
            "text": self.text,
        }


def error_of(task: Task, found: Mapping[str, Measure]) -> tuple[float, float] | None:
    """The error that the main measure of a bucket says, with its standard error; None where there is none."""
    measure = found.get(MAIN[task])
    if measure is None or measure.lower is None or measure.upper is None:
        return None
    error = measure.value if task is Task.REGRESSION else 1.0 - measure.value
    return error, (measure.upper - measure.lower) / (2 * SIDES)


@dataclass
class ErrorDrift:
    """Of one version. ``seen``: buckets of the reference, with the sums of errors, their squares and their
    variances by chance; ``lately``: a mean that forgets, of the last eight."""

    seen: int = 0
    total: float = 0.0
    square: float = 0.0
    chance: float = 0.0
    lately: float = math.nan
    adwin: Record = field(default_factory=adwin.new)
    page_hinkley: Record = field(default_factory=page_hinkley.new)
    report: Report | None = None

    def take(self, ts_ms: int, error: float, deviation: float, reference_buckets: int) -> float | None:
        """One ripe bucket's error with its standard error: how far the detectors are on the way to a report,
        signed (1: it has grown for good, −1: it has fallen); None while the reference is gathered."""
        if self.seen < max(reference_buckets, LEAST_BUCKETS):
            self.seen += 1
            self.total += error
            self.square += error * error
            self.chance += deviation * deviation
            return None
        mean = self.total / self.seen
        between = max(self.square / self.seen - mean * mean - self.chance / self.seen, 0.0)
        scale = max(math.sqrt(between + deviation * deviation), _LEAST_SCALE)
        away = (error - mean) / scale
        self.lately = error if math.isnan(self.lately) else self.lately + (error - self.lately) / 8
        # ADWIN tries its cuts at each 32nd value; values are rare here, so at each.
        self.adwin["tick"] = adwin.CLOCK - 1
        ways = {
            "ADWIN": adwin.update(self.adwin.reshape(1)[0], away, 1.0),
            "Page-Hinkley": page_hinkley.update(self.page_hinkley.reshape(1)[0], away, 1.0),
        }
        detector = max(ways, key=lambda name: abs(ways[name]))
        if abs(ways[detector]) >= 1.0:
            self.report = Report(ts_ms, detector, mean, self.lately)
        return float(np.clip(ways[detector], -1.0, 1.0))

    def state(self) -> dict[str, Any]:
        return {
            "sums": [self.seen, self.total, self.square, self.chance, self.lately],
            "adwin": self.adwin.tobytes(),
            "page_hinkley": self.page_hinkley.tobytes(),
            "report": None if self.report is None else self.report.to_body(),
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> ErrorDrift:
        seen, total, square, chance, lately = state["sums"]
        report = state["report"]
        return ErrorDrift(
            int(seen),
            total,
            square,
            chance,
            lately,
            np.frombuffer(bytearray(state["adwin"]), adwin.dtype).reshape(()),
            np.frombuffer(bytearray(state["page_hinkley"]), page_hinkley.dtype).reshape(()),
            None if report is None else Report(**{name: report[name] for name in _REPORTED}),
        )


def warm() -> None:
    """Compile both detectors, or load them from the cache."""
    drift = ErrorDrift(seen=LEAST_BUCKETS)
    drift.take(0, 0.0, 1.0, LEAST_BUCKETS)
