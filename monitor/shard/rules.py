"""What was declared of each metric, as numbers that compiled loops read."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.declared import Declared
from monitor.domain.durations import DAY_MS
from monitor.domain.explanation import POLARITIES
from monitor.domain.series import Identity
from monitor.shard.cadence import LONGEST_MS, SHORTEST_MS
from monitor.shard.state import COUNT, LAST, MAX, MEAN, MIN, RULE, SUM
from monitor.shard.zones import Zones, is_zone

AGGREGATIONS = {"last": LAST, "sum": SUM, "mean": MEAN, "count": COUNT, "min": MIN, "max": MAX}

ZONE_TAGS = ("timezone", "tz")
_MOST = 65_535
MATURING_MS = 14 * DAY_MS


class Rules:
    """One rule for each metric and zone; rule 0 is for what is beyond 65,535 of them. 72 bytes each."""

    def __init__(self, default_zone: str = "UTC") -> None:
        self.zones = Zones()
        self.default_zone = default_zone
        self.declared = Declared()
        self._numbers: dict[tuple[str, str], int] = {}
        self._metrics: list[tuple[str, str]] = [("", "UTC")]
        self.table: NDArray[np.void] = np.zeros(64, RULE)
        self._fill(0)

    def __len__(self) -> int:
        return len(self._metrics)

    def number(self, identity: Identity) -> int:
        """The rule of a series: by its metric, and by its zone (declared, else by tag, else the default)."""
        declared = self.declared.of(identity.metric).get("timezone")
        zone = declared or tagged_zone(identity) or self.default_zone
        key = (identity.metric, zone)
        known = self._numbers.get(key)
        if known is not None:
            return known
        number = len(self._metrics)
        if number > _MOST:
            return 0
        self._metrics.append(key)
        self._numbers[key] = number
        if number == len(self.table):
            self.table = np.concatenate([self.table, np.zeros(number, RULE)])
        self._fill(number)
        return number

    def numbers_of(self, name: str) -> list[int]:
        """The rules, so far, of series for which a declaration under ``name`` (a metric's, or a pattern)
        holds or would hold; a metric has one for each zone."""
        decides = self.declared.decides
        return [
            number for number, (metric, _) in enumerate(self._metrics) if number and decides(name, metric)
        ]

    def numbers_of_metric(self, metric: str) -> list[int]:
        """The rules, so far, of a metric's series: one for each zone."""
        return [number for number, (one, _) in enumerate(self._metrics) if number and one == metric]

    def numbers_by_metric(self, metrics: Collection[str]) -> dict[str, list[int]]:
        """The same of several metrics, in one pass."""
        found: dict[str, list[int]] = {}
        for number, (metric, _) in enumerate(self._metrics):
            if number and metric in metrics:
                found.setdefault(metric, []).append(number)
        return found

    def declare(self, name: str, declaration: Mapping[str, Any]) -> list[int]:
        """Set the declaration of a metric, or of all that fit a pattern; -> the rules it changes. A new zone
        holds for new series."""
        changed = self.numbers_of(name)
        self.declared.declare(name, declaration)
        for number in changed:
            self._fill(number)
        return changed

    def _fill(self, number: int) -> None:
        metric, zone = self._metrics[number]
        declared = self.declared.of(metric) if number else {}
        kind = declared.get("kind")
        lateness = declared.get("lateness_ms")
        if lateness is None:
            lateness = MATURING_MS if kind == "maturing" else -1
        rule = self.table[number]
        rule["zone"] = self.zones.number(declared.get("timezone") or zone)
        rule["lateness_ms"] = lateness
        rule["cadence_ms"] = declared.get("cadence_ms") or 0
        rule["min_absolute"] = declared.get("min_change_absolute") or 0.0
        rule["min_relative"] = declared.get("min_change_relative") or 0.0
        rule["static_lower"] = _bound(declared.get("static_lower"), -math.inf)
        rule["static_upper"] = _bound(declared.get("static_upper"), math.inf)
        usual = "sum" if kind in ("delta", "cumulative") else "last"
        rule["aggregation"] = AGGREGATIONS[declared.get("aggregation") or usual]
        rule["ratio"] = kind == "ratio"
        rule["cumulative"] = kind == "cumulative"
        rule["polarity"] = POLARITIES[declared.get("polarity") or "both"]

    def threshold_of(self, number: int) -> str | None:
        """The tail family that is declared, by name; None where a pass takes its own."""
        name = self.declared.of(self._metrics[number][0]).get("threshold") if number else None
        return None if name is None else str(name)

    def zone_of(self, number: int) -> str:
        return self._metrics[number][1]

    def state(self) -> dict[str, Any]:
        """Plain values from which `from_state` makes the same rules with the same numbers."""
        return {
            "default_zone": self.default_zone,
            "declared": {name: dict(body) for name, body in self.declared.bodies.items()},
            "metrics": [list(pair) for pair in self._metrics[1:]],
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Rules:
        rules = Rules(state["default_zone"])
        rules.declared = Declared(state["declared"])
        rules._metrics += [(metric, zone) for metric, zone in state["metrics"]]
        rules._numbers = {pair: number for number, pair in enumerate(rules._metrics) if number}
        rules.table = np.zeros(max(64, len(rules._metrics)), RULE)
        for number in range(len(rules._metrics)):
            rules._fill(number)
        return rules


def regridded(before: np.void, after: np.void, cadence_ms: int) -> bool:
    """Does a new rule give a series of this cadence (0: unknown yet) other buckets, or other values?"""
    if cadence_ms == 0:
        return False
    declared = int(after["cadence_ms"])
    cadence = min(max(declared, SHORTEST_MS), LONGEST_MS) if declared > 0 else cadence_ms
    kept = all(before[name] == after[name] for name in ("aggregation", "cumulative"))
    return cadence != cadence_ms or not kept


def tagged_zone(identity: Identity) -> str | None:
    """The time zone that a series' tags name; None where they name none that there is.

    >>> tagged_zone(Identity.of("m", {"tz": "Asia/Tokyo"})), tagged_zone(Identity.of("m", {"tz": "here"}))
    ('Asia/Tokyo', None)
    """
    named = next((v for t in ZONE_TAGS if (v := identity.tag(t))), None)
    return named if named is not None and is_zone(named) else None


def _bound(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)
