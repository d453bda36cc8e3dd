"""``watchkeeper backtest FILE`` on files as they come: bad rows are told and the rest is scored."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

COUNT = 300
Done = subprocess.CompletedProcess[str]


def command(*arguments: str | Path) -> Done:
    words = [sys.executable, "-m", "api.cli", "backtest", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True)


def rows() -> list[str]:
    at = pd.date_range("2026-01-01", periods=COUNT, freq="min").strftime("%Y-%m-%dT%H:%M:%SZ")
    values = np.round(20.0 + np.random.default_rng(1).standard_normal(COUNT), 3)
    values[250] = 90.0
    return [f"{t},orders,{v}" for t, v in zip(at, values, strict=True)]


def csv(lines: list[str], path: Path) -> Path:
    path.write_text("\n".join(["timestamp,metric,value", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Line 1 is the header, so row i is on line i + 2."""
    lines = rows()
    lines[10] = lines[10].rsplit(",", 1)[0] + ",many"
    lines[20] = lines[20].rsplit(",", 1)[0] + ","
    lines[30] = lines[30].rsplit(",", 1)[0] + ",NaN"
    lines[40] = "yesterday,orders,1.0"
    lines[50] = lines[49]
    lines[60], lines[61] = lines[61], lines[60]
    lines[70] = "timestamp,metric,value"
    return csv(lines, tmp_path_factory.mktemp("files") / "bad.csv")


@pytest.fixture(scope="module")
def done(bad: Path) -> Done:
    return command(bad)


def test_bad_rows_are_told_by_class_and_line(done: Done) -> None:
    assert done.returncode == 0, done.stderr
    told = done.stderr
    for reason, line in (
        ("bad_value", 12),
        ("missing_value", 22),
        ("not_finite", 32),
        ("bad_timestamp", 42),
        ("repeated_header", 72),
    ):
        where = [text for text in told.splitlines() if reason in text]
        assert where, (reason, told)
        assert str(line) in " ".join(where), (reason, told)
        assert "1" in " ".join(where)
    assert "duplicate" in told
    assert "unordered" in told


def test_the_rest_is_scored_in_its_order(done: Done) -> None:
    scored = pd.read_csv(io.StringIO(done.stdout))
    assert list(scored.columns)[:3] == ["timestamp", "metric", "value"]
    assert len(scored) in (COUNT - 5, COUNT - 6)
    assert scored["value"][scored["score"].argmax()] == 90.0
    assert scored[scored["anomaly"].notna()]["value"].tolist() == [90.0]
    out_of_order = pd.to_datetime(scored["timestamp"]).diff().dt.total_seconds().lt(0)
    assert out_of_order.sum() == 1


def test_to_a_file(bad: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    result = command(bad, "--out", out)
    assert result.returncode == 0
    assert result.stdout == ""
    assert pd.read_parquet(out)["anomaly"].notna().sum() == 1


@pytest.mark.parametrize("content", [None, b"", b"\x00\xff\xfe" * 50])
def test_what_cannot_be_read_ends_with_two(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    if content is not None:
        path.write_bytes(content)
    result = command(path)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
