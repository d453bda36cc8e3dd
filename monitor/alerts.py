"""Alerts: routes and receivers as people declare them, and what is told by them.

What is told is decided in the transaction that writes an incident's transitions (`announce`), so that a
notice and its reason are there together or not at all; couriers bring it from the outbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from monitor.alerting.preview import Preview, preview
from monitor.alerting.receivers import kind_of, read
from monitor.alerting.ruling import Doubted, Muted, Rules, Ruling, never, undoubted
from monitor.couriers import Compose, Couriers
from monitor.domain.alert import Holding, Kept
from monitor.domain.audit import Deed
from monitor.domain.budget import Balance, Budget, first_level
from monitor.domain.destination import Destination
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.errors import BadRequest, NotFound, Refused
from monitor.domain.incident import Incident, LedgerStep
from monitor.domain.lineage import Lineage
from monitor.domain.notice import Notice, NoticeKind, Picture
from monitor.domain.route import Digest, Route, in_order
from monitor.every import Every
from monitor.store.alerts import AlertStore
from monitor.store.budgets import BudgetStore, balances
from monitor.store.destinations import Destinations
from monitor.store.destinations import routes as routes_of
from monitor.store.outbox import Outbox

log = logging.getLogger(__name__)

LOOK_S = 5.0
ROUTES_MAX = 200
RECEIVERS_MAX = 100
BUDGETS_MAX = 400
PREVIEW_DAYS_MAX = 90
NOTICES_KEPT_MS = 90 * DAY_MS
STEPS_KEPT_MS = 400 * DAY_MS


N = TypeVar("N", Route, Destination)


@dataclass(frozen=True, slots=True)
class Held:
    """An incident that goes on and of which a route's receivers are not told for a budget's sake."""

    incident: Incident
    route: str
    why: str


@dataclass(frozen=True, slots=True)
class Use:
    """A budget as it stands: incidents told in the last week of the wall clock, and those held back now."""

    balance: Balance
    told: int
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What was told of one incident, and what was not."""

    notices: Sequence[Kept]
    holdings: Sequence[Holding]


