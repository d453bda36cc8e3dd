"""Budgets while steps are heard: which incidents are held back, and what each one told costs."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.alert import Standing, Withheld
from monitor.domain.budget import Balance
from monitor.domain.route import Route


class Budgets:
    """Balances by name. Only openings are asked; updates and ends of what was told are told."""

    def __init__(self, balances: Iterable[Balance]) -> None:
        self._balances = {one.budget.name: one for one in balances}
        self._before = dict(self._balances)

    def changed(self) -> list[Balance]:
        return [one for name, one in self._balances.items() if one != self._before[name]]

    def pass_time(self, event_ms: int) -> None:
        for name, one in self._balances.items():
            self._balances[name] = one.at(event_ms)

    def stop(self, route: Route, standing: Standing) -> Withheld | None:
        """Why an incident that was not told yet waits, if it does. The words stay as they were while it
        waits, though the level moves."""
        score = standing.incident.score
        for one in self._asked(route, standing):
            if score < one.score:
                held = standing.withheld.get(route.name)
                begin = one.budget.holds
                if held is not None and held.why.startswith(begin):
                    return held
                return Withheld(f"{begin} score {score:.1f} < {one.score:.1f}")
        return None

    def spend(self, route: Route, standing: Standing) -> None:
        """``standing``: as it was before the route told of it."""
        for one in self._asked(route, standing):
            self._balances[one.budget.name] = one.spent()

    def _asked(self, route: Route, standing: Standing) -> list[Balance]:
        """Those whose incident this is and that have not paid for it: a team pays once, whichever of its
        routes tells it first, a route once for all its receivers."""
        team, told = standing.incident.team, standing.told.values()
        names = [f"team:{team}"] if team and not told else []
        if all(one.route != route.name for one in told):
            names.append(f"route:{route.name}")
        return [self._balances[name] for name in names if name in self._balances]
