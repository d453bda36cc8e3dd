"""What a source would cost and tell, read from its past; it says nothing of what it cannot know."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from collectors.source_file import parsed
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.settings import Settings
from monitor.source_estimate import estimate
from monitor.sources import polled_of


@pytest.mark.slow
def test_a_file_of_three_days_with_two_faults(tmp_path: Path) -> None:
    minutes = 3 * 1_440
    now_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    values = np.random.default_rng(3).normal(100, 2, minutes)
    values[2_000:2_030] = 10
    values[3_500:3_530] = 400
    rows = [f"{now_ms - (minutes - i) * MINUTE_MS},{value:.3f}" for i, value in enumerate(values.tolist())]
    (tmp_path / "orders.csv").write_text("\n".join(["time,orders", *rows, ""]))
    settings = Settings(engine="inline", shards=1, data_dir=tmp_path / "data")
    text = f'[[files]]\nname = "shop"\npath = "{tmp_path}/orders.csv"\n'
    (one,) = polled_of(parsed(text), settings, keep=False)
    found = estimate(one, settings, 7, now_ms)
    assert (found.series, found.samples) == (1, minutes)
    assert abs(found.days - 3) < 0.01
    assert abs(found.samples_per_day - 1_440) < 5
    assert found.alerts_per_week is not None
    assert 2 * 7 / 3 - 0.1 <= found.alerts_per_week <= 4 * 7 / 3
    assert found.cpu_share is not None
    assert 0 < found.cpu_share < 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("hours", "tells"), [(22, False), (24, True)])
def test_one_day_is_enough_to_tell(tmp_path: Path, hours: int, tells: bool) -> None:
    now_ms = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    rows = [f"{now_ms - i * 10 * MINUTE_MS},{i % 3}" for i in range(hours * 6, 0, -1)]
    (tmp_path / "orders.csv").write_text("\n".join(["time,orders", *rows, ""]))
    settings = Settings(engine="inline", shards=1, data_dir=tmp_path / "data")
    (one,) = polled_of(
        parsed(f'[[files]]\nname = "s"\npath = "{tmp_path}/orders.csv"\n'), settings, keep=False
    )
    assert (estimate(one, settings, 1, now_ms).alerts_per_week is not None) is tells


def test_what_has_no_past(tmp_path: Path) -> None:
    settings = Settings(engine="inline", shards=1, data_dir=tmp_path)
    (one,) = polled_of(parsed('[[host]]\nname = "here"\nevery = "1m"\n'), settings)
    found = estimate(one, settings, 7, DAY_MS)
    assert found.series > 1
    assert found.samples_per_day == found.samples * 1_440
    assert (found.days, found.cpu_share, found.alerts_per_week) == (0, None, None)
