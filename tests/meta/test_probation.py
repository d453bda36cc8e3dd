"""A new champion that is worse than its predecessor is rolled back by the next pass, as a function of the
log."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from learners import select
from learners.choice import Choice
from monitor.domain.meta import SETTLED as SETTLED_OF_FIGURES
from monitor.learning import learning
from monitor.shard.probation import SETTLED
from tests.meta.broken import stuck
from tests.meta.living import Living, living, named, walking

COUNT = 8
PASS, NEXT, LATER = 1_090, 1_378, 1_666
"""Steps after which the series have had their passes at 1,088, 1,376 and 1,664 final buckets."""


def with_a_broken_pass(system: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = select.choose_many

    def broken(windows: Sequence[select.Window]) -> list[Choice]:
        return [stuck(choice) for choice in whole(windows)]

    system.past(PASS - 9)
    with monkeypatch.context() as patch:
        patch.setattr(learning, "choose_many", broken)
        system.past(9)


def journals(system: Living) -> list[list[dict[str, Any]]]:
    listed = system.monitor.reading.series(metric="load", limit=1_000).items
    return [[dict(entry) for entry in system.monitor.reading.journal(one["id"])] for one in listed]


def champions(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["before"]["champion"], entry["after"]["champion"]


def test_settled_is_one_thing() -> None:
    assert SETTLED == SETTLED_OF_FIGURES


def rolled_back(system: Living) -> list[list[dict[str, Any]]]:
    return [one for one in journals(system) if any(entry["cause"] == "rolled back" for entry in one)]


def test_a_broken_champion_is_rolled_back_and_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with living(tmp_path / "one", named(COUNT), walking(COUNT)) as system:
        with_a_broken_pass(system, monkeypatch)
        system.past(NEXT - PASS)
        found = rolled_back(system)
        assert len(found) >= 4
        for entry, switch, *_ in found:
            assert (switch["buckets"], entry["buckets"]) == (1_088, 1_376)
            assert champions(switch) == ("kalman", "ema")
            assert (entry["after"], entry["undoable"]) == (switch["before"], True)
            assert entry["reasons"][0].startswith("anomalies: ")
            assert entry["reasons"][-1] == "the same values would have been news to kalman 0 times"
        assert not any(one["pinned"] for one in system.monitor.reading.series(limit=1_000).items)
        system.past(LATER - NEXT)
        for journal in rolled_back(system):
            later = [one["after"] for one in journal if one["buckets"] > 1_376]
            assert all("ema" not in (one["champion"], one["challenger"]) for one in later)
        digests, told = system.digests(), journals(system)
        shutil.copytree(tmp_path / "one", tmp_path / "log", ignore=shutil.ignore_patterns("journal.sqlite"))
    for name in ("one", "log"):  # from the checkpoint; from the log alone
        with living(tmp_path / name, named(COUNT), walking(COUNT)) as again:
            assert again.digests() == digests
            assert journals(again) == told


@pytest.mark.slow
def test_nothing_is_rolled_back_under_a_freeze(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with living(tmp_path, named(COUNT), walking(COUNT)) as system:
        with_a_broken_pass(system, monkeypatch)
        system.monitor.overseeing.freeze_by("user:ann", "looks at it")
        system.past(NEXT - PASS)
        assert not any(one["cause"] == "rolled back" for journal in journals(system) for one in journal)
        system.monitor.overseeing.unfreeze()
        system.past(LATER - NEXT)
        assert any(one["cause"] == "rolled back" for journal in journals(system) for one in journal)
