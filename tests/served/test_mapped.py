"""Files of rows that wait are looked into without coming to be held in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.served.runs import Runs

ROW = np.dtype([("ts_ms", np.int64), ("more", np.int64, 3)])
ROWS, RUNS = 50_000, 4


def mapped_kib(folder: Path) -> int:
    """Of files of the folder, what this process holds in memory."""
    held, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line[0].isdigit() or line[0] in "abcdef":
            ours = str(folder) in line and line.split()[0].count("-") == 1
        elif ours and line.startswith("Rss:"):
            held += int(line.split()[1])
    return held


def test_pages_are_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.served.runs.ASKED_MOST", 10_000)
    runs, made = Runs(tmp_path, "pending", ROW), np.random.default_rng(1)
    keys = made.permutation(RUNS * ROWS).astype(np.uint64).reshape(RUNS, ROWS)
    for some in keys:
        rows = np.zeros(ROWS, ROW)
        rows["ts_ms"] = some
        runs.add(some, rows)
        runs.seal()
    whole_kib = RUNS * ROWS * (8 + ROW.itemsize) // 1024
    asked = made.choice(keys.reshape(-1), 10_000)
    assert np.sort(runs.find(asked).rows["ts_ms"]).tolist() == np.sort(asked).tolist()
    assert mapped_kib(tmp_path) > whole_kib // 2  # so this sees what is held
    assert len(runs.find(keys[0, :1]).rows) == 1
    assert mapped_kib(tmp_path) < whole_kib // 4
    runs.tidy(lambda rows: rows["ts_ms"] >= 0)
    assert mapped_kib(tmp_path) < whole_kib // 4
    assert runs.find(keys[-1]).rows["ts_ms"].tolist() == keys[-1].tolist()
