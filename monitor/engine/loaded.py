"""Imported by the fork server alone (`monitor.engine.fork_server`): what a shard's process begins with."""

from __future__ import annotations

import signal

import monitor.engine.worker  # noqa: F401
from monitor.catalogue.kernels import warm_catalogue
from monitor.history.warm import warm_history
from monitor.shard.warm import is_compiled, warm_shard

signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends with the server, which closes its shards first
if is_compiled():
    warm_shard()
    warm_history()
    warm_catalogue()
