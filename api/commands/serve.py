"""``watchkeeper serve``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from api.tables import err
from monitor import warming
from monitor.settings import Settings, load


def serve(config: Path | None, chosen: Mapping[str, Any]) -> int:
    settings = load(config, **chosen)
    warming.begin(settings)
    say = err()
    from api.server import Server, check_bind, listen, url_of  # after settings: a wrong one is told at once

    check_bind(settings)
    monitor = assemble(settings, say)
    listener = listen(settings, say.print)
    banner(settings, url_of(listener), say)
    Server(monitor).run(sockets=[listener])
    say.print("stopped; everything acknowledged is on disk")
    return 0


def assemble(settings: Settings, say: Console):  # type: ignore[no-untyped-def]
    """The Monitor, with the kernels compiled and that said: the first time takes about a minute."""
    from monitor.assembly import build

    monitor = build(settings)  # before the kernels: a folder that is in use is told at once
    if not say.is_terminal:
        say.print("compiling kernels: about a minute at the first start of a version")
    with say.status("compiling kernels (only at the first start of a version)") as status:
        warming.warm_up(settings, lambda text: status.update(f"compiling kernels: {text}"))
    return monitor


def banner(settings: Settings, url: str, say: Console) -> None:
    where = f"data in {settings.data_dir} · {settings.shards} shards"
    say.print(f"[bold]watchkeeper[/bold] on [bold]{url}[/bold] · {where}")
    if settings.auth == "off":
        say.print("auth = off: loopback only; anybody on this machine may read and write")
