"""Everything compiled or loaded before anybody waits for it. Importing this file loads little."""

from __future__ import annotations

from collections.abc import Callable

from monitor.engine import fork_server
from monitor.settings import Settings

COMPILING = "compiling kernels, about a minute and only at the first start of a version"


def begin(settings: Settings) -> None:
    """Have the shards' code loaded in a process of its own, while this one loads the rest."""
    if settings.engine == "processes":
        fork_server.begin()


def warm_up(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> None:
    """Compile every kernel that this process and its shards need, or load it from the cache; ``progress`` is
    told which of them, in words.

    The first time two processes share the work, since Numba compiles on one core.
    """
    from collectors.warm import warm_decoders
    from monitor.served.error_drift import warm as warm_served

    inline = settings.engine == "inline"
    compiled = _is_compiled() if inline else fork_server.kernels_are_compiled()
    if not compiled:
        helper = fork_server.process(fork_server.compile_models, "compiling")
        helper.start()
        progress(f"{COMPILING}: seasons and loops")
        _compile_loops()
        progress(f"{COMPILING}: models and decoders")
        helper.join()
    progress("loading kernels")
    warm_decoders()
    warm_served()
    if inline or not compiled:  # what no helper came to is compiled here
        _load_shard()


def _is_compiled() -> bool:
    from monitor.shard.warm import is_compiled

    return is_compiled()


def _compile_loops() -> None:
    from monitor.catalogue.kernels import warm_catalogue
    from monitor.history.warm import warm_history
    from monitor.shard.warm import warm_looks, warm_loops

    warm_looks()  # first: the other process comes to need them
    warm_loops()
    warm_history()
    warm_catalogue()


def _load_shard() -> None:
    from monitor.catalogue.kernels import warm_catalogue
    from monitor.history.warm import warm_history
    from monitor.shard.warm import warm_shard

    warm_shard()
    warm_history()
    warm_catalogue()
