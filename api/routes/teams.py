"""Teams: which series belong to each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheMonitor
from api.schemas import Answer, ListOf

router = APIRouter(prefix=f"{PREFIX}/teams", tags=["access"], responses=PROBLEMS)

RULES_MAX = 100
TAGS_MAX = 40
_Text = Annotated[str, Field(min_length=1, max_length=2_048)]


class TeamRule(Answer):
    """A series fits if it has all of these tags; ``*`` in a value stands for any characters."""

    tags: dict[_Text, _Text] = Field(min_length=1, max_length=TAGS_MAX)


class TeamRules(Answer):
    """A series belongs to the team if it fits one of the rules."""

    rules: list[TeamRule] = Field(max_length=RULES_MAX)


class Team(TeamRules):
    name: str


@router.get("")
def list_teams(monitor: TheMonitor) -> ListOf[Team]:
    """Teams by name."""
    return ListOf(
        items=[
            Team(name=name, rules=[TeamRule(tags=dict(rule)) for rule in rules])
            for name, rules in monitor.declaring.teams.rules.items()
        ]
    )


@router.put("/{name}")
def declare_team(
    monitor: TheMonitor,
    access: TheAccess,
    actor: TheActor,
    name: Annotated[str, Path(min_length=1, max_length=128)],
    declared: TeamRules,
) -> Team:
    """Say which series belong to a team; without rules there is no such team any more. In the log of every
    shard when this is answered. Anomalies and incidents stay with the team their series had when they
    began."""
    texts = [name, *(text for rule in declared.rules for pair in rule.tags.items() for text in pair)]
    if not all(text.isprintable() for text in texts):
        raise Problem(422, "names and tags: text without control characters is wanted", kind="bad-name")
    rules = [rule.tags for rule in declared.rules]
    monitor.declaring.check_team(name, rules)
    before = monitor.declaring.teams.rules.get(name)
    known = None if before is None else {"rules": [dict(rule) for rule in before]}
    access.accounts.record(actor.did("team declared", f"team:{name}", known, {"rules": rules}))
    monitor.declaring.team(name, rules)
    return Team(name=name, rules=declared.rules)
