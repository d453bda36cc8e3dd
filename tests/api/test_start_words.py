"""What a start says while its kernels are made ready: of compiling only where there is some."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from api.commands.serve import assemble
from monitor import warming
from monitor.settings import Settings


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (["loading kernels"], 0),
        ([f"{warming.COMPILING}: a", f"{warming.COMPILING}: b", "loading kernels"], 1),
    ],
)
def test_compiling_is_told_where_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[str], told: int
) -> None:
    def warm_up(settings: Settings, progress: Callable[[str], None]) -> None:
        for step in steps:
            progress(step)

    monkeypatch.setattr(warming, "warm_up", warm_up)
    said = StringIO()
    assemble(Settings(engine="inline", data_dir=tmp_path, auth="off"), Console(file=said, width=200)).stop()
    assert said.getvalue().count("compiling kernels") == told
