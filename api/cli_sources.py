"""``watchkeeper source`` of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from api.options import URL, Config, DataDir, Json, Token, Url

source_app = typer.Typer(help="Sources that are polled.", no_args_is_help=True)

Rows = Annotated[int, typer.Option(min=1, max=1_000, help="Most rows.")]


Source = Annotated[str, typer.Option("--source", help="A source that is declared.")]
Days = Annotated[float, typer.Option("--days", min=0.01, max=90, help="So much of its past.")]


def estimate(
    source: Source, days: Days = 7.0, config: Config = None, data_dir: DataDir = None, json: Json = False
) -> None:
    """What a source would cost and tell, from its own past: series, memory, processor, alerts a week."""
    from api.commands.estimate import estimate

    raise typer.Exit(estimate(config, data_dir, source, days, as_json=json))


@source_app.command("list")
def source_list(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Sources of a running server: state, last success, last error."""
    from api.commands.sources import listed

    raise typer.Exit(listed(url, token, as_json=json))


@source_app.command("test")
def source_test(
    name: Annotated[str, typer.Argument(help="This source only.")] = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Read the newest span of each declared source from here, and keep nothing; 1 if any fails."""
    from api.commands.sources import test

    raise typer.Exit(test(config, data_dir, name))


@source_app.command("preview")
def source_preview(
    name: Annotated[str, typer.Argument(help="The source.")],
    rows: Rows = 10,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """The first samples that a declared source would hand over, and keep nothing."""
    from api.commands.sources import preview

    raise typer.Exit(preview(config, data_dir, name, rows, as_json=json))


@source_app.command("add")
def source_add(
    kind: Annotated[str, typer.Argument(help="sql, table, scrape, promql, files, kafka, mlflow or host.")],
    name: Annotated[str, typer.Argument(help="What it is called.")],
    settings: Annotated[list[str] | None, typer.Argument(help="KEY=VALUE, as in the file.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In the place of the one of that name.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Declare a source in the file of sources; a running server takes it over within seconds."""
    from api.commands.sources import add

    raise typer.Exit(add(config, data_dir, kind, name, settings or [], replace=replace))


@source_app.command("remove")
def source_remove(
    name: Annotated[str, typer.Argument(help="The source.")], config: Config = None, data_dir: DataDir = None
) -> None:
    """Take a source out of the file of sources."""
    from api.commands.sources import remove

    raise typer.Exit(remove(config, data_dir, name))
