"""What the commands' options are called and what they say."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

URL = "http://127.0.0.1:8321"


class EngineName(StrEnum):
    PROCESSES = "processes"
    INLINE = "inline"


class RoleName(StrEnum):
    VIEWER = "viewer"
    RESPONDER = "responder"
    EDITOR = "editor"
    ADMIN = "admin"


class ModeName(StrEnum):
    LIVE = "live"
    BACKFILL = "backfill"


Config = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on; other than loopback with auth only.")]
Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="Port; a busy one moves to the next.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of log, checkpoints, history, database.")]
Shards = Annotated[int | None, typer.Option(min=1, help="Number of shards.")]
EngineOption = Annotated[EngineName | None, typer.Option("--engine", help="Where shards run.")]
Url = Annotated[str, typer.Option("--url", envvar="WATCHKEEPER_URL", help="A running server.")]
Token = Annotated[str, typer.Option("--token", envvar="WATCHKEEPER_TOKEN", help="Access token.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows.")]
Server = Annotated[
    str, typer.Option("--url", envvar="WATCHKEEPER_URL", help="A running server; else the data folder.")
]
Team = Annotated[str | None, typer.Option("--team", help="Bound to this team.")]
Tags = Annotated[str, typer.Option("--tags", help="Columns that are tags, by commas.")]
Zone = Annotated[str, typer.Option("--tz", help="Time zone of times that name none.")]
