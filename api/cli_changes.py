"""``watchkeeper change`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Json, Limit, Token, Url, Zone

change_app = typer.Typer(
    help="What may have been the cause: deployments, configurations, holidays.", no_args_is_help=True
)


@change_app.command("tell")
def change_tell(
    title: Annotated[str, typer.Argument(help="What changed, as it is shown beside incidents.")],
    kind: Annotated[str, typer.Option(help="As deployment, configuration, holiday.")] = "change",
    at: Annotated[str, typer.Option("--at", help="When: RFC 3339, or epoch ms; else now.")] = "",
    tag: Annotated[list[str], typer.Option("--tag", help="key=value; again for more.")] = [],  # noqa: B006
    tz: Zone = "UTC",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Tell of a change; the same again has no second effect."""
    from api.commands.changes import tell

    raise typer.Exit(tell(url, token, title, kind, at, tag, tz, as_json=json))


@change_app.command("list")
def change_list(limit: Limit = 50, url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Changes that were told of, the newest first."""
    from api.commands.changes import listed

    raise typer.Exit(listed(url, token, limit, as_json=json))
