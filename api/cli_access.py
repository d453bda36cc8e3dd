"""``watchkeeper token``, ``user`` and ``audit`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import Config, DataDir, Json, RoleName, Server, Team, Token

token_app = typer.Typer(help="Access tokens.", no_args_is_help=True)
user_app = typer.Typer(help="People who may log in.", no_args_is_help=True)
audit_app = typer.Typer(help="The log of who did what.", no_args_is_help=True)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str], typer.Option(help="ingest, read, feedback, silence, config or admin; again for more.")
    ],
    team: Team = None,
    prefix: Annotated[str, typer.Option(help="Metrics it may write begin with this.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.")] = None,
    url: Server = "",
    token: Token = "",
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a token and show it, this once."""
    from api.commands.access import Where, token_create

    where = Where(url, token, config, data_dir)
    raise typer.Exit(
        token_create(where, name, scopes=scope, team=team, prefix=prefix, days=days, as_json=json)
    )


@token_app.command("list")
def token_list(
    url: Server = "", token: Token = "", config: Config = None, data_dir: DataDir = None, json: Json = False
) -> None:
    """Every token, without its secret."""
    from api.commands.access import Where, token_list

    raise typer.Exit(token_list(Where(url, token, config, data_dir), as_json=json))


@token_app.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID")],
    url: Server = "",
    token: Token = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Revoke a token, from the next request on."""
    from api.commands.access import Where, token_revoke

    raise typer.Exit(token_revoke(Where(url, token, config, data_dir), token_id))


@user_app.command("set")
def user_set(
    name: Annotated[str, typer.Argument()],
    role: Annotated[RoleName, typer.Option(help="What they may.")],
    team: Team = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    url: Server = "",
    token: Token = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Make a user or change one."""
    from api.commands.access import Where, user_set

    chosen = typer.prompt("password", hide_input=True, confirmation_prompt=True) if password else None
    where = Where(url, token, config, data_dir)
    raise typer.Exit(user_set(where, name, role=role.value, team=team, password=chosen))


@user_app.command("list")
def user_list(
    url: Server = "", token: Token = "", config: Config = None, data_dir: DataDir = None, json: Json = False
) -> None:
    """People who may log in."""
    from api.commands.access import Where, user_list

    raise typer.Exit(user_list(Where(url, token, config, data_dir), as_json=json))


@user_app.command("remove")
def user_remove(
    name: Annotated[str, typer.Argument()],
    url: Server = "",
    token: Token = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Remove a user, with every session of theirs."""
    from api.commands.access import Where, user_remove

    raise typer.Exit(user_remove(Where(url, token, config, data_dir), name))


@audit_app.command("verify")
def audit_verify(
    head: Annotated[str, typer.Option(help="Hash that the newest entry must have.")] = "",
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Follow the chain of hashes; changes nothing, and a server may run meanwhile."""
    from api.commands.access import audit_verify

    raise typer.Exit(audit_verify(config, data_dir, head, as_json=json))
