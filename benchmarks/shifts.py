"""Small lasting shifts in the residuals of an adaptive level: the low-pass in use, and the drift detectors.

A stream is noise round an exponential average of rate alpha, white or with neighbours that go together (the
first autocorrelation of the noise is rho). The low-pass learns its usual size as the shard lets it, and
reports at what is asked of an anomaly at one minute; a detector reports at 1, and starts again. A shift is
found if it is reported within `WITHIN` samples; false reports are those of streams without one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from learners.drift.detectors import DETECTORS
from learners.grade import ASKED, place
from learners.lowpass import SCALE_EVERY, WHITE_SCALE, learn_scale, step, surprise

TITLE = "small lasting shifts in residuals: the low-pass in use, and the drift detectors"
LOWPASS = "low-pass"
NAMES = (LOWPASS, "cusum", "page_hinkley", "adwin")
ALPHAS = (0.02, 0.1)
SHIFTS = (1.0, 1.5, 2.0, 3.0)
RHOS = (0.0, 0.3, 0.6)
WITHIN = 60
WARM = 1_500
_ASKED = float(ASKED[place(60_000)])
Values = NDArray[np.float64]


def run(toy: bool) -> list[Figure]:
    streams, long = (2, 2_000) if toy else (40, 100_000)
    random = np.random.default_rng(7)
    figures = []
    for alpha in ALPHAS:
        for shift in SHIFTS:
            made = [residuals(random, alpha, 0.0, WARM + WITHIN, shift) for _ in range(streams)]
            for name in NAMES:
                share = float(np.mean([_found(name, r) for r in made])) * 100.0
                note = f"within {WITHIN} samples, {streams} streams"
                figures.append(
                    Figure(f"{name}, shift {shift:g}, alpha {alpha:g}", share, "% found", note=note)
                )
    for rho in RHOS:
        r = residuals(random, ALPHAS[0], rho, WARM + long, 0.0)
        for name in NAMES if rho == 0.0 else NAMES[:3]:  # adwin takes 50 times as long as the others
            count = sum(1 for at in reports(name, r) if at >= WARM)
            rate = 1e5 * count / long
            figures.append(
                Figure(f"{name}, false, rho {rho:g}", rate, "reports in 100,000", note=f"{long:,}")
            )
    return figures


def residuals(random: np.random.Generator, alpha: float, rho: float, count: int, shift: float) -> Values:
    """Residuals in scales of an exponential average; the level moves by ``shift`` after `WARM` values."""
    noise = random.standard_normal(count)
    for i in range(1, count):
        noise[i] = rho * noise[i - 1] + math.sqrt(1.0 - rho * rho) * noise[i]
    noise[WARM:] += shift
    level, found = 0.0, np.empty(count)
    for i, value in enumerate(noise.tolist()):
        found[i] = value - level
        level += alpha * (value - level)
    return found / float(found[:WARM].std())


def reports(name: str, r: Values) -> Iterator[int]:
    """Where it reports; while a report goes on, once."""
    return _lowpass(r) if name == LOWPASS else _detector(DETECTORS[name], r)


def _found(name: str, r: Values) -> bool:
    return any(at >= WARM for at in reports(name, r))


def _lowpass(r: Values) -> Iterator[int]:
    value, scale, before = 0.0, WHITE_SCALE, False
    for i, one in enumerate(r.tolist()):
        value = step(value, one, 1.0)
        now = surprise(value, scale) >= _ASKED
        if now and not before:
            yield i
        before = now
        if i % SCALE_EVERY == 0:
            scale = learn_scale(scale, value, 1.0)


def _detector(module: Any, r: Values) -> Iterator[int]:
    update: Callable[[Any, float, float], float] = module.update
    record = module.new().reshape(1)
    for i, one in enumerate(r.tolist()):
        if abs(update(record[0], one, 1.0)) >= 1.0:
            yield i
            record = module.new().reshape(1)
