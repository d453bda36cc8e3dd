"""How many live series each team has by metric and by tag, so that "14 of 16" counts a team's own only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from monitor.domain.series import Identity
from monitor.domain.teams import NOBODY, Teams
from monitor.intake.tags import TagCounts

_OF = "\x1f"  # no name holds a control character


class TeamCounts:
    """Counts of a shard's series by team; nothing while no team is declared. Not part of the shard's state.
    ``version`` grows with each new declaration.

    >>> teams, counts = Teams({"payments": [{"team": "payments"}]}), TeamCounts()
    >>> counts.add(teams, Identity.of("orders", {"team": "payments"}))
    >>> said = counts.by_name(TagCounts(10))
    >>> list(of_team(said, "payments")), list(of_team(said, ""))
    ([('orders', 1), ('team=payments', 1)], [])
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.version = 0

    def add(self, teams: Teams, series: Identity) -> None:
        if len(teams):
            self._counts.update(_keys(teams, series))

    def discard(self, teams: Teams, series: Identity) -> None:
        if len(teams):
            self._counts.subtract(_keys(teams, series))

    def count_anew(self, teams: Teams, every: Iterable[Identity]) -> None:
        counts: Counter[str] = Counter()
        if len(teams):
            for series in every:
                counts.update(_keys(teams, series))
        self._counts = counts
        self.version += 1

    def by_name(self, whole: TagCounts) -> dict[str, int]:
        """Series by team and name; without teams all of them, as ``whole`` has counted them."""
        counts = dict(self._counts)
        return {key: count for key, count in counts.items() if count} if counts else whole.by_name()


def of_team(counts: Mapping[str, int], team: str) -> Iterator[tuple[str, int]]:
    """The counts of one team (of those in no team, if empty), by metric and ``key=value``."""
    for key, count in counts.items():
        owner, found, name = key.rpartition(_OF)
        if owner == team:
            yield name if found else key, count


def _keys(teams: Teams, series: Identity) -> list[str]:
    team = teams.of(series)
    head = "" if team == NOBODY else team + _OF
    return [head + series.metric, *(f"{head}{key}={value}" for key, value in series.tags)]
