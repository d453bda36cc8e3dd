"""The lab: several detectors over one series, side by side, as each would have called it value by value.

Every detector is the system with a declaration of its own (which models may serve, which law of the tail),
and all of them run in one shard that is thrown away. Nothing is kept, and nothing that runs live is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.anomaly import ANOMALOUS, Anomaly, AnomalyKind
from monitor.domain.batch import SampleBatch
from monitor.domain.errors import BadRequest, Overloaded
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.intake.limits import Limits
from monitor.shadow import Shadow

POINTS_MAX = 10_000
DETECTORS_MAX = 6
_UNSEEN = (AnomalyKind.NO_DATA, AnomalyKind.ENDED)


@dataclass(frozen=True, slots=True)
class Detector:
    """``model``: the family that competes with an exponential average, None: those that the system lets
    compete; ``threshold``: the law of the tail."""

    model: str | None = None
    threshold: str | None = None

    def declaration(self) -> dict[str, Any]:
        """What it declares beside all else.

        >>> Detector("ema").declaration(), Detector().declaration()
        ({'models': ['ema']}, {})
        """
        chosen = {"models": [self.model] if self.model else None, "threshold": self.threshold}
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """``ts_ms`` int64 ascending, ``value`` float64, ``n`` float64 or None. ``cadence_ms``: of buckets, None
    where it is to be learned. ``declared``: what holds for the metric."""

    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64] | None = None
    cadence_ms: int | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """What one detector made of the points: columns by bucket, ``told`` where a value is part of an anomaly,
    and the anomalies, the first one first."""

    columns: Observations
    told: NDArray[np.bool_]
    anomalies: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True)
class Lab:
    """One run at a time; a second is refused, so that no more than one core works for it."""

    zone: str
    limits: Limits
    _one: Lock = field(default_factory=Lock)

    def run(self, points: Points, detectors: Sequence[Detector]) -> list[Called]:
        """In the order of ``detectors``. Some 0.1 ms a point and detector, nearly all of it for learning
        passes, so that the most that may be asked for takes seconds; `arima` and `neural` four times that.
        Raises BadRequest beyond `POINTS_MAX` or `DETECTORS_MAX`, or where times do not rise; Overloaded
        while another run is on its way."""
        _check(points, detectors)
        if not self._one.acquire(blocking=False):
            raise Overloaded("the lab is in use: one run at a time", 2)
        try:
            return self._run(points, detectors)
        finally:
            self._one.release()

    def _run(self, points: Points, detectors: Sequence[Detector]) -> list[Called]:
        names = [Identity.of(f"lab.{place}", {}) for place in range(len(detectors))]
        prints = [name.fingerprint() for name in names]
        parts: dict[int, list[Observations]] = {one: [] for one in prints}

        def observe(observations: Observations, whose: NDArray[np.uint64]) -> None:
            of = whose[observations.row]
            for one in prints:
                if (own := of == one).any():
                    parts[one].append(observations.take(own))

        end_ms = int(points.ts_ms[-1])
        with Shadow(self.zone, self.limits, observe) as shadow:
            for name, detector in zip(names, detectors, strict=True):
                body = {"name": name.metric, "declaration": _declaration(points, detector)}
                shadow.tell(Control(Kind.METRIC, body))
            shadow.feed(_batch(points, names), end_ms)
            shadow.tell(Tick(end_ms, complete=True))
            shadow.settle()
        return [_called(one, Observations.concat(parts[one.fingerprint()]), shadow) for one in names]


def _check(points: Points, detectors: Sequence[Detector]) -> None:
    size = len(points.ts_ms)
    if not 1 <= len(detectors) <= DETECTORS_MAX:
        raise BadRequest(f"between 1 and {DETECTORS_MAX} detectors, not {len(detectors)}")
    if not 1 <= size <= POINTS_MAX:
        raise BadRequest(f"between 1 and {POINTS_MAX} points, not {size}")
    if len(points.value) != size or (points.n is not None and len(points.n) != size):
        raise BadRequest("columns differ in length")
    if np.any(np.diff(points.ts_ms) <= 0):
        raise BadRequest("times have to rise from point to point")
    if not np.isfinite(points.value).all():
        raise BadRequest("values have to be finite")


def _declaration(points: Points, detector: Detector) -> dict[str, Any]:
    """The series' own, for buckets instead of samples, and over it what makes the detector."""
    own = {
        name: value
        for name, value in points.declared.items()
        if name not in ("aggregation", "lateness_ms", "cadence_ms")
        and not (name == "kind" and value in ("delta", "cumulative", "maturing"))
    }
    cadence = {} if points.cadence_ms is None else {"cadence_ms": points.cadence_ms}
    return own | cadence | {"aggregation": "last"} | detector.declaration()


def _batch(points: Points, names: Sequence[Identity]) -> SampleBatch:
    """The same points once for each name, a moment's together."""
    many = len(names)
    return SampleBatch(
        fingerprint=np.tile(np.array([name.fingerprint() for name in names], np.uint64), len(points.ts_ms)),
        ts_ms=np.repeat(points.ts_ms, many),
        value=np.repeat(points.value, many),
        n=None if points.n is None else np.repeat(points.n, many),
        identities={name.fingerprint(): name.canonical() for name in names},
    )


def _called(name: Identity, columns: Observations, shadow: Shadow) -> Called:
    found = [one for one in shadow.anomalies.values() if one.series == name and one.kind not in _UNSEEN]
    told = np.isin(columns.verdict, ANOMALOUS)
    return Called(columns, told, tuple(sorted(found, key=lambda one: (one.begin_ms, one.id))))
