"""``watchkeeper``: the command line. Nothing heavy is imported before a command is chosen.

Exit codes: 0 done, 1 failed, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli_access import audit_app, token_app, user_app
from api.cli_alerts import receiver_app, route_app
from api.cli_budgets import budget_app
from api.cli_changes import change_app
from api.cli_comfort import comfort
from api.cli_meta import meta_app
from api.cli_models import models
from api.cli_mute import calendar_app, mute_app
from api.cli_ranking import ranking
from api.cli_respond import incident_app, label, labels_app
from api.cli_sources import estimate, source_app
from api.options import (
    URL,
    Config,
    DataDir,
    EngineOption,
    Host,
    Json,
    Limit,
    ModeName,
    Port,
    Shards,
    Tags,
    Token,
    Url,
    Zone,
)

app = typer.Typer(
    name="watchkeeper",
    help="A self-hosted monitor for models and metrics: what is normal, what is not, what belongs together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
log_app = typer.Typer(help="The intake log's files.", no_args_is_help=True)
series_app = typer.Typer(help="Series of a running server.")
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(token_app, name="token")
app.add_typer(user_app, name="user")
app.add_typer(audit_app, name="audit")
app.add_typer(route_app, name="route")
app.add_typer(receiver_app, name="receiver")
app.add_typer(budget_app, name="budget")
app.add_typer(incident_app, name="incident")
app.add_typer(labels_app, name="labels")
app.add_typer(change_app, name="change")
app.add_typer(source_app, name="source")
app.add_typer(meta_app, name="meta")
app.command()(label)
app.command()(models)
app.command()(estimate)
app.command()(comfort)
app.command()(ranking)
app.add_typer(mute_app, name="mute")
app.add_typer(calendar_app, name="calendar")
app.add_typer(log_app, name="log")
app.add_typer(db_app, name="db")
app.add_typer(series_app, name="series")


@app.command()
def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop when done; 0 only if the storm was found.")
    ] = False,
    port: Port = None,
    data_dir: DataDir = None,
    engine: EngineOption = None,
) -> None:
    """Real flight data through the whole system, with server and page."""
    from api.commands.demo import demo

    raise typer.Exit(demo(leave=leave, port=port, data_dir=data_dir, engine=engine and engine.value))


@app.command()
def serve(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    shards: Shards = None,
    engine: EngineOption = None,
) -> None:
    """Run the server."""
    from api.commands.serve import serve

    chosen = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "shards": shards,
        "engine": engine and engine.value,
    }
    raise typer.Exit(serve(config, chosen))


@app.command()
def backtest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV or Parquet.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="CSV or Parquet by suffix; else CSV to stdout.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", help="CSV metric,start,end, or the name of a 0/1 column.")
    ] = None,
    tags: Tags = "",
    tz: Zone = "UTC",
    json: Json = False,
) -> None:
    """Score files offline with the same code that runs live."""
    from api.commands.backtest import backtest

    raise typer.Exit(backtest(files, out=out, labels=labels, tags=tags, tz=tz, as_json=json))


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet.")],
    url: Url = URL,
    token: Token = "",
    batch: Annotated[int, typer.Option(min=1, max=50_000, help="Samples per request.")] = 10_000,
    tags: Tags = "",
    tz: Zone = "UTC",
    mode: Annotated[ModeName, typer.Option(help="How the server takes the samples.")] = ModeName.BACKFILL,
    json: Json = False,
) -> None:
    """Push a file to a running server."""
    from api.commands.ingest import ingest

    raise typer.Exit(ingest(file, url, token, batch=batch, tags=tags, tz=tz, mode=mode.value, as_json=json))


@app.command()
def incidents(
    incident: Annotated[str | None, typer.Argument(help="One incident's id, for all about it.")] = None,
    url: Url = URL,
    token: Token = "",
    state: Annotated[
        str | None,
        typer.Option(help="open (all that are not over), pending, acknowledged, recovering, closed …"),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="As they change, until Ctrl-C.")] = False,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Incidents of a running server."""
    if watch:
        from api.commands.watch import watch as follow

        raise typer.Exit(follow(url, token, as_json=json))
    from api.commands.ask import incidents

    raise typer.Exit(incidents(url, token, incident, state=state, limit=limit, as_json=json))


