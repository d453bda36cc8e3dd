"""The page of the quality benchmarks, and the public streams that may not be there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from benchmarks import quality, real
from benchmarks.detectors import SYSTEM
from benchmarks.figure import Figure, figure_of
from benchmarks.measures import Tally
from benchmarks.null_run import Counts
from benchmarks.quality_page import write


def test_the_page_tells_every_class_and_its_plots_are_drawings(tmp_path: Path) -> None:
    seen, missed = Tally(spans=3, met=3, delays=[0, 0, 2]), Tally(spans=3, met=1, delays=[4], weeks=1.0)
    cells = [
        quality.Cell(SYSTEM, "gaussian", "spike", seen, Tally(spans=1, met=1)),
        quality.Cell(SYSTEM, "step", "spike", missed, Tally(spans=1)),
        quality.Cell("random", "step", "spike", missed, Tally(spans=1)),
    ]
    null = {"gaussian": Counts(series=10, anomalies=5, rule=300), "step": Counts(series=10)}
    faulty = {"gaussian": Counts(planted=Counter(spike=4), found=Counter(spike=3))}
    held_back = [Figure("files found", 0, "of 3"), Figure("streams, peer: event F1", 0.25, "")]
    absent = [Figure("files found", 0, "of 3", note="none is there")]
    write(tmp_path, cells, null, faulty, 1.0, absent, held_back)
    page = (tmp_path / "quality.md").read_text()
    assert "| gaussian | 0.5 | 0 | 30 | 0.0% |" in page
    assert "| gaussian | 0.5 | 0 | 30 | 0.0% | 3 of 4 |" in page
    assert "| streams, peer |  | 0.25 |" in page
    assert "| step | spike | 1 of 3 | 0 of 1 |" in page
    assert "none is there" in page
    for name in ("recall.svg", "false_alarms.svg"):
        text = "".join(ElementTree.parse(tmp_path / name).getroot().itertext())
        assert "gaussian" in text
        assert "step" in text


def test_absent_streams_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_DATA", str(tmp_path))
    figures = real.run(toy=True)
    assert figure_of(figures, "files found").value == 0
    assert "WATCHKEEPER_DATA" in figures[0].note


def test_each_half_is_read_alone_and_on_its_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps stay gaps, doubles count once, and no metric is in both halves."""
    rng = np.random.default_rng(4)
    parts = []
    for metric in ("a", "b", "c", "d"):
        times = pd.date_range("2026-01-01", periods=3_000, freq="min", tz="UTC")
        part = pd.DataFrame({"timestamp": times, "metric": metric, "value": rng.standard_normal(3_000)})
        part["label"], part["scored"] = 0, np.arange(3_000) >= 600
        part.loc[2_000:2_009, ["value", "label"]] = [80.0, 1]
        parts.append(pd.concat([part.drop(range(100, 140)), part.iloc[[5]]]))
    pd.concat(parts).to_parquet(tmp_path / "nab_part.parquet")
    monkeypatch.setenv("WATCHKEEPER_DATA", str(tmp_path))
    ours, theirs = real.labelled("nab_part", False), real.labelled("nab_part", True)
    assert sorted(one.metric for one in ours + theirs) == ["a", "b", "c", "d"]
    assert all(not real.is_held_back(one.metric) for one in ours)
    for one in ours + theirs:
        assert len(one.series.value) == 3_000
        assert np.isnan(one.series.value[100:140]).all()
        assert int(one.label.sum()) == 10
        assert one.series.warm == 1_000
    figures = real.run(toy=True)
    assert figure_of(figures, f"nab_part, {SYSTEM}: recall").value == 100.0
