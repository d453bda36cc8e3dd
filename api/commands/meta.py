"""``watchkeeper meta``: how Watchkeeper itself does, freeze and thaw, and the way back."""

from __future__ import annotations

from typing import Any

from api.client import Client
from api.commands.models import lives
from api.commands.times import moment_ms
from api.tables import cell, out, print_json, show

_INCIDENTS = {"id": "id", "headline": "what", "cause": "cause", "hit": "metrics", "start_ms": "since (UTC)"}
_CHANGES = {
    "series": "series",
    "at_ms": "from (UTC)",
    "before": "before",
    "after": "after",
    "changes": "changes",
}
_PATH = "/api/v1/meta"


def told(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        answer = server.get(_PATH)
    if as_json:
        print_json(answer)
        return 0
    console = out()
    console.print(cell("text", answer["frozen"] or "passes may change models"), soft_wrap=True)
    if not answer["enabled"]:
        console.print("own series are switched off: meta.enabled")
    rows = [{**one, **_of(one["incident"])} for one in answer["incidents"]]
    return show(rows, _INCIDENTS, False, "no meta-incident is open")


def freeze(url: str, token: str, reason: str) -> int:
    with Client(url, token) as server:
        answer = server.post(f"{_PATH}/freeze", {"reason": reason})
    out().print(cell("text", answer["frozen"]), soft_wrap=True)
    return 0


def unfreeze(url: str, token: str) -> int:
    with Client(url, token) as server:
        server.post(f"{_PATH}/unfreeze")
    out().print("passes may change models again, each series' with its next one")
    return 0


def rollback(url: str, token: str, since: str, family: str | None, *, dry_run: bool, as_json: bool) -> int:
    wanted = {"since_ms": moment_ms(since, "UTC", "--since"), "family": family, "dry_run": dry_run}
    with Client(url, token) as server:
        items = server.post(f"{_PATH}/rollback", wanted)["items"]
    rows = items if as_json else [{**one, **_lives(one)} for one in items]
    show(rows, _CHANGES, as_json, "no pass has changed a series' models since then")
    if items and not as_json:
        said = "would be given back" if dry_run else "were given back; passes keep them until `meta reopen`"
        out().print(f"the models of {len(items)} series {said}", soft_wrap=True)
    return 0


def reopen(url: str, token: str, since: str, family: str | None) -> int:
    with Client(url, token) as server:
        server.post(f"{_PATH}/reopen", {"since_ms": moment_ms(since, "UTC", "--since"), "family": family})
    out().print("the contests of what was rolled back since then are open again")
    return 0


def _of(incident: dict[str, Any]) -> dict[str, Any]:
    return {"id": incident["id"], "start_ms": incident["start_ms"]}


def _lives(one: dict[str, Any]) -> dict[str, str]:
    return {"before": lives(one["before"]), "after": lives(one["after"])}
