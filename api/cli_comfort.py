"""``watchkeeper comfort`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Json, Token, Url


def comfort(
    metric: Annotated[str | None, typer.Argument(metavar="METRIC", help="Name or pattern; else all.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="key=value; again for more.")] = None,
    route: Annotated[str | None, typer.Option("--route", help="The series that this route asks for.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="Over the last days.")] = 14,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """How many anomalies other thresholds would have brought, and by how much; changes nothing."""
    from api.commands.comfort import comfort

    raise typer.Exit(comfort(url, token, metric=metric, tags=tag or [], route=route, days=days, as_json=json))
