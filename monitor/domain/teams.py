"""Which team a series belongs to: decided by its tags, one team at most.

A team has rules; a rule names tags with their values, and a series fits it if it has all of them. In a
value, ``*`` stands for any characters. Where rules of several teams fit, the one with the most tags decides,
then the one with the fewest ``*``, then the first team by name. A series that fits none belongs to no team,
which is written as an empty name: it is seen by those who are bound to no team.

Teams are declared by records of the log, so that a replay finds every series in the team it had then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.domain.declared import is_pattern, matches
from monitor.domain.series import Identity

Rule = Mapping[str, str]
Ranked = tuple[tuple[int, int, str], Rule]

NOBODY = ""
"""The team of a series that belongs to none."""


class Teams:
    """Teams by name. Finding costs about 1 µs a tag, and nothing where no team is declared.

    >>> teams = Teams({"payments": [{"team": "pay*"}], "risk": [{"team": "payments", "kind": "risk"}]})
    >>> [teams.of(Identity.of("m", tags)) for tags in ({"team": "pay-eu"}, {"team": "web"})]
    ['payments', '']
    >>> teams.of(Identity.of("m", {"team": "payments", "kind": "risk"}))
    'risk'
    """

    def __init__(self, rules: Mapping[str, Sequence[Rule]] | None = None) -> None:
        self._rules: dict[str, list[dict[str, str]]] = {}
        self._exact: dict[tuple[str, str], list[Ranked]] = {}
        self._patterns: dict[str, list[Ranked]] = {}
        for name, some in (rules or {}).items():
            self.declare(name, some)

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, name: str) -> bool:
        return name in self._rules

    @property
    def rules(self) -> Mapping[str, Sequence[Rule]]:
        """The rules of each team, in order of names."""
        return {name: self._rules[name] for name in sorted(self._rules)}

    def declare(self, name: str, rules: Sequence[Rule]) -> None:
        """Set a team's rules, in the place of those before; without rules there is no such team. A rule
        without tags fits nothing."""
        said = [dict(rule) for rule in rules if rule]
        if said:
            self._rules[name] = said
        else:
            self._rules.pop(name, None)
        self._arrange()

    def of(self, series: Identity) -> str:
        """The team of a series; empty where it has none."""
        if not self._rules:
            return NOBODY
        fitting = [
            rank
            for key, value in series.tags
            for rank, rule in (*self._exact.get((key, value), ()), *self._patterns.get(key, ()))
            if _fits(rule, series)
        ]
        return min(fitting)[2] if fitting else NOBODY

    def _arrange(self) -> None:
        """Each rule under one of its tags, by preference one without a pattern: there it is looked for."""
        self._exact, self._patterns = {}, {}
        for name, rules in self._rules.items():
            for rule in rules:
                ranked = ((-len(rule), sum(value.count("*") for value in rule.values()), name), rule)
                exact = next((tag for tag in rule.items() if not is_pattern(tag[1])), None)
                if exact is not None:
                    self._exact.setdefault(exact, []).append(ranked)
                else:
                    self._patterns.setdefault(next(iter(rule)), []).append(ranked)


def _fits(rule: Rule, series: Identity) -> bool:
    tags = dict(series.tags)
    return all(key in tags and matches(value, tags[key]) for key, value in rule.items())
