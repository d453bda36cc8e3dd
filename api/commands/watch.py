"""``watchkeeper incidents --watch``: incidents as they change, in the terminal or as lines through a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from rich.live import Live

from api.client import Client, ServerTrouble
from api.commands.ask import INCIDENT_COLUMNS
from api.tables import cell, err, out, table

LINE = {"start_ms": "start", "change": "what", "state": "state", "priority": "priority", "id": "id"}
AGAIN_MAX_S = 30.0
ROWS = 40

Rows = list[dict[str, Any]]


def watch(
    url: str,
    token: str,
    *,
    as_json: bool,
    tries: int | None = None,
    connect: Callable[[str, str], Client] = Client,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Until Ctrl-C. On a terminal a table of what is open, drawn anew with each change; else a line, or with
    ``as_json`` an object, for each change. A server that goes away is waited for; one that never was there
    is an error. ``tries``: how often to connect, for tests."""
    with connect(url, token) as server:
        wait_s, tried = 1.0, 0
        try:
            while tries is None or tried < tries:
                tried += 1
                try:
                    _follow(server, as_json)
                    wait_s, trouble = 1.0, "the server has ended the stream"
                except ServerTrouble as error:
                    if tried == 1:
                        raise
                    trouble = str(error)
                if tried != tries:
                    err().print(f"{cell('text', trouble)}; again in {wait_s:.0f} s")
                    sleep(wait_s)
                    wait_s = min(2 * wait_s, AGAIN_MAX_S)
        except KeyboardInterrupt:
            pass
    return 0


def _follow(server: Client, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        for told in _changes(server):
            print(msgspec.json.encode(told).decode() if as_json else line(told), flush=True)
        return
    with Live(table(_open(server), INCIDENT_COLUMNS), console=out(), auto_refresh=False) as live:
        live.refresh()
        for _ in _changes(server):
            live.update(table(_open(server), INCIDENT_COLUMNS), refresh=True)


def _changes(server: Client) -> Iterator[dict[str, Any]]:
    return (data for name, data in server.events("/api/v1/events") if name == "incident")


def _open(server: Client) -> Rows:
    return list(server.items("/api/v1/incidents", ROWS, state="open"))


def line(told: dict[str, Any]) -> str:
    """One change in one line; whatever a sender wrote cannot make two of it.

    >>> told = {"start_ms": 1360350000000, "change": "opened", "state": "open", "priority": "P2"}
    >>> line(told | {"title": "m up", "id": "inc-1"})
    '2013-02-08 19:00  opened  open  P2  inc-1  m up'
    """
    keys = [*LINE, "title"]
    plain = {"start_ms": "start_ms"}
    return "  ".join(_text(plain.get(key, "text"), told.get(key)) for key in keys)


def _text(key: str, value: Any) -> str:
    return cell(key, value).replace("\\[", "[")
