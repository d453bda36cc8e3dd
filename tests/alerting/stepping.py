"""Steps of incidents for the tests of alerting, and a server that hears them, restarted after each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from monitor.alerting.ruling import Rules, Ruling
from monitor.domain.alert import Dispatch, Holding, Standing, Step
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.incident import Incident, IncidentState, IncidentTransition, TransitionKind
from monitor.domain.series import Identity
from monitor.store.alert_rows import standing_of, standing_row

START = 1_767_571_200_000  # Monday, 2026-01-05
ORDERS = Identity.of("orders", {"service": "web", "host": "a"})

_STATE = {
    "closed": IncidentState.CLOSED,
    "expired": IncidentState.EXPIRED,
    "merged": IncidentState.MERGED,
}


def incident(id: str = "inc-a", **said: Any) -> Incident:
    values: dict[str, Any] = {
        "founder_id": id.removeprefix("inc-"),
        "state": IncidentState.OPEN,
        "title": f"{id} up",
        "start_ms": START,
        "end_ms": None,
        "score": 80.0,
        "severity": 80.0,
        "kind": "spike",
        "direction": 1,
        "member_count": 1,
        "series_count": 1,
        "suspects": (),
        "contributors": (),
        "due_ms": None,
        "sequence": 1,
    }
    return Incident(id=id, **(values | said))


def step(
    kind: str = "opened",
    at: float = 0,
    id: str = "inc-a",
    *,
    series: Iterable[Identity] = (ORDERS,),
    kinds: Iterable[str] = ("spike",),
    old: bool = False,
    sequence: int = 1,
    **said: Any,
) -> Step:
    """``at``: minutes after `START` of the wall clock. ``old``: what it tells of lies a month back."""
    at_ms = START + int(at * MINUTE_MS)
    newest_ms = at_ms - 30 * DAY_MS if old else at_ms
    told = incident(id, **({"state": _STATE.get(kind, IncidentState.OPEN)} | said))
    moved = IncidentTransition(id, sequence, TransitionKind(kind), newest_ms, 0, 1, 1, told.score)
    return Step(moved, told, tuple(series), tuple(kinds), at_ms, newest_ms, MINUTE_MS)


class Server:
    """Hears one step at a time, and keeps nothing in memory between: all it knows is what it would store."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.reached_ms: int | None = None
        self.stored: dict[str, str] = {}
        self.dispatches: list[Dispatch] = []
        self.holdings: list[Holding] = []

    def hear(self, *steps: Step) -> Server:
        for one in steps:
            ruling = self._ruling(one.incident.id)
            ruling.hear(one)
            self._keep(ruling)
        return self

    def look(self, at: float) -> Server:
        ruling = self._ruling()
        ruling.pass_time(START + int(at * MINUTE_MS))
        self._keep(ruling)
        return self

    def said(self) -> list[tuple[str, str, str]]:
        return [(one.receiver, one.kind.value, one.key) for one in self.dispatches]

    def _ruling(self, *ids: str) -> Ruling:
        known = [standing_of({"body": json.loads(text)}) for text in self.stored.values()]  # type: ignore[arg-type]
        wanted = [one for one in known if one.active or one.incident.id in ids]
        return Ruling(self.rules, sorted(wanted, key=lambda one: one.incident.id), self.reached_ms)

    def _keep(self, ruling: Ruling) -> None:
        ruled = ruling.ruled()
        self.reached_ms = ruling.reached_ms
        for one in ruled.standings:
            self.stored[one.incident.id] = json.dumps(standing_row(one)["body"])
        self.dispatches += ruled.dispatches
        self.holdings += ruled.holdings


def at_once(rules: Rules, steps: Sequence[Step], until_ms: int) -> Ruling:
    """The same in one go, by one that was never stopped."""
    ruling = Ruling(rules, (), None)
    for one in steps:
        ruling.hear(one)
    ruling.pass_time(until_ms)
    return ruling


def standing(**said: Any) -> Standing:
    return replace(Standing(incident()), **said)
