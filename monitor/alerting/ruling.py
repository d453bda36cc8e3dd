"""What is told of incidents, to whom and when: a function of their steps, of the routes, and of time.

Time passes in whole minutes: what time alone brings about (an hour that begins, a mute that ends, a repeat)
is decided at the minute at which it was due, however late somebody looks. So a server that was
stopped, and a preview, decide as one that never was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from monitor.alerting.budgets import Budgets
from monitor.alerting.digest import digest, turns
from monitor.alerting.inhibition import inhibited
from monitor.alerting.matching import taken
from monitor.alerting.urgency import level, quiet, rank, risen
from monitor.domain.alert import SERIES_MAX, Dispatch, Holding, Ruled, Standing, Step, Told, Withheld
from monitor.domain.budget import Balance
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from monitor.domain.incident import Incident, IncidentState
from monitor.domain.lineage import Lineage
from monitor.domain.notice import NoticeKind
from monitor.domain.route import Digest, Route, in_order
from monitor.domain.series import Identity

CATCH_UP_MS = 24 * HOUR_MS
"""After a longer stop, what time alone would have brought about before is left out."""
LIVE_MS = 24 * HOUR_MS
_OVER = {
    "closed": "closed",
    "expired": "cut at its longest span, while it still went on",
    "retracted": "taken back: later data show that it was none",
}
_ENDED = {*_OVER, "merged"}

Muted = Callable[[Incident, Sequence[Identity], int], str | None]


def never(_incident: Incident, _series: Sequence[Identity], _at_ms: int) -> str | None:
    """No mutes."""
    return None


Doubted = Callable[[Incident, Sequence[Identity]], str | None]


def undoubted(_incident: Incident, _series: Sequence[Identity]) -> str | None:
    """Every incident is worth telling."""
    return None


@dataclass(frozen=True, slots=True)
class Rules:
    """``muted``: why notices of an incident of these series are muted at a wall time, if they are.
    ``balances``: of alert budgets, as they stand before the first step. ``doubted``: why nobody need be told
    of an incident that was not told yet, if so."""

    routes: Sequence[Route] = ()
    muted: Muted = never
    lineage: Lineage = field(default_factory=Lineage)
    balances: Sequence[Balance] = ()
    doubted: Doubted = undoubted


class Ruling:
    """Hears steps in their order and lets time pass; `ruled` is what came of it. ``standings``: all active
    ones, and those of the steps' incidents. ``reached_ms``: up to where time has passed already."""

    def __init__(self, rules: Rules, standings: Iterable[Standing], reached_ms: int | None) -> None:
        self._rules = rules
        self._routes = in_order(rules.routes)
        self._by_name = {route.name: route for route in self._routes}
        self._standings = {one.incident.id: one for one in standings}
        self._changed: dict[str, None] = {}
        self._dispatches: list[Dispatch] = []
        self._holdings: list[Holding] = []
        self._budgets = Budgets(rules.balances)
        self._event_ms: int | None = None
        self.reached_ms = reached_ms

    def ruled(self) -> Ruled:
        changed = [self._standings[name] for name in self._changed if name in self._standings]
        return Ruled(changed, self._dispatches, self._holdings, self._budgets.changed())

    def standing(self, incident_id: str) -> Standing | None:
        return self._standings.get(incident_id)

    @property
    def waits(self) -> bool:
        """Is there anything that time may change?"""
        return any(one.active for one in self._standings.values())

    # -- steps ------------------------------------------------------------------------------------

    def hear(self, step: Step) -> None:
        """Take in one transition."""
        self.pass_time(step.told_ms)
        self._event_ms = step.transition.at_ms
        self._budgets.pass_time(step.transition.at_ms)
        self._take(step)
        self._event_ms = None

    def _take(self, step: Step) -> None:
        kind, standing = step.transition.kind.value, self._known(step)
        if kind == "merged":
            self._end(standing, step.told_ms, f"merged into {step.incident.merged_into}")
        elif kind in _OVER:
            self._end(standing, step.told_ms, _OVER[kind])
        elif not standing.open:
            self._keep(standing)
        else:
            self._keep(self._told_of(standing, step.told_ms))
            if kind == "acknowledged":
                self._acknowledge(self._standings[step.incident.id], step.told_ms)

    def forget(self, incident_id: str, at_ms: int) -> None:
        """Its anomalies were deleted: close it wherever it was told."""
        standing = self._standings.get(incident_id)
        if standing is not None:
            self._end(standing, at_ms, "its series was deleted")

    def _known(self, step: Step) -> Standing:
        known = self._standings.get(step.incident.id)
        recent = step.told_ms - step.newest_ms <= max(LIVE_MS, 4 * step.cadence_ms)
        if known is None:
            known = Standing(step.incident)
            begins = step.incident.state.value not in _ENDED
        else:
            begins = known.open
        series = dict.fromkeys((*known.series, *step.series))
        kind = step.transition.kind.value
        again = kind == "reopened" and not begins
        return replace(
            known,
            incident=replace(step.incident, members=()),
            series=tuple(series)[:SERIES_MAX],
            kinds=tuple(dict.fromkeys((*known.kinds, *step.kinds))),
            episode=known.episode + again,
            open=begins or kind in ("opened", "reopened"),
            recent=recent,
        )

    def _keep(self, standing: Standing) -> None:
        self._standings[standing.incident.id] = standing
        self._changed[standing.incident.id] = None

    def _end(self, standing: Standing, at_ms: int, how: str) -> None:
        for receiver, told in standing.told.items():
            self._send(standing, receiver, told.route, NoticeKind.CLOSED, at_ms, (how,))
        self._keep(replace(standing, open=False, told={}, withheld={}))

    def _acknowledge(self, standing: Standing, at_ms: int) -> None:
        told = {}
        who = standing.incident.acknowledged_by
        by = f"acknowledged by {who}" if who else "acknowledged"
        for receiver, one in standing.told.items():
            if not one.acknowledged:
                self._send(standing, receiver, one.route, NoticeKind.ACKNOWLEDGED, at_ms, (by,))
            told[receiver] = replace(one, acknowledged=True)
        self._keep(replace(standing, told=told))

    # -- time -------------------------------------------------------------------------------------

    def pass_time(self, until_ms: int) -> None:
        """Decide all that time brings about up to and with ``until_ms``."""
        until = until_ms // MINUTE_MS * MINUTE_MS
        reached = until if self.reached_ms is None else self.reached_ms
        first = max(reached, until - CATCH_UP_MS) // MINUTE_MS * MINUTE_MS
        self.reached_ms = max(reached, until)
        for at_ms in range(first + MINUTE_MS, until + MINUTE_MS, MINUTE_MS):
            if not self._minute(at_ms):
                return

    def _minute(self, at_ms: int) -> bool:
        """False where no later minute can bring anything about either."""
        waiting = [one for one in self._standings.values() if one.active]
        turned = any(one.hours and one.awake(at_ms) != one.awake(at_ms - MINUTE_MS) for one in self._routes)
        for standing in waiting:
            if standing.open and (turned or self._may_change(standing, at_ms)):
                after = self._told_of(standing, at_ms)
                if after != standing:
                    self._keep(after)
        self._digests(at_ms)
        return bool(waiting)

    def _may_change(self, standing: Standing, at_ms: int) -> bool:
        """A changed route holds from an incident's next step on: saving one tells nobody."""
        if standing.withheld:
            return True
        return any(_due(standing, one, self._owner(one), at_ms) for one in standing.told.values())

    def _owner(self, told: Told) -> Route:
        """The route by which a receiver was told; one with the defaults where it is no more."""
        return self._by_name.get(told.route, Route(told.route))

    def _digests(self, at_ms: int) -> None:
        for route in self._routes:
            mine = [one for one in self._standings.values() if route.name in one.collected]
            if mine and turns(route, at_ms):
                self._dispatches += digest(route, mine, at_ms)
                for one in mine:
                    left = tuple(name for name in one.collected if name != route.name)
                    self._keep(replace(one, collected=left))

    # -- one incident at one time -----------------------------------------------------------------

    def _told_of(self, standing: Standing, at_ms: int) -> Standing:
        """The same after everything was told that is due at a time."""
        if quiet(standing.incident):
            return standing
        told, collected = dict(standing.told), standing.collected
        over = standing.incident.state is IncidentState.RECOVERING
        withheld: dict[str, Withheld] = {}
        stops: dict[str, Withheld | None] = {}

        def stop(route: Route) -> Withheld | None:
            if route.name not in stops:
                stops[route.name] = self._stop(route, standing, at_ms)
            return stops[route.name]

        for route in taken(self._routes, standing, at_ms):
            if route.digest is not Digest.NEVER:
                if stop(route) is None:
                    collected = tuple(dict.fromkeys((*collected, route.name)))
                continue
            fresh = [name for name in route.receivers if name not in told]
            held = standing.withheld.get(route.name)
            if fresh and held is not None and over:
                withheld[route.name] = held  # it does not go on: told if it comes back
                continue
            if fresh and (reason := stop(route)) is not None:
                withheld[route.name] = reason
                continue
            so_far = replace(standing, told=told)
            if fresh and (reason := self._doubt(route, so_far)) is not None:
                withheld[route.name] = reason
                continue
            if fresh and (reason := self._budgets.stop(route, so_far)) is not None:
                withheld[route.name] = reason
                continue
            if fresh:
                self._budgets.spend(route, so_far)
            for receiver in fresh:
                news = self._why_now(standing, route)
                due_ms = at_ms if news else at_ms + route.delay_s * 1_000
                self._send(standing, receiver, route.name, NoticeKind.OPENED, at_ms, news, due_ms)
                told[receiver] = _now(standing, route.name, at_ms)
        for receiver, one in standing.told.items():
            owner = self._owner(one)
            news = () if over else _due(standing, one, owner, at_ms)
            if news and stop(owner) is None:
                self._send(standing, receiver, one.route, NoticeKind.UPDATED, at_ms, news)
                told[receiver] = replace(_now(standing, one.route, at_ms), acknowledged=one.acknowledged)
        for name, reason in withheld.items():
            if standing.withheld.get(name) != reason:
                self._holdings.append(Holding(standing.incident.id, name, at_ms, reason.why, reason.by))
        return replace(standing, told=told, withheld=withheld, collected=collected)

    def _stop(self, route: Route, standing: Standing, at_ms: int) -> Withheld | None:
        why = self._rules.muted(standing.incident, standing.series, at_ms)
        if why is not None:
            return Withheld(why)
        return inhibited(route, standing, self._standings.values(), self._rules.lineage)

    def _doubt(self, route: Route, standing: Standing) -> Withheld | None:
        """For an opening. The words stay as they were while it waits, though what is learned moves."""
        why = None if standing.told else self._rules.doubted(standing.incident, standing.series)
        held = standing.withheld.get(route.name)
        if why is None or held is None or held.why.partition(":")[0] != why.partition(":")[0]:
            return None if why is None else Withheld(why)
        return held

    def _why_now(self, standing: Standing, route: Route) -> tuple[str, ...]:
        """An opening that was withheld says that it is late."""
        held = standing.withheld.get(route.name)
        if held is not None:
            return (f"still going on; not told before: {held.why}",)
        return ("it came back",) if standing.episode > 1 else ()

    def _send(
        self,
        standing: Standing,
        receiver: str,
        route: str,
        kind: NoticeKind,
        at_ms: int,
        changed: tuple[str, ...],
        due_ms: int | None = None,
    ) -> None:
        when = at_ms if due_ms is None else due_ms
        event_ms = at_ms if self._event_ms is None else self._event_ms
        self._dispatches.append(
            Dispatch(
                receiver, route, standing.key, kind, at_ms, event_ms, when, (standing.incident,), changed
            )
        )


def _now(standing: Standing, route: str, at_ms: int) -> Told:
    return Told(route, at_ms, level(standing.incident), rank(standing.incident), standing.kinds)


def _due(standing: Standing, told: Told, route: Route, at_ms: int) -> tuple[str, ...]:
    """What a receiver that was told is to be told now: what rose, not too often; else a repeat."""
    news = risen(standing, told)
    if news:
        return news if at_ms - told.at_ms >= route.interval_s * 1_000 else ()
    if route.repeat_s and not told.acknowledged and at_ms - told.at_ms >= route.repeat_s * 1_000:
        return ("still open",)
    return ()
