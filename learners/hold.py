"""After a switch, the next one has to be won by much for a while.

A pass compares losses over half a window. While a window fills with a new law the best model of the mixture
is now this, now that, and between models that foretell alike the smaller loss is chance. So of a series that
had a switch lately

- the families that it lives by compete, whatever class the window shows by now;
- another family takes over only where it wins by `AGAIN` nats a value, beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.candidate import FITTED, RICH_FROM, Candidate, Series, candidates
from learners.contest import Entry

AGAIN = 0.3
"""Nats a value: a band narrower by a fourth."""
CHANCE_T = 3.733
"""What one in a thousand exceeds of Student's t with `PARTS` - 1 degrees of freedom."""
PARTS = 16
"""Losses of neighbours go together, so means of so many stretches are compared."""


@dataclass(frozen=True, slots=True)
class Present:
    """The families of both models that a series lives by."""

    family: Family
    challenger: Family


def joined(entered: list[Candidate], series: Series, present: Present) -> list[Candidate]:
    """Who enters, and the candidates of the present families."""
    families = {present.family, present.challenger}.difference(FITTED)
    if len(series.y) < RICH_FROM or not families:
        return entered
    own = [one for one in candidates(series, tuple(families)) if one.family in families]
    return list({one.name: one for one in (*own, *entered)}.values())


def kept(best: Entry, entries: Sequence[Entry], present: Present) -> Entry:
    """The champion: ``best``, but of the present family unless another wins by much."""
    own = [one for one in entries if one.candidate.family is present.family]
    if not own or best.candidate.family is present.family:
        return best
    there = min(own, key=lambda one: one.loss)
    return best if wins(best, there) else there


def wins(one: Entry, other: Entry) -> bool:
    """Has ``one`` lost less than ``other`` by `AGAIN`, and would it by chance in one of a thousand windows at
    most?"""
    by = other.loss - one.loss
    return by >= AGAIN and beyond_chance(other.lost - one.lost, by)


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
