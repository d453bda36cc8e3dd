"""Stand-ins for routes, budgets, notices and who carries them."""

from __future__ import annotations

from collections.abc import Collection

from monitor.alerts import Alerts
from monitor.couriers import Couriers
from monitor.domain.alert import Holding, Kept, NoticeState, Standing, Step
from monitor.domain.audit import Deed
from monitor.domain.budget import Balance, Budget
from monitor.domain.destination import Destination
from monitor.domain.lineage import Lineage
from monitor.domain.route import Route, in_order
from monitor.store.alerts import AlertStore
from monitor.store.budgets import BudgetStore
from monitor.store.destinations import Destinations
from monitor.store.outbox import Outbox
from tests.fakes.clock import NOW_MS


class FakeDestinations(Destinations):
    """Routes and receivers in memory. Nothing is ever removed, so that a test may try who may remove it."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.kept_routes: dict[str, Route] = {}
        self.kept_receivers: dict[str, Destination] = {}

    def routes(self) -> list[Route]:
        return in_order(self.kept_routes.values())

    def receivers(self) -> list[Destination]:
        return [self.kept_receivers[name] for name in sorted(self.kept_receivers)]

    def put_route(self, route: Route, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept_routes[route.name] = route

    def drop_route(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)

    def put_receiver(self, one: Destination, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept_receivers[one.name] = one

    def drop_receiver(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)


class FakeBudgets(BudgetStore):
    """Budgets in memory. Nothing is ever removed, so that a test may try who may remove it."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.kept: dict[str, Balance] = {}

    def all(self) -> list[Balance]:
        return [self.kept[name] for name in sorted(self.kept)]

    def told(self, budget: Budget) -> int:
        return 0

    def put(self, budget: Budget, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept[budget.name] = Balance.fresh(budget)

    def drop(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)


class FakeOutbox(Outbox):
    """What was sent, as the test sets it."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def waiting(self, receiver: str | None = None) -> int:
        return sum(one.state is NoticeState.WAITING for one in self.kept)

    def of_incident(self, incident_id: str, limit: int = 1_000) -> list[Kept]:
        return [one for one in self.kept if one.dispatch.incidents[0].id == incident_id]


class FakeAlertStore(AlertStore):
    """Steps and holdings as the test sets them."""

    def __init__(self) -> None:
        self.kept_steps: list[Step] = []
        self.kept_holdings: list[Holding] = []
        self.kept_standings: list[Standing] = []

    def active(self) -> list[Standing]:
        return self.kept_standings

    def steps(self, since_ms: int, most: int = 100_000) -> list[Step]:
        return [one for one in self.kept_steps if one.newest_ms >= since_ms]

    def newest_ms(self, before_ms: int) -> int | None:
        return max((one.newest_ms for one in self.kept_steps if one.newest_ms < before_ms), default=None)

    def holdings(self, incident_id: str, limit: int = 1_000) -> list[Holding]:
        return [one for one in self.kept_holdings if incident_id in (one.incident_id, one.by)]


class FakeCouriers(Couriers):
    """They bring nothing. ``answer``: of the next tests."""

    def __init__(self) -> None:
        self.answer = ""

    def start(self, declared: Collection[Destination]) -> None: ...

    def stop(self) -> None: ...

    def wake(self) -> None: ...

    def replace(self, name: str, declared: Destination | None) -> None: ...

    def test(self, declared: Destination) -> str:
        return self.answer


class FakeAlerts(Alerts):
    """Alerts over fakes, which decide nothing by themselves."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.store, self.sent, self.couriers = FakeAlertStore(), FakeOutbox(), FakeCouriers()
        self.declared = FakeDestinations(deeds)
        super().__init__(
            self.store,
            self.declared,
            self.sent,
            lambda _: self.couriers,
            budgets=FakeBudgets(deeds),
            lineage=Lineage,
            now_ms=lambda: NOW_MS,
        )

    def look(self) -> None: ...
