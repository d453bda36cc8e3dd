"""Kernels are compiled before anything here is timed."""

from __future__ import annotations

import pytest

from monitor.shard.warm import warm_shard


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    warm_shard()
