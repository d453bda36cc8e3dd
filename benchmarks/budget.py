"""An alert budget over 10,000 healthy series and twenty faults, 28 days: what is told, what is held back.

Scores are drawn, not measured: 10,000 series for four weeks through shards would take hours. Anomalies of
healthy series begin at random, and their level L lies above 5 by an exponential law: as scores say (one in
ten reaches the next level; 0.1 a week and series), three times as often as they say, and with a tail that
falls half as fast. What decides is the code that decides live, over an incident for each anomaly;
correlation is left out. Faults have levels from 12 to 30 and lie on days drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.figure import Figure
from monitor.alerting.ruling import Rules, Ruling
from monitor.domain.alert import Standing, Step
from monitor.domain.budget import LOWEST, MINUTES_A_WEEK, Balance, Budget, first_level
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import Incident, IncidentState, IncidentTransition, TransitionKind
from monitor.domain.route import Route
from monitor.domain.series import Identity

TITLE = "Alert budgets: 10,000 healthy series with drawn scores, 28 days, twenty faults"
SERIES, DAYS, FAULTS = 10_000, 28, 20
PER_WEEK = (10.0, 20.0, 50.0)
_SEED = 61
_START_MS = 1_767_571_200_000
_LASTS_MS = 30 * MINUTE_MS
_AT_ONCE = 20
_OF = Identity.of("orders")


@dataclass(frozen=True, slots=True)
class Law:
    """``often``: times as often as scores say; ``heavy``: levels fall so much slower."""

    name: str
    often: float = 1.0
    heavy: float = 1.0


LAWS = (Law("as scores say"), Law("three times as often", often=3.0), Law("heavy tail", heavy=2.0))


def run(toy: bool) -> list[Figure]:
    found = []
    for law in LAWS[:1] if toy else LAWS:
        for per_week in PER_WEEK[:1] if toy else PER_WEEK:
            for faults in (0, FAULTS):
                found += measured(law, per_week, faults)
    return found


def measured(law: Law, per_week: float, faults: int) -> list[Figure]:
    """What was told of what, in all 28 days."""
    budget = Budget(per_week, team="web", first=first_level(per_week, SERIES))
    told = told_of(budget, list(steps(law, faults)))
    met = sum(name.startswith("fault") for name in told)
    granted = per_week * DAYS / 7
    name = f"{law.name}, {per_week:g} a week"
    if not faults:
        off = 100.0 * (len(told) / granted - 1.0)
        note = f"{len(told)} told of {granted:g}"
        return [Figure(f"{name}: off the budget", abs(off), "%", goal=20.0, at_most=True, note=note)]
    note = f"{len(told)} told of {granted:g}"
    return [Figure(f"{name}: faults told", met, f"of {faults}", goal=18.0, note=note)]


def told_of(budget: Budget, story: Sequence[Step]) -> set[str]:
    """The ids of incidents of which somebody is told. As in a server, only what is open is kept in mind."""
    routes, balance = (Route("all", ("ops",)),), Balance.fresh(budget)
    told: set[str] = set()
    active: list[Standing] = []
    reached_ms = None
    for first in range(0, len(story), _AT_ONCE):
        ruling = Ruling(Rules(routes, balances=(balance,)), active, reached_ms)
        for step in story[first : first + _AT_ONCE]:
            ruling.hear(step)
        ruled, reached_ms = ruling.ruled(), ruling.reached_ms
        told |= {one.incidents[0].id for one in ruled.dispatches}
        latest = {one.incident.id: one for one in (*active, *ruled.standings)}
        active = [one for one in latest.values() if one.active]
        balance = next(iter(ruled.balances), balance)
    return told


def steps(law: Law, faults: int) -> Iterator[Step]:
    """Each incident opens, and closes half an hour later."""
    rng = np.random.default_rng([_SEED, faults])
    expected = law.often * SERIES * MINUTES_A_WEEK * 10.0**-LOWEST * DAYS / 7
    many = int(rng.poisson(expected))
    level = LOWEST + law.heavy * rng.exponential(1.0 / np.log(10.0), many)
    level = np.concatenate([level, rng.uniform(12.0, 30.0, faults)])
    names = [f"healthy-{k}" for k in range(many)] + [f"fault-{k}" for k in range(faults)]
    begin = _START_MS + (rng.uniform(0, DAYS * 1_440, many + faults)).astype(np.int64) * MINUTE_MS
    told = [
        (int(begin[k]) + later * _LASTS_MS, names[k], bool(later), 100.0 * level[k] / (level[k] + 4.0))
        for k in range(many + faults)
        for later in (0, 1)
    ]
    for at_ms, name, over, score in sorted(told):
        yield _step(at_ms, name, over, float(score))


def _step(at_ms: int, name: str, over: bool, score: float) -> Step:
    incident = Incident(
        id=name,
        founder_id=name,
        state=IncidentState.CLOSED if over else IncidentState.OPEN,
        title=name,
        start_ms=at_ms,
        end_ms=at_ms if over else None,
        score=score,
        severity=score,
        kind="spike",
        direction=1,
        member_count=1,
        series_count=1,
        suspects=(),
        contributors=(),
        due_ms=None,
        sequence=1 + over,
        team="web",
    )
    kind = TransitionKind.CLOSED if over else TransitionKind.OPENED
    moved = IncidentTransition(name, 1 + over, kind, at_ms, 0, 1, 1, score)
    return Step(moved, incident, (_OF,), ("spike",), at_ms, at_ms, MINUTE_MS)