class Alerts:
    """``muted``: why notices of an incident of these series are muted at a wall time, if they are.
    ``illustrate``: its charts. ``links``: what sets each label on it, for one receiver. ``page``: address of
    this server from outside. Thread-safe."""

    def __init__(
        self,
        store: AlertStore,
        destinations: Destinations,
        outbox: Outbox,
        couriers: Callable[[Compose], Couriers],
        *,
        budgets: BudgetStore,
        lineage: Callable[[], Lineage],
        now_ms: Callable[[], int],
        muted: Muted = never,
        illustrate: Callable[[Incident], tuple[Picture, ...]] = lambda _: (),
        links: Callable[[Incident, str], Mapping[str, str]] = lambda _incident, _receiver: {},
        page: str = "",
        on_left_out: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.destinations = destinations
        self._store = store
        self._outbox = outbox
        self._couriers = couriers(self.compose)
        self._lineage = lineage
        self._now_ms = now_ms
        self.muted = muted
        self.series: Callable[[], int] = lambda: 0
        self.history_end: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self.doubted: Doubted = undoubted
        self._budgets = budgets
        self.illustrate = illustrate
        self.chart_url: Callable[[str], str] = lambda incident_id: ""
        self.links = links
        self._page = page.rstrip("/")
        self._on_left_out = on_left_out
        self._looks = Every(LOOK_S, self.look)
        self._pruned_ms = 0

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        self._couriers.start(self.destinations.receivers())
        self._looks.start()

    def stop(self) -> None:
        self._looks.stop()
        self._couriers.stop()

    def wake(self) -> None:
        """Transitions were written."""
        self._couriers.wake()

    # -- deciding ---------------------------------------------------------------------------------

    def announce(self, connection: Connection, step: LedgerStep) -> None:
        """Decide what is told of a step's transitions, and write it in the step's own transaction. Where the
        database fails, so does the step. Where the decision fails, incidents are kept all the same and the
        failure is logged: what cannot be told must not stop what is noticed."""
        if not step.transitions and not step.forgotten_incidents:
            return
        try:
            with connection.begin_nested():
                self._announce(connection, step)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("alerts: what to tell of %d transitions is unknown", len(step.transitions))

    def _announce(self, connection: Connection, step: LedgerStep) -> None:
        now_ms = self._now_ms()
        incidents = {one.id: one for one in step.incidents}
        names = [*(one.incident_id for one in step.transitions), *step.forgotten_incidents]
        ruling = self._ruling(connection, names)
        written = []
        for transition in step.transitions:
            incident = incidents[transition.incident_id]
            known = ruling.standing(incident.id)
            one = self._store.step(connection, transition, incident, known, now_ms)
            ruling.hear(one)
            written.append(one)
        for name in step.forgotten_incidents:
            ruling.forget(name, now_ms)
        self._store.write_steps(connection, written)
        self._write(connection, ruling, now_ms)
        self._store.forget(connection, step.forgotten_incidents)

    def look(self) -> None:
        """Decide what time has brought about since the last look."""
        now_ms = self._now_ms()
        with self._store.database.read() as connection:
            reached_ms = self._store.reached_ms(connection)
            late = reached_ms is None or now_ms - reached_ms >= MINUTE_MS
            active = late and bool(self._store.standings(connection))
        if active:
            with self._store.database.write() as connection:
                ruling = self._ruling(connection, ())
                ruling.pass_time(now_ms)
                self._write(connection, ruling, now_ms)
            self.wake()
        if now_ms - self._pruned_ms >= DAY_MS:
            self._pruned_ms = now_ms
            self._outbox.prune(now_ms - NOTICES_KEPT_MS)
            self._store.prune(now_ms - STEPS_KEPT_MS, now_ms - NOTICES_KEPT_MS)

    def _ruling(self, connection: Connection, incident_ids: Sequence[str]) -> Ruling:
        rules = Rules(routes_of(connection), self.muted, self._lineage(), balances(connection), self.doubted)
        standings = self._store.standings(connection, incident_ids)
        return Ruling(rules, standings, self._store.reached_ms(connection))

    def _write(self, connection: Connection, ruling: Ruling, now_ms: int) -> None:
        left_out = self._store.write(connection, ruling.ruled(), ruling.reached_ms, now_ms)
        if left_out:
            self._on_left_out(left_out)

    def compose(self, kept: Kept, pictures: bool = True) -> Notice:
        """What lies in the outbox, as it is sent; without ``pictures`` none are drawn."""
        told = kept.dispatch
        if told.kind is NoticeKind.DIGEST:
            return Notice(
                told.key,
                kept.id,
                told.kind,
                told.event_ms,
                None,
                url=self._page,
                digest=told.incidents,
                title=told.title,
            )
        (incident,) = told.incidents
        ours = not incident.founder_id  # it concerns this system itself
        return Notice(
            key=told.key,
            sequence=kept.id,
            kind=told.kind,
            at_ms=told.event_ms,
            incident=incident,
            changed=told.changed,
            url=f"{self._page}/#/incident/{incident.id}" if self._page and not ours else self._page,
            labels={} if ours else self.links(incident, told.receiver),
            pictures=self.illustrate(incident) if pictures and not ours else (),
            chart="" if ours else self.chart_url(incident.id),
            title=told.title,
        )

    # -- declaring --------------------------------------------------------------------------------

    def routes(self, team: str | None = None) -> list[Route]:
        """As they are asked; of one team, its own."""
        return [one for one in self.destinations.routes() if team in (None, one.team)]

    def receivers(self, team: str | None = None) -> list[Destination]:
        """By name; of one team, its own."""
        return [one for one in self.destinations.receivers() if team in (None, one.team)]

    def unreachable(self) -> dict[str, bool]:
        """By receiver, whether a notice had to be given up, and none was taken since."""
        return {one.name: one.unreachable_ms is not None for one in self.receivers()}

    def route(self, name: str, team: str | None = None) -> Route:
        return _named(name, self.routes(team), "route")

    def receiver(self, name: str, team: str | None = None) -> Destination:
        return _named(name, self.receivers(team), "receiver")

    def check_route(self, route: Route, team: str | None = None) -> Route:
        """The route as it may be saved by those who are bound to ``team``: as that team's. Raises BadRequest
        for a receiver there is not, and Refused for one route too many; NotFound for another team's."""
        routes = self.destinations.routes()
        other = next((one for one in routes if one.name == route.name), None)
        if team is not None and (other.team if other is not None else team) != team:
            raise NotFound(f"no route {route.name}")
        if other is None and len(routes) >= ROUTES_MAX:
            raise Refused(f"at most {ROUTES_MAX} routes may be declared", "routes_max")
        if team is not None:
            route = replace(route, team=team)
        known = {one.name: one.kind for one in self.receivers(team)}
        if unknown := [name for name in route.receivers if name not in known]:
            raise BadRequest(f"no receiver {', '.join(unknown)[:200]}")
        unfit = [name for name in route.receivers if not kind_of(known[name]).digests]
        if unfit and route.digest is not Digest.NEVER:
            raise BadRequest(f"receiver {', '.join(unfit)[:200]} cannot take a digest")
        return route

    def put_route(self, route: Route, deed: Deed) -> None:
        self.destinations.put_route(route, deed)

    def drop_route(self, name: str, deed: Deed) -> None:
        self.destinations.drop_route(name, deed)

    def check_receiver(self, declared: Destination) -> Destination:
        """As it may be saved. Raises BadRequest for settings that cannot be, or a fallback there is not."""
        known = {one.name: one for one in self.destinations.receivers()}
        read(declared.kind, declared.settings)
        if declared.fallback and (declared.fallback == declared.name or declared.fallback not in known):
            raise BadRequest(f"fallback: no other receiver {declared.fallback[:128]}")
        if declared.name not in known and len(known) >= RECEIVERS_MAX:
            raise Refused(f"at most {RECEIVERS_MAX} receivers may be declared", "receivers_max")
        return declared

    def put_receiver(self, declared: Destination, deed: Deed) -> None:
        self.destinations.put_receiver(declared, deed)
        self._couriers.replace(declared.name, declared)

    def check_unused(self, name: str) -> None:
        """Raises BadRequest where a route or another receiver names it."""
        users = [f"route {one.name}" for one in self.destinations.routes() if name in one.receivers]
        users += [f"receiver {one.name}" for one in self.receivers() if one.fallback == name]
        if users:
            raise BadRequest(f"receiver {name} is named by {', '.join(users)[:200]}")

    def drop_receiver(self, name: str, deed: Deed) -> None:
        self.destinations.drop_receiver(name, deed)
        self._couriers.replace(name, None)

    def budgets(self, team: str | None = None) -> list[Balance]:
        """By name, as they stand; of one team, its own and those of its routes."""
        routes = {one.name for one in self.routes(team)}
        found = self._budgets.all()
        return [one for one in found if team is None or one.budget.team == team or one.budget.route in routes]

    def uses(self, team: str | None = None) -> list[Use]:
        """What was told and what is held back by each of `budgets`."""
        standings = [one for one in self._store.active() if one.open]
        return [
            Use(
                one,
                self._budgets.told(one.budget),
                tuple(
                    Held(standing.incident, route, held.why)
                    for standing in standings
                    for route, held in standing.withheld.items()
                    if held.why.startswith(one.budget.holds)
                ),
            )
            for one in self.budgets(team)
        ]

    def check_budget(self, budget: Budget, team: str | None = None) -> Budget:
        """As it may be saved by those who are bound to ``team``, with the level that it begins with. Raises
        NotFound for a route there is not, or another team's; BadRequest for a route of digests."""
        if team is not None and budget.team and budget.team != team:
            raise NotFound(f"no team {budget.team[:128]}")
        if budget.route and self.route(budget.route, team).digest is not Digest.NEVER:
            raise BadRequest(f"route {budget.route[:128]} collects into a digest, which is never held back")
        known = {one.budget.name for one in self._budgets.all()}
        if budget.name not in known and len(known) >= BUDGETS_MAX:
            raise Refused(f"at most {BUDGETS_MAX} budgets may be declared", "budgets_max")
        return replace(budget, first=first_level(budget.per_week, self.series()))

    def put_budget(self, budget: Budget, deed: Deed) -> None:
        """Its balance begins anew."""
        self._budgets.put(budget, deed)

    def drop_budget(self, name: str, deed: Deed) -> None:
        self._budgets.drop(name, deed)

    def test(self, name: str) -> str:
        """Try a receiver; empty if it took what was sent, else why it did not."""
        return self._couriers.test(self.receiver(name))

    # -- asking -----------------------------------------------------------------------------------

    def preview(self, changed: Sequence[Route], removed: Sequence[str], days: int) -> Preview:
        """What the last days of the history there is would have brought with these routes in place of those
        of the same names; where that is nothing, the last days before in which something happened. A span in
        the past has one day more, in which what happened at its end is told."""
        length_ms = min(days, PREVIEW_DAYS_MAX) * DAY_MS
        now_ms = self._now_ms()
        end_ms, open_ms = self.history_end()
        rules = self._rules_with(changed, removed)
        if 0 < open_ms < now_ms - DAY_MS:
            found = self._preview(rules, end_ms - length_ms, open_ms + DAY_MS)
        else:
            found = self._preview(rules, now_ms + 1 - length_ms, now_ms)
        if found.empty and (newest_ms := self._store.newest_ms(found.since_ms)) is not None:
            earlier = self._preview(rules, newest_ms - length_ms, newest_ms + DAY_MS)
            return found if earlier.empty else earlier
        return found

    def _preview(self, rules: Rules, since_ms: int, last_ms: int) -> Preview:
        return preview(self._store.steps(since_ms), rules, since_ms, last_ms + 1)

    def _rules_with(self, changed: Sequence[Route], removed: Sequence[str]) -> Rules:
        names = {one.name for one in changed} | set(removed)
        kept = [one for one in self.destinations.routes() if one.name not in names]
        budgets = [Balance.fresh(one.budget) for one in self._budgets.all()]
        return Rules(in_order([*kept, *changed]), self.muted, self._lineage(), budgets, self.doubted)

    def correspondence(self, incident_id: str) -> Correspondence:
        return Correspondence(self._outbox.of_incident(incident_id), self._store.holdings(incident_id))

    def waiting(self) -> int:
        """Notices that have not been sent yet."""
        return self._outbox.waiting()

    def status(self) -> dict[str, Any]:
        """How many notices wait, and which receivers take none."""
        dead = [one for one in self.destinations.receivers() if one.unreachable_ms is not None]
        return {
            "notices_waiting": self._outbox.waiting(),
            "unreachable": [
                {"name": one.name, "since_ms": one.unreachable_ms, "trouble": one.trouble} for one in dead
            ],
        }


def _named(name: str, found: Sequence[N], what: str) -> N:
    for one in found:
        if one.name == name:
            return one
    raise NotFound(f"no {what} {name[:128]}")
