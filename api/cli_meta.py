"""``watchkeeper meta`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Json, Token, Url

meta_app = typer.Typer(help="Watchkeeper itself: how it does.", invoke_without_command=True)

Since = Annotated[str, typer.Option("--since", help="Time, RFC 3339 or epoch ms.")]
Family = Annotated[str | None, typer.Option("--family", help="Changes to or from this family only.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


@meta_app.callback()
def meta(context: typer.Context, url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Whether a running server's models are frozen, and its open meta-incidents."""
    if context.invoked_subcommand is None:
        from api.commands.meta import told

        raise typer.Exit(told(url, token, as_json=json))


@meta_app.command()
def freeze(reason: Reason = "", url: Url = URL, token: Token = "") -> None:
    """Passes change no models from here on."""
    from api.commands.meta import freeze

    raise typer.Exit(freeze(url, token, reason))


@meta_app.command()
def unfreeze(url: Url = URL, token: Token = "") -> None:
    """Passes may change models again."""
    from api.commands.meta import unfreeze

    raise typer.Exit(unfreeze(url, token))


@meta_app.command()
def rollback(
    since: Since,
    family: Family = None,
    dry_run: DryRun = False,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Gives series back what passes replaced since a time, and closes their contests."""
    from api.commands.meta import rollback

    raise typer.Exit(rollback(url, token, since, family, dry_run=dry_run, as_json=json))


@meta_app.command()
def reopen(since: Since, family: Family = None, url: Url = URL, token: Token = "") -> None:
    """Opens the contests of series that were rolled back since a time."""
    from api.commands.meta import reopen

    raise typer.Exit(reopen(url, token, since, family))
