"""What detection promises, told through the back-test with default settings: samples in, anomalies out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from monitor.backtest import backtest
from monitor.settings import Settings

ZONES = tuple(
    zone
    for row in (
        "America/New_York America/Chicago America/Denver America/Los_Angeles America/Anchorage",
        "America/Halifax America/St_Johns America/Havana America/Santiago America/Asuncion",
        "America/Nuuk America/Miquelon Atlantic/Azores Europe/London Europe/Dublin",
        "Europe/Lisbon Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome",
        "Europe/Warsaw Europe/Athens Europe/Helsinki Europe/Kyiv Asia/Jerusalem",
        "Asia/Beirut Africa/Cairo Australia/Sydney Australia/Lord_Howe Pacific/Auckland",
    )
    for zone in row.split()
)
HOURS_A_DAY, FIVE_MINUTES_A_DAY = 24, 288


def judged(y: NDArray[np.float64], freq: str, start: str = "2026-01-05", zone: str = "UTC") -> pd.DataFrame:
    at = pd.date_range(start, periods=len(y), freq=freq, tz="UTC")
    frame = pd.DataFrame({"timestamp": at, "metric": "m", "value": y})
    return backtest(frame, Settings(default_timezone=zone))


def noise(days: int, a_day: int, seed: int, amplitude: float) -> NDArray[np.float64]:
    t = np.arange(days * a_day)
    rng = np.random.default_rng(seed)
    season: NDArray[np.float64] = amplitude * np.sin(2.0 * np.pi * t / a_day)
    return 100.0 + season + rng.standard_normal(len(t))


@pytest.mark.parametrize("amplitude", [0.0, 8.0])
def test_an_equal_spike_a_day_later_is_told_again(amplitude: float) -> None:
    y = noise(14, FIVE_MINUTES_A_DAY, 1, amplitude)
    first, second = 9 * FIVE_MINUTES_A_DAY + 100, 10 * FIVE_MINUTES_A_DAY + 100
    y[[first, second]] += 12.0
    told = judged(y, "5min")["anomaly"]
    assert pd.notna(told[first])
    assert pd.notna(told[second])
    assert told[first] != told[second]


@pytest.mark.parametrize("amplitude", [0.0, 8.0])
def test_a_failure_of_three_days_is_not_learned_and_its_end_is_none(amplitude: float) -> None:
    y = noise(21, FIVE_MINUTES_A_DAY, 2, amplitude)
    first, end = 12 * FIVE_MINUTES_A_DAY, 15 * FIVE_MINUTES_A_DAY
    y[first:end] -= 20.0
    told = judged(y, "5min")["anomaly"]
    assert told[first:end].notna().all()
    assert told[first:end].nunique() == 1
    assert told[end + 1 :].isna().all()


@pytest.mark.parametrize("zone", ZONES)
def test_clock_changes_are_no_anomalies(zone: str) -> None:
    """A year by the hour holds two changes of those zones that have them; people live by the clock. The noise
    is uniform: it has no extremes of its own."""
    at = pd.date_range("2026-01-05", periods=365 * HOURS_A_DAY, freq="h", tz="UTC")
    hour = at.tz_convert(zone).hour.to_numpy()
    y = 100.0 + 8.0 * np.sin(2.0 * np.pi * hour / 24.0)
    y += np.random.default_rng(len(zone)).uniform(-1.0, 1.0, len(y))
    told = judged(y, "h", zone=zone)
    local = at.tz_convert(zone)
    ahead = (local.tz_localize(None) - at.tz_localize(None)).to_numpy()
    changes = np.flatnonzero(np.diff(ahead))
    for change in changes.tolist():
        assert told["anomaly"][change : change + 3 * HOURS_A_DAY].isna().all()
