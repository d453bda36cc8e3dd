"""Weekends by the minute: a pass sees three days, and looks further back once a week."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drive import Drive
from monitor.domain.durations import MINUTE_MS
from monitor.engine import learner
from monitor.learning.learning import looks_back

DAY = 1440


def _weekend_anomalies(days: int, rows: int) -> int:
    """Anomalies that began on the third weekend or later."""
    t = np.arange(days * DAY)
    hour = t % DAY / DAY
    shape = np.exp(1.2 * np.sin(2.0 * np.pi * (hour - 0.3))) + 0.4 * np.sin(4.0 * np.pi * hour)
    level = np.where(t // DAY % 7 >= 5, 0.45, 1.0)
    noise = np.random.default_rng(3).standard_normal((rows, len(t)))
    values = 100.0 * shape * level + 5.0 * (1.0 + shape) * noise
    drive = Drive(rows, len(t), MINUTE_MS)
    for first in range(0, len(t), DAY):
        drive.send(first, values[:, first : first + DAY])
    return sum(one.onset >= 14 * DAY and one.onset // DAY % 7 >= 5 for one in drive.end().opened)


def test_from_the_third_week_on_weekends_are_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    knowing = _weekend_anomalies(days=28, rows=3)
    monkeypatch.setattr(learner, "looks_back", lambda *_: 0)
    assert knowing <= 1 < 6 <= _weekend_anomalies(days=28, rows=3)


def test_a_series_with_such_a_season_is_looked_at_in_every_pass() -> None:
    week = 7 * DAY
    assert [looks_back(day * DAY, MINUTE_MS, ()) > 0 for day in range(13, 22)] == [
        day in (14, 21) for day in range(13, 22)
    ]
    assert all(looks_back(day * DAY, MINUTE_MS, (week, DAY)) > 0 for day in range(13, 22))
    assert looks_back(15 * DAY, MINUTE_MS, (DAY,)) == 0
    assert looks_back(10**6, 86_400_000, (7,)) == 0
