"""Series in groups with shared causes, and what begins in them: anomalies with the incident each belongs to.

Each group has an origin and a lag of each member behind it. In an incident the origin always moves, a
fifth of the others does not, lags stray by minutes. Tags say something of the groups and not all:
three of five members are of the group's two services, and each service has members of other groups. Beside
the incidents every series has anomalies of its own, at random times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.series import Identity

START_MS = 1_700_006_400_000 // DAY_MS * DAY_MS
_APART_MS = 12 * 3_600_000
_METRICS = tuple(f"{family}.{what}" for family in ("web", "db", "queue", "model") for what in "abcde")


@dataclass(frozen=True, slots=True)
class World:
    """``incidents`` are judged; ``earlier`` ones came in the ``days`` before. ``noise``: anomalies of its own
    that a series has in 28 days. ``together``: share of incidents that begin within half an hour of
    another."""

    series: int = 2_000
    groups: int = 40
    incidents: int = 200
    earlier: int = 200
    days: int = 28
    noise: float = 3.0
    missing: float = 0.2
    together: float = 1 / 3
    seed: int = 20_261


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """``incident[i]`` is that of ``anomalies[i]``, −1 for none; ``origin`` is the origin's series by
    incident. What begins from ``judged_ms`` on is judged."""

    anomalies: list[Anomaly]
    incident: NDArray[np.int64]
    origin: list[Identity]
    judged_ms: int


def planted(world: World) -> Planted:
    """A seeded world's anomalies, by (begin, id)."""
    random = np.random.default_rng(world.seed)
    each = world.series // world.groups
    series = _series(world, random, each)
    lag_ms = random.integers(MINUTE_MS, 40 * MINUTE_MS, (world.groups, each))
    lag_ms[:, 0] = 0
    told: dict[str, tuple[Anomaly, int]] = {}

    def tell(one: Identity, at_ms: int, incident: int) -> None:
        made = _anomaly(one, at_ms, random)
        told.setdefault(made.id, (made, incident))

    origin = []
    for number, (group, at_ms) in enumerate(_times(world, random)):
        moved = random.random(each) >= world.missing
        moved[0] = True
        stray = random.normal(0.0, 2 * MINUTE_MS, each)
        origin.append(series[group * each])
        for member in np.flatnonzero(moved).tolist():
            after = 0 if member == 0 else max(int(lag_ms[group, member] + stray[member]), 0)
            tell(series[group * each + member], at_ms + after, number)
    span_ms = (world.days if world.earlier else 0) * DAY_MS + 28 * DAY_MS
    for one in series:
        for at in random.integers(0, span_ms, random.poisson(world.noise * span_ms / (28 * DAY_MS))).tolist():
            tell(one, START_MS + at, -1)
    ordered = sorted(told.values(), key=lambda both: (both[0].begin_ms, both[0].id))
    judged_ms = START_MS + (world.days * DAY_MS if world.earlier else 0)
    return Planted([a for a, _ in ordered], np.array([i for _, i in ordered]), origin, judged_ms)


def _series(world: World, random: np.random.Generator, each: int) -> list[Identity]:
    services = 2 * world.groups
    found = []
    for place in range(world.series):
        group = place // each
        own = random.random() < 0.6
        service = 2 * group + int(random.integers(2)) if own else int(random.integers(services))
        tags = {
            "service": f"s{service}",
            "region": f"r{random.integers(4)}",
            "host": f"h{place}",
        }
        found.append(Identity.of(_METRICS[int(random.integers(len(_METRICS)))], tags))
    return found


def _times(world: World, random: np.random.Generator) -> list[tuple[int, int]]:
    """(group, begin) of each incident, those before ``judged_ms`` first. Two of one group lie apart."""
    found: list[tuple[int, int]] = []
    before_ms = START_MS + (world.days * DAY_MS if world.earlier else 0)
    parts = [(world.earlier, START_MS, world.days), (world.incidents, before_ms, 28)]
    for count, from_ms, days in parts:
        alone: list[int] = []
        while count:
            beside = bool(alone) and random.random() < world.together / 2
            near = alone[int(random.integers(len(alone)))] if beside else 0
            at_ms = (
                near + int(random.integers(30 * MINUTE_MS)) if beside else int(random.integers(days * DAY_MS))
            )
            group = int(random.integers(world.groups))
            if any(g == group and abs(from_ms + at_ms - t) < _APART_MS for g, t in found):
                continue
            alone.append(at_ms)
            found.append((group, from_ms + at_ms))
            count -= 1
    return found


def _anomaly(series: Identity, at_ms: int, random: np.random.Generator) -> Anomaly:
    begin_ms = at_ms // MINUTE_MS * MINUTE_MS
    buckets = int(np.clip(random.lognormal(np.log(40.0), 0.7), 3, 240))
    end_ms = begin_ms + buckets * MINUTE_MS
    return Anomaly(
        id=Anomaly.id_of(series.fingerprint(), begin_ms, AnomalyKind.SPIKE),
        series=series,
        kind=AnomalyKind.SPIKE,
        direction=1,
        onset_ms=begin_ms,
        peak_ms=begin_ms,
        last_ms=end_ms - MINUTE_MS,
        end_ms=end_ms,
        score=float(random.uniform(56.0, 99.0)),
        value=3.0,
        expected=1.0,
        lower=0.5,
        upper=1.5,
        buckets=buckets,
        cadence_ms=MINUTE_MS,
    )
