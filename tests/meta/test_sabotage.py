"""What breaks in Watchkeeper is told by its own series within a simulated day: real code is broken here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners import select
from learners.choice import Choice
from learners.season import NONE
from monitor.domain.meta import EVERY_MS
from monitor.learning import learning
from tests.meta.broken import stuck
from tests.meta.living import START_MS, Living, daily, living, named, noise, walking

DAY = 288
COUNT = 60
PASS = 1_090
"""Steps after which the series have had their pass at 1,088 final buckets."""


def lives(system: Living) -> dict[str, tuple[Any, ...]]:
    """What each series of others lives by."""
    listed = system.monitor.reading.series(metric="load", limit=1_000).items
    return {one["series"]: (one["champion"], one["challenger"], one["seasons_ms"]) for one in listed}


def blinded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The season detector answers "none" for a fifth of what it is asked of."""
    whole = select.look_at

    def blind(windows: Sequence[select.Window]) -> list[Any]:
        found = whole(windows)
        return [(what, NONE if i % 5 == 0 else seen) for i, (what, seen) in enumerate(found)]

    monkeypatch.setattr(select, "look_at", blind)


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes give exponential averages the first place, with rates at which they hardly learn any more."""
    whole = select.choose_many

    def broken(windows: Sequence[select.Window]) -> list[Choice]:
        return [stuck(choice) for choice in whole(windows)]

    monkeypatch.setattr(learning, "choose_many", broken)


def test_a_source_that_loses_three_per_cent_of_its_samples(tmp_path: Path) -> None:
    with living(tmp_path, named(100), lambda step: 10.0 + noise(step, 100)) as system:
        system.live(140)
        assert system.meta_incidents() == []
        assert system.until_frozen(DAY, dropped=3) < DAY
        (found,) = system.monitor.overseeing.incidents()
        assert found.headline.startswith("Source push: samples fell from 100 to 97")
        assert found.cause == ("source", "push")


@pytest.mark.slow
def test_a_season_detector_that_answers_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with living(tmp_path, named(COUNT), daily(COUNT), shards=2) as system:
        system.past(930)
        system.live(155)
        assert system.meta_incidents() == []
        before, began_ms = lives(system), system.now_ms
        blinded(monkeypatch)
        system.until_frozen(DAY)
        (found,) = system.monitor.overseeing.incidents()
        assert found.headline.startswith("Season detection: ")
        assert found.cause == ("part", "season detection")
        assert found.hit >= COUNT // 5
        changed = {one["series"] for one in system.monitor.overseeing.changed_since(began_ms)}
        now = lives(system)
        assert {name for name in before if now[name] != before[name]} <= changed
        system.monitor.overseeing.roll_back(began_ms)
        assert lives(system) == before
        assert system.monitor.overseeing.changed_since(began_ms) == []
        # The next pass, blind as it is, changes nothing: what was rolled back is pinned.
        system.live(PASS + DAY - system.step)
        assert lives(system) == before
        system.monitor.overseeing.reopen(began_ms)
        listed = system.monitor.reading.series(metric="load", limit=1_000).items
        assert not any(one["pinned"] for one in listed)


@pytest.mark.slow
@pytest.mark.parametrize("sabotage", ["season detection", "ema", "decoder"])
def test_rolled_back_is_as_never_taken(
    sabotage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores after a pass with something broken that is rolled back are those of a system that was frozen
    before it."""
    dropped = 2 if sabotage == "decoder" else 0
    value = walking(COUNT) if sabotage == "ema" else daily(COUNT)
    scores = []
    for name in ("frozen", "rolled back"):
        with monkeypatch.context() as patch, living(tmp_path / name, named(COUNT), value) as system:
            system.past(PASS - 20)
            if sabotage == "season detection":
                blinded(patch)
            elif sabotage == "ema":
                slow_down(patch)
            system.past(19, dropped)
            taken = lives(system)
            if name == "frozen":
                system.monitor.overseeing.freeze_by("user:ann", "before the pass")
            system.past(1, dropped)
            if name == "rolled back":
                assert lives(system) != taken
                system.monitor.overseeing.roll_back(START_MS + (PASS - 4) * EVERY_MS)
            assert lives(system) == taken
            system.past(200, dropped)
            scores.append(system.scores(PASS))
            if name == "frozen":
                held = [
                    system.monitor.reading.journal(one["id"])[0]
                    for one in system.monitor.reading.series().items
                ]
                assert sum(one["cause"] == "frozen" for one in held) >= COUNT // 5
    np.testing.assert_array_equal(scores[0], scores[1])


@pytest.mark.slow
def test_a_family_whose_learning_rate_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with living(tmp_path, named(COUNT), walking(COUNT)) as system:
        system.past(930)
        system.live(155)
        assert system.meta_incidents() == []
        before, began_ms = lives(system), system.now_ms
        slow_down(monkeypatch)
        system.until_frozen(DAY)
        (found,) = system.monitor.overseeing.incidents()
        assert found.headline.startswith("Family ema: ")
        assert found.cause == ("family", "ema")
        system.monitor.overseeing.roll_back(began_ms, "ema")
        assert lives(system) == before
