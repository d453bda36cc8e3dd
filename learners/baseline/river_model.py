"""Any of River's forecasters as a baseline, for back-tests and comparisons; Python objects, no record.

A `Spec` names the class below ``river`` and its parameters as data; a parameter may be a spec itself, so a
pipeline inside a SNARIMAX can be said. Nothing of it is evaluated. The verbs are those of a family's kernels:
``forecast`` changes nothing, ``learn`` takes in what is left of a residual clipped at four scales, by its
weight, and the spread is kept as all baselines keep it. Buckets without a sample are filled by the forecast.
Until the forecaster is able to say something, and where what it says is not finite, the last value stands in.
A rebase is an offset between us and River, which has no level that one could move.

`state` is plain data (`river_state`), from which `from_state` goes on as if nothing had been. It joins no
bank, and the contest does not know it: docs/adr/0018 says why.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river.time_series.base import Forecaster

from learners.baseline.river_state import Plain, from_plain, to_plain
from learners.baseline.spread import SPREAD_RATE, bounded, clipped, follow, rate_of

GAP_MOST = 256
"""Buckets without a sample that are filled; of more, the first."""


@dataclass(frozen=True, slots=True)
class Spec:
    """``name``: a class below ``river``, as ``time_series.HoltWinters``; ``parameters``: its arguments,
    numbers, text, None, lists or further specs.

    >>> spec = Spec.of({"class": "time_series.HoltWinters", "parameters": {"alpha": 0.3, "beta": 0.1}})
    >>> type(spec.make()).__name__, spec.body["parameters"]
    ('HoltWinters', {'alpha': 0.3, 'beta': 0.1})
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(body: Mapping[str, Any]) -> Spec:
        """The spec that plain data say. Raises ValueError on others."""
        if not isinstance(body.get("class"), str) or not set(body) <= {"class", "parameters"}:
            raise ValueError(f'a model of River is {{"class": ..., "parameters": ...}}, not {dict(body)!r}')
        return Spec(body["class"], {str(k): _said(v) for k, v in body.get("parameters", {}).items()})

    @property
    def body(self) -> dict[str, Any]:
        """The inverse of `of`."""
        return {"class": self.name, "parameters": {k: _plain(v) for k, v in self.parameters.items()}}

    def make(self) -> Any:
        """A fresh object. Raises ValueError where River has no such class, or it takes no such arguments."""
        module, _, name = self.name.rpartition(".")
        try:
            made = getattr(import_module(f"river.{module}" if module else "river"), name)
        except (ImportError, AttributeError) as error:
            raise ValueError(f"River has no {self.name!r}") from error
        if not (inspect.isclass(made) and made.__module__.partition(".")[0] == "river"):
            raise ValueError(f"{self.name!r} is no class of River")
        try:
            return made(**{key: _made(value) for key, value in self.parameters.items()})
        except TypeError as error:
            raise ValueError(f"{self.name}: {error}") from error


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Spec.of(value)
    if isinstance(value, (list, tuple)):
        return [_said(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a parameter is a number, text, None, a list or a model, not {type(value).__name__}")


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.body
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _made(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.make()
    return [_made(one) for one in value] if isinstance(value, list) else value


class RiverModel:
    """A forecaster of River that one asks and teaches like a baseline; values in units of scale.

    >>> model = RiverModel(Spec.of({"class": "time_series.HoltWinters", "parameters": {"alpha": 0.5}}))
    >>> for t, y in enumerate([1.0, 1.2, 0.9, 1.1] * 20):
    ...     model.learn(t, y, *model.forecast(t), 1.0)
    >>> again = RiverModel.from_state(model.state())
    >>> again.forecast(80) == model.forecast(80)
    True
    """

    def __init__(self, spec: Spec, *, floor: float = 0.0) -> None:
        forecaster = spec.make()
        if not isinstance(forecaster, Forecaster):
            raise ValueError(f"{spec.name} does not forecast")
        self._forecaster = forecaster
        self._floor = floor
        self._able = False
        self._seen = 0
        self._last_t = 0
        self._last = 0.0
        self._scale = 1.0
        self._moved = 0.0

    def forecast(self, t: int) -> tuple[float, float]:
        """Centre and scale of bucket ``t``; (0, 1) before the first value."""
        if self._seen == 0:
            return 0.0, 1.0
        ahead = min(max(t - self._last_t, 1), GAP_MOST)
        return self._path(ahead)[-1] + self._moved, max(self._scale, self._floor)

    def learn(self, t: int, y: float, centre: float, scale: float, weight: float) -> None:
        """Take in ``y`` of bucket ``t``, of which `forecast` said ``centre`` and ``scale``."""
        if weight <= 0.0:
            return
        y, centre, scale = float(y), float(centre), float(scale)  # River shall not see NumPy's
        value = bounded(y) - self._moved
        if self._seen:
            error = clipped(y - centre, scale)
            rate = rate_of(SPREAD_RATE, float(self._seen), weight)
            self._scale = follow(self._scale, error / self._scale, rate)
            value = centre + weight * error - self._moved
            missing = min(max(t - self._last_t, 1), GAP_MOST) - 1
            for passed in self._path(missing) if missing else ():
                self._forecaster.learn_one(passed)
        self._forecaster.learn_one(value)
        self._seen, self._last_t, self._last = self._seen + 1, t, value

    def rebase(self, delta: float) -> None:
        """Move the level by ``delta``."""
        self._moved = bounded(self._moved + delta)

    def _path(self, ahead: int) -> list[float]:
        """What the next ``ahead`` buckets are expected to be, as River knows them."""
        try:
            said = [float(one) for one in self._forecaster.forecast(ahead)]
            self._able = True
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            if self._able:  # young forecasters fail in ways of their own; others do not
                raise
            said = [self._last] * ahead
        return [bounded(one) if math.isfinite(one) else self._last for one in said]

    def state(self) -> Plain:
        """All that is known, as plain data."""
        own = {name: value for name, value in vars(self).items() if name != "_forecaster"}
        return [own, to_plain(self._forecaster)]

    @staticmethod
    def from_state(state: Plain) -> RiverModel:
        """The model of which `state` told. Raises ValueError on anything else."""
        own, forecaster = state
        model = RiverModel.__new__(RiverModel)
        model._forecaster = from_plain(forecaster)
        if not isinstance(model._forecaster, Forecaster):
            raise ValueError(f"{type(model._forecaster).__name__} does not forecast")
        for name, kind in _OWN.items():
            setattr(model, name, kind(own[name]))
        return model


_OWN: dict[str, Any] = {
    "_floor": float,
    "_able": bool,
    "_seen": int,
    "_last_t": int,
    "_last": float,
    "_scale": float,
    "_moved": float,
}


def warm(
    spec: Spec,
    y: NDArray[np.float64],
    t: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    floor: float = 0.0,
) -> tuple[RiverModel, NDArray[np.float64], NDArray[np.float64]]:
    """A model that has seen ``y`` (in units of scale), with the centre and scale it said before each."""
    model = RiverModel(spec, floor=floor)
    centre, scale = np.empty(len(y)), np.empty(len(y))
    for i, (bucket, value) in enumerate(zip(t.tolist(), y.tolist(), strict=True)):
        centre[i], scale[i] = model.forecast(bucket)
        model.learn(bucket, value, centre[i], scale[i], 1.0 if weight is None else float(weight[i]))
    return model, centre, scale
