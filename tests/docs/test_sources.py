"""The example of the page on sources, as it stands there."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.domain.source import DECLARATIONS
from tests.docs.tables import ROOT, section, table

PAGE = ROOT / "docs" / "sources" / "polled.md"


def test_the_example_of_sql(tmp_path: Path) -> None:
    text = section(PAGE, "## SQL")
    toml, shell = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("toml", "sh"))
    assert toml is not None
    assert shell is not None
    (tmp_path / "watchkeeper-data").mkdir()
    (tmp_path / "watchkeeper-data" / "sources.toml").write_text(toml[1])
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (at TEXT, country TEXT, amount REAL, refunded INTEGER)")
        at = datetime.now(UTC) - timedelta(minutes=10)
        shop.execute("INSERT INTO orders VALUES (?, 'NL', 12.5, 1)", (at.strftime("%Y-%m-%d %H:%M:%S"),))
    shop.close()
    script = shell[1].replace("/tmp/shop.db", f"{tmp_path}/shop.db")
    script = script.replace("watchkeeper ", f"{sys.executable} -m api.cli ")
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert "shop: 4 samples, 0 refused" in done.stdout
    for name in ("shop.orders", "shop.revenue", "shop.basket", "shop.refund_share"):
        assert f"{name}{{country=NL}}" in done.stdout


def test_its_own_series_are_told() -> None:
    rows = table(section(PAGE, "## When a source fails"))
    assert {row[0].strip("`") for row in rows} == set(DECLARATIONS)
