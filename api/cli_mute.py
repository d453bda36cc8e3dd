"""``watchkeeper mute`` and ``calendar`` of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.options import URL, Json, Token, Url, Zone

mute_app = typer.Typer(help="Mutes and maintenance windows of a running server.", no_args_is_help=True)
calendar_app = typer.Typer(
    help="Calendars in whose entries nobody is told of incidents.", no_args_is_help=True
)

Metric = Annotated[str, typer.Option(help="A metric, or a pattern with *.")]
Tag = Annotated[list[str], typer.Option("--tag", help="key=value, with * in the value; again for more.")]
OfTeam = Annotated[str | None, typer.Option("--team", help="Incidents of this team.")]
OfIncident = Annotated[str, typer.Option("--incident", help="This incident only.")]
Force = Annotated[bool, typer.Option("--force", help="Needed to select everything.")]


@mute_app.command("add")
def mute_add(
    reason: Annotated[str, typer.Argument(help="Why.")],
    lasts: Annotated[str, typer.Option("--for", help="How long: 90m, 2h, 1d; 30 days at most.")],
    metric: Metric = "*",
    tag: Tag = [],  # noqa: B006 (typer's own way)
    team: OfTeam = None,
    incident: OfIncident = "",
    start: Annotated[str, typer.Option("--from", help="From when on: RFC 3339, or epoch ms; else now.")] = "",
    weekly: Annotated[str, typer.Option(help="Only in these hours: 'sat,sun 22:30-01:00'.")] = "",
    tell: Annotated[
        bool, typer.Option("--tell", help="Go on telling; with --stop-learning or --no-incidents.")
    ] = False,
    stop_learning: Annotated[bool, typer.Option("--stop-learning", help="Models learn nothing.")] = False,
    no_incidents: Annotated[
        bool, typer.Option("--no-incidents", help="What begins meanwhile is in no incident.")
    ] = False,
    tz: Zone = "UTC",
    force: Force = False,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Tell nobody of incidents whose series are all selected; what still goes on at the end is told then.

    With --stop-learning the models of these series are at the end as they were at the beginning. With
    --no-incidents their anomalies are listed and in no incident; those that still go on at the end begin one
    then."""
    from api.commands.mute import add, selector_from

    selector = selector_from(metric, tag, team, incident)
    kept = {"reason": reason, "lasts": lasts, "start": start, "weekly": weekly, "zone": tz}
    does = {"notices": not tell, "learning": stop_learning, "incidents": no_incidents}
    raise typer.Exit(add(url, token, selector, **kept, does=does, force=force, as_json=json))


@mute_app.command("list")
def mute_list(
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Mutes in force and to come."""
    from api.commands.mute import listed

    raise typer.Exit(listed(url, token, past=past, as_json=json))


@mute_app.command("end")
def mute_end(
    mute_id: Annotated[str, typer.Argument(metavar="ID")], url: Url = URL, token: Token = ""
) -> None:
    """End a mute now."""
    from api.commands.mute import end

    raise typer.Exit(end(url, token, mute_id))


@mute_app.command("preview")
def mute_preview(
    metric: Metric = "*",
    tag: Tag = [],  # noqa: B006
    team: OfTeam = None,
    incident: OfIncident = "",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """What a mute would hit now."""
    from api.commands.mute import preview, selector_from

    raise typer.Exit(preview(url, token, selector_from(metric, tag, team, incident), as_json=json))


@calendar_app.command("add")
def calendar_add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="An iCalendar file.")] = None,
    country: Annotated[str, typer.Option(help="Holidays of this country instead, as DE.")] = "",
    region: Annotated[str, typer.Option(help="And of this part of it, as BY.")] = "",
    metric: Metric = "*",
    tag: Tag = [],  # noqa: B006
    team: OfTeam = None,
    tz: Annotated[str, typer.Option("--tz", help="Time zone of its days; else the server's.")] = "",
    before: Annotated[str, typer.Option(help="Begin so much earlier: 90m, 2h, 1d.")] = "0m",
    after: Annotated[str, typer.Option(help="End so much later.")] = "0m",
    stop_learning: Annotated[
        bool, typer.Option("--stop-learning", help="Models learn nothing in its entries; notices go on.")
    ] = False,
    force: Force = False,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Add a calendar file, or a country's holidays."""
    from api.commands.mute import calendar_add, selector_from

    selector = selector_from(metric, tag, team, "")
    kept = {"country": country, "region": region, "zone": tz, "before": before, "after": after}
    kept["mode"] = "suppress-learning" if stop_learning else "suppress-alert"
    raise typer.Exit(calendar_add(url, token, name, selector, file=file, **kept, force=force, as_json=json))


@calendar_app.command("list")
def calendar_list(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Calendars, with what comes next in each."""
    from api.commands.mute import calendar_list

    raise typer.Exit(calendar_list(url, token, as_json=json))


@calendar_app.command("remove")
def calendar_remove(
    calendar_id: Annotated[str, typer.Argument(metavar="ID")], url: Url = URL, token: Token = ""
) -> None:
    """Remove a calendar."""
    from api.commands.mute import calendar_remove

    raise typer.Exit(calendar_remove(url, token, calendar_id))
