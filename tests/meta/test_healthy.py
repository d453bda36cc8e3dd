"""A healthy system opens no meta-incident, also while it is young and while what it watches breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.meta.living import living, named, noise

COUNT = 60
DAY = 288


def many_kinds(step: int) -> NDArray[np.float64]:
    """Days, walks of days, levels, counts and steps; in every tenth one a fault on the third day."""
    random = noise(step, COUNT)
    place = np.arange(COUNT)
    day = np.sin(2 * np.pi * (step + 7 * place) / DAY)
    value = 50.0 + random
    value[::5] += 20.0 * day[::5]
    value[1::5] = 100.0 + 10.0 * day[1::5] + 3.0 * random[1::5]
    value[2::5] = np.floor(np.abs(4.0 + 2.0 * random[2::5]))
    value[3::5] = 5.0 + ((step + 37 * place[3::5]) // 500) % 2
    if 2 * DAY + 100 < step < 2 * DAY + 130:
        value[::10] += 40.0
    return value


@pytest.mark.slow
def test_four_days_from_the_first_sample_on(tmp_path: Path) -> None:
    with living(tmp_path, named(COUNT), many_kinds) as system:
        system.live(4 * DAY)
        for one in system.meta_incidents():
            print(one.title)
        assert [one.title for one in system.meta_incidents()] == []
        assert system.monitor.overseeing.freeze.reason == ""
        assert any(not one.of_itself for one in system.monitor.recounting.incidents(limit=1_000).items)
