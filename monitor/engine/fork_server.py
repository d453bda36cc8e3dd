"""The fork server that shards come from: it loads a shard's code and kernels once, beside the server's own
start, and each shard's process begins as a copy of it. Pages are shared, so a further shard costs little.

Importing this file loads nothing of that.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from typing import Any

_LOADED = "monitor.engine.loaded"


def begin() -> ForkServerContext:
    """Start the fork server, if it does not run yet; it loads while the caller goes on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_LOADED])
    ensure_running()
    return context


def process(target: Callable[..., None], name: str, *arguments: Any) -> ForkServerProcess:
    """A process that is not started yet; it ends with this one."""
    return begin().Process(target=target, args=arguments, name=name, daemon=True)


def shard(pipe: Connection, number: int, settings: Any) -> None:
    """What a shard's process does."""
    from monitor.engine.worker import run

    run(pipe, number, settings)


def kernels_are_compiled() -> bool:
    """Are all kernels of a shard in the cache? Answered by a process that has loaded them, if they are."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    asked = process(_tell, "kernels", theirs)
    asked.start()
    theirs.close()
    with ours:
        found = bool(ours.recv())
    asked.join()
    return found


def compile_models() -> None:
    """Compile what judges a value, decoders, and the learning pass."""
    from collectors.warm import warm_decoders
    from monitor.shard.warm import warm_judges

    warm_decoders()
    warm_judges()


def _tell(pipe: Connection) -> None:
    from monitor.shard.warm import is_compiled

    pipe.send(is_compiled())
    pipe.close()
