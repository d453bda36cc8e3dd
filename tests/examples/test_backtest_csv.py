"""examples/backtest_csv.py finds what was planted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from examples import backtest_csv


def test_it_finds_every_fault_and_little_else(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    backtest_csv.write(path)
    again = tmp_path / "again.csv"
    backtest_csv.write(again)
    assert path.read_bytes() == again.read_bytes()
    scored = backtest_csv.score(path)
    assert len(scored) == backtest_csv.SAMPLES
    table = backtest_csv.anomalies(scored)
    for fault in backtest_csv.FAULTS:
        assert table["fault"].str.contains(fault.name).any(), table
    assert (table["fault"] == "none").sum() <= 2, table
    drop = table[table["fault"] == "drop"]
    assert "level shift" in set(drop["kind"]), table
    # The band is about the expectation, and most ordinary samples lie in it.
    settled = scored.iloc[backtest_csv.DAY * 7 : backtest_csv.DAY * 9]
    assert (settled["lower"] < settled["expected"]).all()
    inside = settled["value"].between(settled["lower"], settled["upper"])
    assert inside.mean() > 0.98
    assert pd.api.types.is_integer_dtype(scored["anomaly"])
