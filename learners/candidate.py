"""What may enter the contest: families that any series gets, those its class calls for, and what was asked.

Prices are nats a sample, paid on top of the loss: a hundredth for each thing more that a family learns than
an exponential average does, and twice that where it keeps a table. A gain below the price is no gain: over
the thousand samples on which a pass counts, losses of equals differ by about so much.

`arima` and `neural` are fitted before they can enter, which takes longer than the rest of a pass: 15 to 40
and 35 ms a series of 2,016 buckets, where all others take 6 in the same run. No class calls for them; they
enter where somebody has named them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Family, Warm
from learners.baseline import arima_fit, neural_fit
from learners.baseline.seasonal_profile import Known
from learners.families import BASELINES

RICH_FROM = 64
"""Samples from which families other than the moving average of all are tried."""
STANDING = ("binary", "sparse", "discrete")
STANDING_FLOOR = 0.25
"""Classes whose values mostly stand still, and their smallest scale in units of spread."""
Y_MAX = 1e30
ALPHAS = (0.02, 0.2)
"""How fast the level under a seasonal profile moves."""
_SLOTS_MOST = 65_535
_PRODUCT_MAX = 1e5
"""Largest value, in units of spread, that a float32 level without an offset is exact enough for."""
_ZERO_MOST = 1e5
"""Largest offset, in units, at which counts and shares are tried: their zero is a float32."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family with its knobs; ``price`` in nats; ``product``: multiplicative, lives on an offset of 0."""

    name: str
    family: Family
    price: float
    knobs: dict[str, Any]
    product: bool = False

    def run(
        self, t: NDArray[np.int64], y: NDArray[np.float64], weight: NDArray[np.float64] | None = None
    ) -> Warm:
        return BASELINES[self.family].warm(y, t, weight, **self.knobs)

    def on_zero(self, moved: float) -> Candidate:
        """The same for a series whose offset is 0, so that its values, in units, are larger by ``moved``."""
        knobs = dict(self.knobs)
        if "zero" in knobs:
            knobs["zero"] = 0.0
        if "constant" in knobs:
            knobs["constant"] += moved * (1.0 - sum(knobs["values"].values()))
        return replace(self, knobs=knobs)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What a maker of candidates may look at: buckets, raw values and the cases behind them (NaN: unknown),
    seasons that are to be learned."""

    t: NDArray[np.int64]
    y: NDArray[np.float64]
    n: NDArray[np.float64]
    offset: float
    unit: float
    periods: tuple[int, ...]
    metric_class: str

    @property
    def floor(self) -> float:
        """Smallest scale, in units."""
        return STANDING_FLOOR if self.metric_class in STANDING else 0.0

    @property
    def scaled(self) -> NDArray[np.float64]:
        """Values in units of spread."""
        return scaled(self.y, self.offset, self.unit)


Maker = Callable[[Series], list[Candidate]]


def scaled(y: NDArray[np.float64], offset: float, unit: float) -> NDArray[np.float64]:
    """Values in units of spread, at most `Y_MAX` of them."""
    return np.clip(y - offset, -Y_MAX * unit, Y_MAX * unit) / unit


def _averages(series: Series) -> list[Candidate]:
    """Exponential averages, slow and fast."""
    knobs = [{"alpha": alpha, "floor": series.floor} for alpha in (0.02, 0.1, 0.4)]
    return [Candidate(f"ema({one['alpha']})", Family.EMA, 0.0, one) for one in knobs]


def _mean(series: Series) -> list[Candidate]:
    """The mean of the last values."""
    return [Candidate("moving_average", Family.MOVING_AVERAGE, 0.02, {"floor": series.floor})]


def _holt(series: Series) -> list[Candidate]:
    """Level and trend."""
    knobs = {"alpha": 0.3, "beta": 0.1, "floor": series.floor}
    return [Candidate("holt", Family.HOLT_WINTERS, 0.01, knobs)]


def _profiles(series: Series) -> list[Candidate]:
    """A level for each slot of a season, over one that drifts slowly or fast."""
    return [
        profile(period, alpha)
        for period in (series.periods if series.floor == 0.0 else ())
        for alpha in ALPHAS
    ]


def profile(period: int, alpha: float, known: Known | None = None) -> Candidate:
    """A seasonal profile; ``known``: what it begins with."""
    knobs: dict[str, Any] = {"periods": (period,), "alpha": alpha, "known": known}
    return Candidate(f"seasonal_profile({period}, {alpha})", Family.SEASONAL_PROFILE, 0.02, knobs)


def _seasons(series: Series) -> list[Candidate]:
    """Level, trend and one or two seasons."""
    y, unit, floor, periods = series.y, series.unit, series.floor, series.periods
    if not periods:
        return []
    short = periods[:1]
    found = [_winters(short, 0.1, floor), _winters(short, 0.4, floor)]
    if len(periods) > 1:
        found.append(_winters(periods, 0.1, floor))
    if floor == 0.0 and float(y.min()) > 0.0 and float(y.max()) / unit < _PRODUCT_MAX:
        found.append(_winters(short, 0.1, 0.0, product=True))
    return found


def _winters(periods: tuple[int, ...], alpha: float, floor: float, product: bool = False) -> Candidate:
    slots = ", ".join(str(p) for p in periods)
    name = f"holt_winters({slots}, {alpha}{', multiplicative' if product else ''})"
    knobs: dict[str, Any] = {"periods": periods, "alpha": alpha, "floor": floor, "multiplicative": product}
    return Candidate(name, Family.HOLT_WINTERS, 0.02 * len(periods), knobs, product)


def _level(series: Series) -> list[Candidate]:
    """Local levels that move slowly and fast."""
    return [
        Candidate(f"kalman({signal:g})", Family.KALMAN, 0.01, {"signal": signal, "floor": series.floor})
        for signal in (0.02, 1.0)
    ]


def _line(series: Series) -> list[Candidate]:
    """A local linear trend."""
    knobs = {"signal": 0.1, "turn": 0.001, "phi": 0.98, "floor": series.floor}
    return [Candidate("kalman(0.1, trend)", Family.KALMAN, 0.02, knobs)]


def _steps(series: Series) -> list[Candidate]:
    """A level that stands still and jumps."""
    return [Candidate("step_level", Family.STEP_LEVEL, 0.01, {"floor": series.floor})]


def _counts(series: Series) -> list[Candidate]:
    """A rate, and one for each slot of a season, where values are counts."""
    y = series.y
    if float(y.min()) < 0.0 or bool(np.any(np.floor(y) != y)) or series.offset > _ZERO_MOST * series.unit:
        return []
    knobs = {"zero": -series.offset / series.unit, "grain": 1.0 / series.unit}
    found = [Candidate("counts", Family.COUNTS, 0.01, {"alpha": 0.02, **knobs})]
    for period in series.periods:
        one = {"periods": (period,), "alpha": 0.02, "gamma": 0.1, **knobs}
        found.append(Candidate(f"counts({period})", Family.COUNTS, 0.02, one))
    return found


def _events(series: Series) -> list[Candidate]:
    """How often something happens, and how much."""
    if series.offset != 0.0:
        return []
    return [Candidate("sparse", Family.SPARSE, 0.01, {"floor": series.floor})]


def _shares(series: Series) -> list[Candidate]:
    """A share, and one for each slot of a season, where values are shares of known numbers of cases."""
    y, n = series.y, series.n
    known = n[np.isfinite(n) & (n > 0.0)]
    within = float(y.min()) >= 0.0 and float(y.max()) <= 1.0
    if not (len(known) and within and series.offset <= _ZERO_MOST * series.unit):
        return []
    knobs = {
        "zero": -series.offset / series.unit,
        "grain": 1.0 / series.unit,
        "cases": max(min(float(known.mean()), Y_MAX), 1.0),
        "alpha": 0.02,
    }
    found = [Candidate("binomial", Family.BINOMIAL, 0.01, knobs)]
    for period in series.periods:
        one = {**knobs, "periods": (period,), "gamma": 0.1}
        found.append(Candidate(f"binomial({period})", Family.BINOMIAL, 0.02, one))
    return found


def _arima(series: Series) -> list[Candidate]:
    """The ARIMA model that the window calls for."""
    period = min((p for p in series.periods if p <= arima_fit.SEASON_MOST), default=0)
    fit = arima_fit.fit(series.t, series.scaled, period)
    if fit is None:
        return []
    price = 0.01 * (len(fit.values) + len(fit.residuals))
    return [Candidate(fit.name, Family.ARIMA, price, {**fit.knobs, "floor": series.floor})]


def _network(series: Series) -> list[Candidate]:
    """A network trained on the window."""
    weights = neural_fit.fit(series.t, series.scaled)
    knobs = {"weights": weights, "floor": series.floor}
    return [] if weights is None else [Candidate("neural", Family.NEURAL, 0.05, knobs)]


SUITED: Mapping[str, tuple[Maker, ...]] = {
    "smooth": (_level,),
    "binary": (_steps,),
    "sparse": (_events, _shares),
    "ratio": (_shares,),
    "discrete": (_steps,),
    "count": (_counts,),
    "seasonal": (_counts,),
    "multimodal": (_steps,),
    "irregular": (_level, _line),
    "trending": (_level, _line),
    "cumulative": (_line,),
    "bursty": (_level,),
}
"""Makers of candidates by class; a class that is not named gets none beyond those of every series."""
_USES_MEAN = ("discrete", "multimodal", "binary")

MAKERS: Mapping[Family, tuple[Maker, ...]] = {
    Family.MOVING_AVERAGE: (_mean,),
    Family.HOLT_WINTERS: (_holt, _seasons),
    Family.SEASONAL_PROFILE: (_profiles,),
    Family.KALMAN: (_level, _line),
    Family.STEP_LEVEL: (_steps,),
    Family.COUNTS: (_counts,),
    Family.SPARSE: (_events,),
    Family.BINOMIAL: (_shares,),
    Family.ARIMA: (_arima,),
    Family.NEURAL: (_network,),
}
"""Makers by family, for series of which somebody has named the families; `Family.EMA` competes always."""
FITTED = (Family.ARIMA, Family.NEURAL)
"""Families that learn some of what they know in learning passes only."""


def candidates(series: Series, named: Sequence[Family] | None = None) -> list[Candidate]:
    """Who competes, plain ones first: a draw is won by the first. ``named``: these, whatever the class, and
    the averages that all others are measured by; None: what the class calls for.

    >>> none = np.full(99, np.nan)
    >>> few = Series(np.arange(99), np.arange(99) / 7.0, none, 0.0, 1.0, (), "trending")
    >>> [one.name for one in candidates(few)][3:]
    ['holt', 'kalman(0.02)', 'kalman(1)', 'kalman(0.1, trend)']
    >>> [one.name for one in candidates(few, [Family.STEP_LEVEL, Family.COUNTS])][3:]
    ['step_level']
    """
    if len(series.y) < RICH_FROM:
        return _averages(series)
    series = replace(series, periods=tuple(p for p in series.periods if p <= _SLOTS_MOST))
    if named is not None:
        makers = [maker for family, some in MAKERS.items() if family in named for maker in some]
    else:
        suited = SUITED.get(series.metric_class, ())
        mean = (_mean,) if series.metric_class in _USES_MEAN else ()
        makers = [*mean, _holt, *suited, _profiles, _seasons]
    return [*_averages(series), *(one for maker in makers for one in maker(series))]
