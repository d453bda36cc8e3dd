"""One real server for all real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.serving import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """In a process of its own, ready."""
    folder: Path = tmp_path_factory.mktemp("clients")
    with serving(folder / "data", engine="inline", shards=1) as running:
        yield running
