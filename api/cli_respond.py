"""``watchkeeper incident``, ``label`` and ``labels`` of the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.options import URL, Json, Limit, Token, Url, Zone

incident_app = typer.Typer(help="Take an incident, talk about it, arrange it.", no_args_is_help=True)
labels_app = typer.Typer(help="Labels of a running server.")


class SaidName(StrEnum):
    TRUE = "true"
    FALSE_ALARM = "false alarm"
    EXPECTED = "expected"
    NEW_NORMAL = "new normal"
    WRONG_GROUP = "wrong group"
    WRONG_SEVERITY = "wrong severity"


Incident = Annotated[str, typer.Argument(metavar="ID", help="The incident's id.")]
Comment = Annotated[str, typer.Option("--comment", help="What to say with it.")]
Anomalies = Annotated[
    list[str],
    typer.Argument(metavar="ANOMALY…", help="Their ids, as `watchkeeper incidents ID` shows them."),
]


@incident_app.command("ack")
def ack(
    incident: Incident, comment: Comment = "", url: Url = URL, token: Token = "", json: Json = False
) -> None:
    """Take an incident: everybody sees who is on it."""
    _act(url, token, incident, "acknowledge", {"comment": comment}, json)


@incident_app.command("unack")
def unack(incident: Incident, url: Url = URL, token: Token = "", json: Json = False) -> None:
    """Give an incident back, whoever took it."""
    _act(url, token, incident, "unacknowledge", None, json)


@incident_app.command("comment")
def comment(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What to say.")],
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Say something about an incident."""
    _act(url, token, incident, "comment", {"comment": text}, json)


@incident_app.command("merge")
def merge(
    incident: Incident,
    other: Annotated[str, typer.Argument(help="The incident that is one with it.")],
    comment: Comment = "",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Make one of two incidents; the older keeps its name."""
    _act(url, token, incident, "merge", {"other": other, "comment": comment}, json)


@incident_app.command("split")
def split(
    incident: Incident,
    anomalies: Anomalies,
    comment: Comment = "",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Make members an incident of their own; `watchkeeper incidents ID` shows their ids."""
    _act(url, token, incident, "split", {"anomalies": anomalies, "comment": comment}, json)


@incident_app.command("move")
def move(
    incident: Incident,
    anomalies: Anomalies,
    comment: Comment = "",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Make anomalies members of this incident, wherever they were."""
    _act(url, token, incident, "move", {"anomalies": anomalies, "comment": comment}, json)


@incident_app.command("undo")
def undo(
    act: Annotated[str, typer.Argument(metavar="ACT", help="The act's id.")],
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Take back what somebody did to an incident."""
    from api.commands.respond import undo_act

    raise typer.Exit(undo_act(url, token, act, as_json=json))


def _act(url: str, token: str, incident: str, verb: str, body: dict[str, Any] | None, as_json: bool) -> None:
    from api.commands.respond import act

    raise typer.Exit(act(url, token, incident, verb, body, as_json=as_json))


def label(
    said: Annotated[SaidName, typer.Argument(help="What it was.")],
    incident: Annotated[str | None, typer.Option(help="Id of an incident.")] = None,
    anomaly: Annotated[str | None, typer.Option(help="Id of an anomaly.")] = None,
    series: Annotated[str | None, typer.Option(help="Id of a series, with --from and --to.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="A time: RFC 3339, or epoch ms.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="A time, no longer in the span.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would change, and set nothing.")
    ] = False,
    days: Annotated[int | None, typer.Option(help="The last days that a dry run scores; 14.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Show it also where something confirmed would vanish.")
    ] = False,
    tz: Zone = "UTC",
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Say what an incident, an anomaly, or any span of a series was."""
    from api.commands.respond import label

    named = {"incident": incident, "anomaly": anomaly, "series": series, "from": start, "to": end}
    asked = {"label": said.value, "note": note, **named}
    told = label(url, token, asked, tz=tz, as_json=json, dry_run=dry_run, days=days, force=force)
    raise typer.Exit(told)


@labels_app.callback(invoke_without_command=True)
def labels(
    context: typer.Context,
    said: Annotated[SaidName | None, typer.Option("--label", help="Those that say this.")] = None,
    user: Annotated[str | None, typer.Option(help="Those of one user, as user:ann.")] = None,
    series: Annotated[str | None, typer.Option(help="Of one series, by id.")] = None,
    target: Annotated[str | None, typer.Option(help="Of one incident, anomaly or series, by id.")] = None,
    url: Url = URL,
    token: Token = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Labels, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from api.commands.respond import labels

    asked = {"label": said and said.value, "user": user, "series": series, "target": target}
    raise typer.Exit(labels(url, token, limit=limit, as_json=json, **asked))


@labels_app.command("undo")
def labels_undo(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="The label's id.")],
    url: Url = URL,
    token: Token = "",
    json: Json = False,
) -> None:
    """Take a label back."""
    from api.commands.respond import undo_label

    raise typer.Exit(undo_label(url, token, label, as_json=json))
