"""Kernels are compiled before anything here is timed."""

from __future__ import annotations

import pytest

from monitor.settings import Settings
from monitor.warming import warm_up


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    warm_up(Settings(engine="inline"))
