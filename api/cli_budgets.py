"""``watchkeeper budget`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Json, Token, Url

budget_app = typer.Typer(help="Of how many incidents a week a team or route is told.", no_args_is_help=True)

Whose = Annotated[str, typer.Argument(metavar="NAME", help="team:NAME or route:NAME.")]


@budget_app.command("list")
def budget_list(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Budgets, and the score that an incident must reach now to be told."""
    from api.commands.budgets import budget_list

    raise typer.Exit(budget_list(url, token, as_json=json))


@budget_app.command("set")
def budget_set(
    name: Whose,
    per_week: Annotated[float, typer.Argument(metavar="N", min=0.1, help="Incidents told a week.")],
    url: Url = URL,
    token: Token = "",
) -> None:
    """Declare a budget, in the place of the one of that name."""
    from api.commands.budgets import budget_set

    raise typer.Exit(budget_set(url, token, name, per_week))


@budget_app.command("remove")
def budget_remove(name: Whose, url: Url = URL, token: Token = "") -> None:
    """Take a budget back; what it holds is told, if it still goes on."""
    from api.commands.alerts import remove

    raise typer.Exit(remove(url, token, "budgets", name))
