"""Who serves goes on to serve, until another model has won by enough.

A pass compares losses over half a window. Between models that foretell alike the smaller loss is chance, and
while a window fills with a new law the best model of the mixture is now this, now that. So of a settled
series

- the families that it lives by always compete, whatever class and seasons the window shows by now, and with
  the seasons that they have: these are dropped where a model without them wins, not where they are hard to
  see;
- another family takes over where it loses least of all, beyond chance and by `MARGIN` nats a value (`wins`);
  by whatever it is where it brings the first season, which is not found by chance; for two weeks after a
  switch, by `AGAIN`;
- before that, models of a moving level are asked too, where the class does not call for them: what follows a
  season may be a walk, which the class says once the window is full of it;
- faster rates of the same family take over on the same terms, since they take in what should be told; slower
  ones where they lose less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.baseline.holt_winters import RATE
from learners.candidate import FITTED, RICH_FROM, Candidate, Series, candidates
from learners.contest import Entry
from learners.families import BASELINES

MARGIN = 0.05
"""Nats a value: a band narrower by a twentieth. What a switch costs, the law of residuals not least, is more
than what less would gain."""
AGAIN = 4.0 * MARGIN
CHANCE_T = 3.733
"""What one in a thousand exceeds of Student's t with `PARTS` - 1 degrees of freedom."""
PARTS = 16
"""Losses of neighbours go together, so means of so many stretches are compared."""
_KNOBS = ("alpha", "beta", "gamma", "gamma2", "signal", "turn", "damping", "slots", "slots2", "window")


@dataclass(frozen=True, slots=True)
class Present:
    """What a settled series lives by: families of both models, the champion's record, seasons in buckets;
    ``lately``: it has had a switch in the last two weeks."""

    family: Family
    challenger: Family
    record: bytes
    periods: tuple[int, ...]
    lately: bool = False


def joined(entered: list[Candidate], series: Series, present: Present) -> list[Candidate]:
    """Who enters, and the candidates of the present families, also with the seasons that the series has."""
    families = {present.family, present.challenger}.difference(FITTED)
    if len(series.y) < RICH_FROM or not families:
        return entered
    own = [
        one
        for seasons in (series, replace(series, periods=present.periods))
        for one in candidates(seasons, tuple(families))
        if one.family in families
    ]
    return list({one.name: one for one in (*own, *entered)}.values())


def levels(series: Series, entries: Sequence[Entry]) -> list[Candidate]:
    """Models of a level that moves, if none competes."""
    if len(series.y) < RICH_FROM or any(one.candidate.family is Family.KALMAN for one in entries):
        return []
    return [one for one in candidates(series, (Family.KALMAN,)) if one.family is Family.KALMAN]


def replaces(best: Entry, entries: Sequence[Entry], present: Present) -> bool:
    """Does the family of ``best`` take over?"""
    own = [one for one in entries if one.candidate.family is present.family]
    family = best.candidate.family
    if not own or family is present.family:
        return family is not present.family
    kept = min(own, key=_loss)
    if best.candidate.knobs.get("periods") and not (present.periods or present.lately):
        return best.loss < kept.loss
    return wins(best, kept, AGAIN if present.lately else MARGIN)


def serving(best: Entry, entries: Sequence[Entry], present: Present) -> Entry:
    """The champion: ``best`` if it takes over, else of the present family the model that is there, or one of
    other rates."""
    if replaces(best, entries, present):
        return best
    own = [one for one in entries if one.candidate.family is present.family]
    best, rates = min(own, key=_loss), _rates(present.family, present.record)
    there = min((one for one in own if _rates_of(one) == rates), key=_loss, default=best)
    return best if _rates_of(best) <= rates or wins(best, there, MARGIN) else there


def beside(others: Sequence[Entry], present: Present) -> Entry:
    """The challenger: who loses least, but the present one if that is as good within `MARGIN`."""
    best = min(others, key=_loss)
    there = [one for one in others if one.candidate.family is present.challenger]
    kept = min(there, key=_loss, default=best)
    return kept if kept.loss < best.loss + MARGIN else best


def wins(one: Entry, other: Entry, margin: float) -> bool:
    """Has ``one`` lost less than ``other`` by ``margin`` nats a value, and would it by chance in one of a
    thousand windows at most?"""
    return other.loss - one.loss >= margin and beyond_chance(other.lost - one.lost, other.loss - one.loss)


def beyond_chance(apart: NDArray[np.float64], mean: float) -> bool:
    """Is ``mean`` too large for its scatter? ``apart``: value by value what it is the mean of, but for what
    is the same for all.

    >>> drawn = np.random.default_rng(1).normal(0.1, 0.5, 1_000)
    >>> beyond_chance(drawn, 0.1), beyond_chance(10.0 * drawn, 0.1)
    (True, False)
    """
    parts = [float(part.mean()) for part in np.array_split(apart, PARTS) if len(part)]
    if len(parts) < PARTS:
        return False
    return mean > CHANCE_T * float(np.std(parts, ddof=1)) / math.sqrt(PARTS)


def same_rates(family: Family, one: bytes, other: bytes) -> bool:
    """Do two records of a family differ in their state only?"""
    return _rates(family, one) == _rates(family, other)


def _rates(family: Family, record: bytes) -> tuple[float, ...]:
    """The faster, the larger; what has no rates has none."""
    one = np.frombuffer(record, BASELINES[family].dtype)[0]
    known = [name for name in _KNOBS if name in (one.dtype.names or ())]
    coded = [one.dtype[name] == np.uint8 for name in known]
    return tuple(
        float(RATE[one[name]] if code else one[name]) for name, code in zip(known, coded, strict=True)
    )


def _rates_of(entry: Entry) -> tuple[float, ...]:
    return _rates(entry.candidate.family, entry.seen.record.tobytes())


def _loss(entry: Entry) -> float:
    return entry.loss
