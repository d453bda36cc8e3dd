"""What breaks in Watchkeeper is told by its own series within a simulated day: real code, broken on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from learners import select
from learners.season import NONE
from monitor.domain.meta import EVERY_MS
from tests.meta.living import daily, living, named, noise

DAY = 288


def test_a_source_that_loses_three_per_cent_of_its_samples(tmp_path: Path) -> None:
    names = named(100)
    with living(tmp_path, names, lambda step: 10.0 + noise(step, 100)) as system:
        system.live(150)
        assert system.meta_incidents() == []
        assert system.until_frozen(DAY, dropped=3) < DAY
        (found,) = system.monitor.overseeing.incidents()
        assert found.headline.startswith("Source push: samples fell from 100 to 97")
        assert found.cause == ("source", "push")


@pytest.mark.slow
def test_a_season_detector_that_answers_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 60
    with living(tmp_path, named(count), daily(count)) as system:
        system.past(930)
        system.live(155)  # up to the pass at 1088
        assert system.meta_incidents() == []
        whole = select.look_at

        def blind(windows: Sequence[select.Window]) -> list[Any]:
            found = whole(windows)
            return [(what, NONE if i % 5 == 0 else seen) for i, (what, seen) in enumerate(found)]

        monkeypatch.setattr(select, "look_at", blind)
        began_ms = system.now_ms
        assert system.until_frozen(DAY) < DAY
        (found,) = system.monitor.overseeing.incidents()
        print(found.headline)
        assert found.headline.startswith("Season detection: ")
        assert found.cause == ("part", "season detection")
        changed = system.monitor.overseeing.changed_since(began_ms - DAY * EVERY_MS // 12)
        print(len(changed), [c["series"] for c in changed][:3])
