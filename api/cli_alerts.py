"""``watchkeeper route`` and ``receiver`` of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.options import URL, Json, Team, Token, Url, Zone

route_app = typer.Typer(help="Which incidents are told of, to whom and when.", no_args_is_help=True)
receiver_app = typer.Typer(help="Where notices go.", no_args_is_help=True)

RouteName = Annotated[str, typer.Argument(metavar="NAME", help="The route's name; default is asked last.")]
ReceiverName = Annotated[str, typer.Argument(metavar="NAME", help="The receiver's name.")]
RouteFile = Annotated[Path | None, typer.Option("--file", help="JSON as the API takes it.")]
Receivers = Annotated[list[str] | None, typer.Option("--receiver", help="Who is told; again for more.")]
Metrics = Annotated[list[str] | None, typer.Option("--metric", help="Name or pattern; again for more.")]
RouteTags = Annotated[list[str] | None, typer.Option("--tag", help="key=value; again for more.")]
PriorityName = Annotated[str | None, typer.Option("--priority", help="P1 to P4, or more urgent.")]
Severity = Annotated[float | None, typer.Option("--severity", min=0, help="At least.")]
HoursText = Annotated[
    list[str] | None, typer.Option("--hours", help='As "mon-fri 08:00-18:00", in --tz; again for more.')
]
DigestName = Annotated[str | None, typer.Option("--digest", help="day or week: all of it together.")]
Position = Annotated[int | None, typer.Option("--position", min=0, help="Routes are asked in this order.")]
Days = Annotated[int, typer.Option("--days", min=1, max=90, help="Over the last days.")]


@route_app.command("list")
def route_list(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Routes in the order in which they are asked."""
    from api.commands.alerts import route_list

    raise typer.Exit(route_list(url, token, as_json=json))


@route_app.command("set")
def route_set(
    name: RouteName,
    receiver: Receivers = None,
    metric: Metrics = None,
    tag: RouteTags = None,
    priority: PriorityName = None,
    severity: Severity = None,
    hours: HoursText = None,
    tz: Zone = "",
    digest: DigestName = None,
    position: Position = None,
    team: Team = None,
    file: RouteFile = None,
    url: Url = URL,
    token: Token = "",
) -> None:
    """Declare a route, in the place of the one of that name."""
    from api.commands.alerts import route_body, route_set

    asked = route_body(
        file,
        receivers=receiver,
        metrics=metric,
        tags=tag,
        priority=priority,
        severity=severity,
        hours=hours,
        timezone=tz,
        digest=digest,
        position=position,
        team=team,
    )
    raise typer.Exit(route_set(url, token, name, asked))


@route_app.command("preview")
def route_preview(
    name: RouteName,
    receiver: Receivers = None,
    metric: Metrics = None,
    tag: RouteTags = None,
    priority: PriorityName = None,
    severity: Severity = None,
    hours: HoursText = None,
    tz: Zone = "",
    digest: DigestName = None,
    position: Position = None,
    team: Team = None,
    file: RouteFile = None,
    days: Days = 7,
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """What the last days would have sent if a route were so; changes nothing."""
    from api.commands.alerts import route_body, route_preview

    asked = route_body(
        file,
        receivers=receiver,
        metrics=metric,
        tags=tag,
        priority=priority,
        severity=severity,
        hours=hours,
        timezone=tz,
        digest=digest,
        position=position,
        team=team,
    )
    raise typer.Exit(route_preview(url, token, name, asked, days=days, as_json=json))


@route_app.command("remove")
def route_remove(name: RouteName, url: Url = URL, token: Token = "") -> None:
    """Take a route back."""
    from api.commands.alerts import remove

    raise typer.Exit(remove(url, token, "routes", name))


@receiver_app.command("list")
def receiver_list(url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Receivers, and since when one takes no notices."""
    from api.commands.alerts import receiver_list

    raise typer.Exit(receiver_list(url, token, as_json=json))


@receiver_app.command("set")
def receiver_set(
    name: ReceiverName,
    kind: Annotated[str, typer.Option("--kind", help="What it is, as log.")],
    setting: Annotated[
        list[str] | None, typer.Option("--setting", help="key=value of its kind; again for more.")
    ] = None,
    fallback: Annotated[str, typer.Option("--fallback", help="Told when this one takes no notices.")] = "",
    team: Team = None,
    url: Url = URL,
    token: Token = "",
) -> None:
    """Declare a receiver. A secret is named, as env:WATCHKEEPER_SECRET_X or file:NAME, never given."""
    from api.commands.alerts import receiver_set

    raise typer.Exit(
        receiver_set(url, token, name, kind=kind, settings=setting or [], fallback=fallback, team=team)
    )


@receiver_app.command("test")
def receiver_test(name: ReceiverName, url: Url = URL, token: Token = "") -> None:
    """Send it something that opens and closes at once; 1 if it was not taken."""
    from api.commands.alerts import receiver_test

    raise typer.Exit(receiver_test(url, token, name))


@receiver_app.command("remove")
def receiver_remove(name: ReceiverName, url: Url = URL, token: Token = "") -> None:
    """Take a receiver back, with all that waits for it."""
    from api.commands.alerts import remove

    raise typer.Exit(remove(url, token, "receivers", name))
