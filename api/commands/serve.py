"""``watchkeeper serve``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from api.tables import err
from monitor import warming
from monitor.domain.units import counted
from monitor.settings import Settings, is_loopback, load


def serve(config: Path | None, chosen: Mapping[str, Any]) -> int:
    settings = load(config, **chosen)
    warming.begin(settings)
    say = err()
    from api.access.access import Access
    from api.access.first import make_first_admin
    from api.server import Server, check_bind, listen, url_of  # after settings: a wrong one is told at once

    check_bind(settings)
    monitor = assemble(settings, say)
    access = Access(settings, monitor.accounts)
    first = make_first_admin(access, settings.data_dir)
    listener = listen(settings, say.print)
    banner(settings, url_of(listener), say)
    if first is not None:
        tell_of_first_admin(first, say)
    Server(monitor, access).run(sockets=[listener])
    say.print("stopped; everything acknowledged is on disk")
    return 0


def assemble(settings: Settings, say: Console):  # type: ignore[no-untyped-def]
    """The Monitor, with the kernels loaded; where they have to be compiled first, that is said."""
    from monitor.assembly import build

    monitor = build(settings)  # before the kernels: a folder that is in use is told at once
    told: set[str] = set()
    with say.status("looking for compiled kernels") as status:

        def tell(text: str) -> None:
            status.update(text)
            if warming.COMPILING in text and not say.is_terminal and not told:
                told.add(text)
                say.print(warming.COMPILING)

        warming.warm_up(settings, tell)
    return monitor


def banner(settings: Settings, url: str, say: Console) -> None:
    where = f"data in {settings.data_dir} · {counted(settings.shards, 'shard')}"
    say.print(f"[bold]watchkeeper[/bold] on [bold]{url}[/bold] · {where}")
    if settings.auth == "off":
        say.print("auth = off: loopback only; anybody on this machine may read and write")
    elif not is_loopback(settings.host):
        say.print("no TLS here: put a proxy with TLS in front, and nothing else (docs/access.md)")


def tell_of_first_admin(path: Path, say: Console) -> None:
    """Once, and the secret itself to a person only: what goes elsewhere may be kept."""
    secret = f": {path.read_text().strip()}" if say.is_terminal else ""
    say.print(f"first start: user admin, password in {path}{secret}", markup=False, soft_wrap=True)
    say.print("log in, choose another with watchkeeper user set, and delete the file")
