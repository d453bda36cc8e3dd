"""Alerts of real parts over one database, with receivers that the test has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from monitor.alerting.courier import Clock
from monitor.alerting.secrets import Secrets
from monitor.alerts import Alerts
from monitor.couriers import Couriers
from monitor.domain.audit import Deed
from monitor.domain.destination import Destination
from monitor.domain.lineage import Lineage
from monitor.domain.notice import Notice, Receiver
from monitor.domain.route import Route
from monitor.store.alerts import AlertStore
from monitor.store.budgets import BudgetStore
from monitor.store.database import Database
from monitor.store.destinations import Destinations
from monitor.store.outbox import Outbox

DEED = Deed("tests", "declared", "something", after={"x": 1})


@dataclass
class Inbox:
    """A receiver in memory. ``answer`` is asked before each notice is taken."""

    answer: Callable[[Notice], None] = lambda _: None
    taken: list[Notice] = field(default_factory=list)
    closed: bool = False
    lock: Lock = field(default_factory=Lock)

    def deliver(self, notice: Notice) -> None:
        self.answer(notice)
        with self.lock:
            self.taken.append(notice)

    def close(self) -> None:
        self.closed = True

    def said(self) -> list[tuple[str, str]]:
        with self.lock:
            return [(one.key, one.kind.value) for one in self.taken]


def alerts_over(
    database: Database,
    inboxes: Mapping[str, Receiver],
    now_ms: Callable[[], int],
    clock: Clock | None = None,
    rows_max: int = 1_000,
    page: str = "",
) -> Alerts:
    """Receivers that `declare` declares are these, by name."""

    def make(_kind: str, settings: Mapping[str, Any], _secrets: Secrets) -> Receiver:
        return inboxes[settings["inbox"]]

    return Alerts(
        AlertStore(database, rows_max),
        Destinations(database),
        Outbox(database),
        lambda compose: Couriers(
            database, compose, Secrets(None), clock=clock or Clock(now_ms=now_ms), make=make
        ),
        budgets=BudgetStore(database, now_ms),
        lineage=Lineage,
        now_ms=now_ms,
        page=page,
    )


def declare(alerts: Alerts, *routes: Route, **fallbacks: str) -> None:
    """Routes, and a receiver for each name in them; ``fallbacks`` by receiver."""
    names = {name for route in routes for name in route.receivers} | set(fallbacks.values())
    for name in sorted(names):
        alerts.put_receiver(Destination(name, "log", {"inbox": name}, fallback=fallbacks.get(name, "")), DEED)
    for route in routes:
        alerts.put_route(route, DEED)
