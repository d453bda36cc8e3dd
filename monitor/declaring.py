"""Declarations: what people say of metrics, and which series belong to which team."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from monitor.domain.declared import is_pattern
from monitor.domain.errors import Refused
from monitor.domain.records import Control, Kind
from monitor.domain.teams import Rule, Teams
from monitor.intake.limits import Limits
from monitor.shards import Shards

Row = dict[str, Any]


class Declaring:
    """Every shard has all declarations; teams are kept here too, once they were read. ``refused`` is told
    the name of a limit that was hit. Thread-safe."""

    def __init__(self, shards: Shards, limits: Limits, refused: Callable[[str], None]) -> None:
        self._shards = shards
        self._limits = limits
        self._note_refusal = refused
        self._lock = Lock()
        self._teams = Teams()

    def begin(self, teams: Mapping[str, Sequence[Rule]]) -> None:
        """With the teams that were declared before this start."""
        self._teams = Teams(teams)

    def metrics(self) -> dict[str, Row]:
        """Declarations by metric name or pattern."""
        return dict(self._shards.ask(0, "declarations"))

    def metric(self, name: str, declaration: Mapping[str, Any]) -> None:
        """Say what a metric is, or every metric that fits a pattern (`monitor.domain.declared`); on disk in
        every shard when this returns. An empty declaration takes the one before it back. Raises Refused for a
        lateness or a number of declarations beyond the limit."""
        with self._lock:
            self.check_metric(name, declaration)
            self._shards.tell(Control(Kind.METRIC, {"name": name, "declaration": dict(declaration)}))

    def check_metric(self, name: str, declaration: Mapping[str, Any]) -> None:
        """Raises Refused where `metric` would."""
        limits = self._limits
        lateness = declaration.get("lateness_ms") or 0
        if lateness > limits.late_ms_max and declaration.get("kind") != "maturing":
            text = f"lateness_ms: at most {limits.late_ms_max} ms, unless the kind is maturing"
            raise self._refused(text, "late_ms_max")
        known = self.metrics()
        fresh = name not in known and bool(declaration)
        if fresh and len(known) >= limits.declarations_max:
            text = f"at most {limits.declarations_max} metrics may be declared"
            raise self._refused(text, "declarations_max")
        if fresh and is_pattern(name) and sum(map(is_pattern, known)) >= limits.patterns_max:
            raise self._refused(f"at most {limits.patterns_max} patterns may be declared", "patterns_max")

    @property
    def teams(self) -> Teams:
        """As declared now; another object after each declaration. Raises IntakeUnavailable before they are
        known: what belongs to whom must not be guessed."""
        _ = self._shards.count
        return self._teams

    @property
    def teams_known(self) -> int:
        """How many teams there are, as far as is known."""
        return len(self._teams)

    def team(self, name: str, rules: Sequence[Rule]) -> None:
        """Say which series belong to a team (`monitor.domain.teams`); on disk in every shard when this
        returns. No rules: the team is no more. Raises Refused for a number beyond the limit."""
        with self._lock:
            self.check_team(name, rules)
            self._shards.tell(Control(Kind.TEAM, {"name": name, "rules": [dict(rule) for rule in rules]}))
            teams = Teams(self.teams.rules)
            teams.declare(name, rules)
            self._teams = teams

    def check_team(self, name: str, rules: Sequence[Rule]) -> None:
        """Raises Refused where `team` would."""
        most = self._limits.teams_max
        if rules and name not in self.teams and len(self.teams) >= most:
            raise self._refused(f"at most {most} teams may be declared", "teams_max")

    def _refused(self, text: str, limit: str) -> Refused:
        self._note_refusal(limit)
        return Refused(text, limit)
