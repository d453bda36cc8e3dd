"""Traits as features: numbers, which are standardised, and names that are there or not."""

from __future__ import annotations

import math

from monitor.domain.shape import level_of
from monitor.domain.traits import Traits

UNTIL_OPENED = ("minutes", "class", "family")
"""Not known yet when somebody is first to be told: left out where that is what is ranked for."""


def numbers_of(traits: Traits, *, opening: bool = False) -> dict[str, float]:
    """The size of what surprised, length and number of series on a log scale, the hour as a place on a
    circle.

    >>> sorted(numbers_of(Traits(50.0, 9.0, 10, "spike", 1, 6)))
    ['hour_cos', 'hour_sin', 'level', 'minutes', 'series']
    """
    angle = 2.0 * math.pi * traits.hour / 24.0
    found = {
        "hour_cos": math.cos(angle),
        "hour_sin": math.sin(angle),
        "level": level_of(traits.score),
        "minutes": math.log1p(traits.minutes),
        "series": math.log(max(traits.series, 1)),
    }
    return {name: value for name, value in found.items() if not (opening and name in UNTIL_OPENED)}


def names_of(traits: Traits, *, opening: bool = False) -> list[str]:
    """
    >>> names_of(Traits(50.0, 9.0, 10, "spike", 1, 6, "cpu", (("host", "a"),)))
    ['direction=1', 'kind=spike', 'metric=cpu', 'tag host=a']
    """
    found = {
        "class": traits.metric_class,
        "direction": str(traits.direction),
        "family": traits.family,
        "kind": traits.kind,
        "metric": traits.metric,
    }
    kept = [
        f"{key}={value}" for key, value in found.items() if value and not (opening and key in UNTIL_OPENED)
    ]
    return [*kept, *(f"tag {key}={value}" for key, value in traits.tags)]
