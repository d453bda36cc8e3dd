"""Series whose law alternates between two: how many switches of models a change of law brings.

Every pair of `LAWS`, each for `DAYS` days in turn at five minutes: a pass looks back on a week, so it can
know what a regime is before that ends. Counted is each change of a series' champion, by a pass or by a
roll-back, from when series are settled, by the regime in which it happened. Goal: one at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks.drive import START_MS, Drive, Driven
from benchmarks.figure import Figure
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.switch import Cause, Switch
from monitor.shard.probation import SETTLED

TITLE = "Alternating regimes: switches of models a regime"
CADENCE_MS = 5 * MINUTE_MS
DAY = DAY_MS // CADENCE_MS
DAYS, TURNS, SERIES = 10, 6, 8
CHOOSING, JUDGED = (4, 5), (1_004, 1_005, 1_006)
"""Seeds by which the rules were chosen, and those that were looked at once, when the rules stood."""
Values = NDArray[np.float64]


def _white(noise: Values, level: Values) -> Values:
    return level + noise


def _walk(noise: Values, level: Values) -> Values:
    return level + np.cumsum(noise, axis=-1)


def _season(noise: Values, level: Values) -> Values:
    return level + noise + 5.0 * np.sin(2.0 * np.pi * np.arange(noise.shape[-1]) / DAY)


def _correlated(noise: Values, level: Values) -> Values:
    found = noise.copy()
    for at in range(1, noise.shape[-1]):
        found[..., at] += 0.9 * found[..., at - 1]
    return level + found


def _louder(noise: Values, level: Values) -> Values:
    return level + 5.0 * noise


LAWS: dict[str, Callable[[Values, Values], Values]] = {
    "white": _white,
    "walk": _walk,
    "season": _season,
    "correlated": _correlated,
    "louder": _louder,
}
"""From white noise (series, buckets) and the level at which a regime begins (series, 1)."""


@dataclass(frozen=True, slots=True)
class Size:
    """``days`` a regime, ``turns`` regimes, ``series`` a pair and seed."""

    days: int
    turns: int
    series: int


FULL = Size(DAYS, TURNS, SERIES)
TOY = Size(3, 2, 1)


def alternating(first: str, second: str, size: Size, seed: int) -> Values:
    """(series, buckets): a walk leaves its level to what follows."""
    rng = np.random.default_rng([seed, *(list(LAWS).index(name) for name in (first, second))])
    level = np.zeros((size.series, 1))
    parts = []
    for turn in range(size.turns):
        name = (first, second)[turn % 2]
        part = LAWS[name](rng.standard_normal((size.series, size.days * DAY)), level)
        level = part[:, -1:] if name == "walk" else level
        parts.append(part)
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """``champions`` int64 (series, regimes): changes of champion in each; of them ``trials`` made by a pass
    and ``rolled`` back; ``others``: changes of a challenger, or of seasons, under the same champion."""

    champions: NDArray[np.int64]
    trials: int
    rolled: int
    others: int


def counted(first: str, second: str, size: Size, seeds: tuple[int, ...]) -> Counted:
    """All series of the pair, of all seeds."""
    many = [_counted(lived(alternating(first, second, size, seed)), size) for seed in seeds]
    return Counted(
        np.concatenate([one.champions for one in many]),
        *(sum(getattr(one, name) for one in many) for name in ("trials", "rolled", "others")),
    )


def lived(value: Values) -> Driven:
    """All of ``value``, day after day."""
    rows, buckets = value.shape
    drive = Drive(rows, buckets, CADENCE_MS)
    for at in range(0, buckets, DAY):
        drive.send(at, value[:, at : at + DAY])
    return drive.end()


def _counted(driven: Driven, size: Size) -> Counted:
    champions = np.zeros((size.series, size.turns), np.int64)
    trials = rolled = others = 0
    for one in driven.switches:
        if one.before is None or one.buckets <= SETTLED:
            continue
        if one.before.champion == one.after.champion:
            others += one.before != one.after
            continue
        champions[one.row, _bucket(one) // (size.days * DAY)] += 1
        rolled += one.cause is Cause.ROLLED_BACK
        trials += one.cause is Cause.LEARNED
    return Counted(champions, trials, rolled, others)


def _bucket(one: Switch) -> int:
    return (one.at_ms - START_MS) // CADENCE_MS


def run(toy: bool) -> list[Figure]:
    if toy:
        return figures("toy", TOY, CHOOSING[:1])
    return [*figures("chosen by", FULL, CHOOSING), *figures("judged", FULL, JUDGED)]


def figures(what: str, size: Size, seeds: tuple[int, ...]) -> list[Figure]:
    """Of each pair the most switches a regime, with the mean beside it."""
    found = []
    for pair in combinations(LAWS, 2):
        one = counted(*pair, size, seeds)
        note = f"mean {one.champions.mean():.2f}; {one.trials} by passes, {one.rolled} rolled back"
        note += f"; {one.others} of challengers or seasons"
        name = f"{what}, {pair[0]} and {pair[1]}: most switches"
        found.append(Figure(name, float(one.champions.max()), "a regime", 1.0, at_most=True, note=note))
    return found