@app.command()
def anomalies(
    url: Url = URL,
    token: Token = "",
    series: Annotated[str | None, typer.Option(help="Id of a series.")] = None,
    metric: Annotated[str | None, typer.Option(help="Name of a metric.")] = None,
    state: Annotated[str | None, typer.Option(help="open or closed.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Anomalies of a running server."""
    from api.commands.ask import anomalies

    raise typer.Exit(
        anomalies(url, token, series=series, metric=metric, state=state, limit=limit, as_json=json)
    )


@app.command()
def explain(
    series: Annotated[str, typer.Option(help="Id of a series, a metric, or metric{tag=value,…}.")],
    at: Annotated[str, typer.Option(help="A time: RFC 3339, or epoch milliseconds.")],
    tz: Zone = "UTC",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Why a series shows what it shows at a time, with exactly one reason."""
    from api.commands.explain import explain

    raise typer.Exit(explain(url, token, series=series, at=at, tz=tz, as_json=json))


@app.command()
def replay(
    decision: Annotated[
        str, typer.Option(help="An anomaly's id (its onset is meant), or SERIES_ID@EPOCH_MS.")
    ],
    chart: Annotated[Path | None, typer.Option(help="Write the chart of then (PNG) to this file.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """A verdict of the past, made again from checkpoint and log; a server may run meanwhile."""
    from api.commands.replay import replay

    raise typer.Exit(replay(config, data_dir, decision=decision, chart=chart, as_json=json))


@app.command()
def topology(
    url: Url = URL,
    token: Token = "",
    focus: Annotated[str | None, typer.Option(help="Id of a series: its edges only.")] = None,
    communities: Annotated[
        bool, typer.Option("--communities", help="Groups of series, largest first.")
    ] = False,
    lineage: Annotated[
        Path | None, typer.Option("--lineage", help="Declare the links of this file (CSV or JSON) instead.")
    ] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Which series begin to be anomalous together, as a running server has learned."""
    from api.commands.topology import topology

    raise typer.Exit(
        topology(
            url,
            token,
            focus=focus,
            communities=communities,
            lineage=lineage,
            limit=limit,
            as_json=json,
        )
    )


@series_app.callback(invoke_without_command=True)
def series(
    context: typer.Context,
    url: Url = URL,
    token: Token = "",
    metric: Annotated[str | None, typer.Option(help="Name of a metric.")] = None,
    q: Annotated[str | None, typer.Option(help="Words that the name holds, all of them.")] = None,
    tag: Annotated[str | None, typer.Option(help="key=value")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Series of a running server."""
    if context.invoked_subcommand is not None:
        return
    from api.commands.ask import series

    raise typer.Exit(series(url, token, metric=metric, q=q, tag=tag, limit=limit, as_json=json))


@series_app.command("delete")
def series_delete(
    series_id: Annotated[str, typer.Argument(metavar="ID", help="The series' id, 16 hex digits.")],
    url: Url = URL,
    token: Token = "",
) -> None:
    """Delete a series with its model, history and anomalies."""
    from api.commands.ask import delete_series

    raise typer.Exit(delete_series(url, token, series_id))


@series_app.command("journal")
def series_journal(
    series_id: Annotated[str, typer.Argument(metavar="ID", help="The series' id, 16 hex digits.")],
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """What a series lived by, and why that changed."""
    from api.commands.models import journal

    raise typer.Exit(journal(url, token, series_id, as_json=json))


@series_app.command("undo")
def series_undo(
    series_id: Annotated[str, typer.Argument(metavar="ID", help="The series' id, 16 hex digits.")],
    url: Url = URL,
    token: Token = "",
) -> None:
    """Give a series its former models back, exactly, and keep them until `series contest`."""
    from api.commands.models import undo

    raise typer.Exit(undo(url, token, series_id))


@series_app.command("contest")
def series_contest(
    series_id: Annotated[str, typer.Argument(metavar="ID", help="The series' id, 16 hex digits.")],
    url: Url = URL,
    token: Token = "",
) -> None:
    """Let learning passes choose a series' models again, after an undo."""
    from api.commands.models import contest

    raise typer.Exit(contest(url, token, series_id))


@app.command()
def status(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Where a running server stands."""
    from api.commands.ask import status

    raise typer.Exit(status(url, token, as_json=json))


@log_app.command("verify")
def log_verify(directory: Annotated[Path, typer.Argument(metavar="DIR")], json: Json = False) -> None:
    """Read every record and report damage; changes nothing."""
    from api.commands.log import verify

    raise typer.Exit(verify(directory, as_json=json))


@log_app.command("repair")
def log_repair(directory: Annotated[Path, typer.Argument(metavar="DIR")], json: Json = False) -> None:
    """Set damaged bytes aside and keep every undamaged record."""
    from api.commands.log import repair

    raise typer.Exit(repair(directory, as_json=json))


@db_app.command("upgrade")
def db_upgrade(config: Config = None, data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema."""
    from api.commands.db import upgrade

    raise typer.Exit(upgrade(config, data_dir))


def main() -> None:
    """The console script. Errors in our own words are one line; others keep their trace."""
    try:
        app()
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        typer.echo(f"watchkeeper: {error}", err=True)
        sys.exit(code)


def _code_of(error: Exception) -> int | None:
    from monitor.domain.errors import BadRequest, InUse, WatchkeeperError

    if isinstance(error, BadRequest | InUse):
        return 2
    if isinstance(error, WatchkeeperError):
        return 1
    if type(error).__name__ == "SettingsError":
        return 2
    return None


if __name__ == "__main__":
    main()
