"""Alert budgets: of how many incidents a week a team, or a route, wants to be told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, TheActor, TheView
from api.schemas import Answer, Health, ListOf
from monitor.alerts import Use
from monitor.domain.budget import Balance, Budget

router = APIRouter(prefix=PREFIX, tags=["alerts"], responses=PROBLEMS)

Name = Annotated[str, Path(pattern=r"^(team|route):.{1,128}$", description="team:NAME or route:NAME")]


class BudgetIn(BaseModel):
    """How many incidents a week are to be told of."""

    model_config = ConfigDict(extra="forbid")

    per_week: Annotated[float, Field(ge=0.1, le=10_000.0)]


class BudgetOut(Answer):
    """``score``: what an incident must reach now to be told; ``reached_ms``: the event time of that."""

    name: str
    per_week: float
    score: float
    reached_ms: int | None


class HeldOut(Answer):
    """An incident that goes on and is held back; ``at_ms``: its start."""

    incident_id: str
    title: str
    at_ms: int
    route: str
    why: str


class BudgetUse(BudgetOut):
    """``told_week``: incidents of which somebody was told in the last week of the wall clock."""

    told_week: int
    held: list[HeldOut]


@router.get("/budgets")
def list_budgets(view: TheView) -> ListOf[BudgetUse]:
    """Budgets by name, the score that an incident must reach now to be told, how many were told in the last
    week, and what is held back now; for a team its own."""
    return ListOf(items=[_use(one) for one in view.budget_uses()])


@router.put("/budgets/{name}")
def put_budget(view: TheView, actor: TheActor, name: Name, asked: BudgetIn) -> BudgetOut:
    """Declare a budget, in the place of the one of that name. What is held back is shown with the reason, and
    told if it comes to reach the score that is asked. Detection is not touched."""
    budget = view.check_budget(_budget(name, asked.per_week))
    before = next((one for one in view.budgets() if one.budget.name == name), None)
    said = None if before is None else {"per_week": before.budget.per_week}
    view.put_budget(budget, actor.did("budget declared", f"budget:{name}", said, asked.model_dump()))
    return _out(view.budget(name))


@router.delete("/budgets/{name}")
def drop_budget(view: TheView, actor: TheActor, name: Name) -> Health:
    """Take a budget back. What it holds is told, if it still goes on."""
    before = {"per_week": view.budget(name).budget.per_week}
    view.drop_budget(name, actor.did("budget removed", f"budget:{name}", before))
    return Health(status="removed")


def _budget(name: str, per_week: float) -> Budget:
    kind, _, whose = name.partition(":")
    if not whose.strip():
        raise Problem(422, "a budget is of team:NAME or route:NAME", kind="invalid-parameter")
    return Budget(per_week, team=whose) if kind == "team" else Budget(per_week, route=whose)


def _out(one: Balance) -> BudgetOut:
    return BudgetOut(
        name=one.budget.name, per_week=one.budget.per_week, score=one.score, reached_ms=one.reached_ms
    )


def _use(one: Use) -> BudgetUse:
    held = [
        HeldOut(
            incident_id=held.incident.id,
            title=held.incident.title,
            at_ms=held.incident.start_ms,
            route=held.route,
            why=held.why,
        )
        for held in one.held
    ]
    return BudgetUse(**_out(one.balance).model_dump(), told_week=one.told, held=held)
