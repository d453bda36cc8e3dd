"""The limits on series: N are taken, one more is refused with its reason, and those known go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.series import Identity
from monitor.engine.base import Accepted
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.intake.limits import Limits
from tests.engine.making import ARRIVAL_MS, START_MS, Kept

LIMITS = Limits(tag_values_max=3, time_zones_max=2)
ZONES = ["Asia/Tokyo", "Europe/Berlin", "America/Lima"]


def samples(names: Sequence[Identity], minute: int = 0) -> SampleBatch:
    prints = np.array([name.fingerprint() for name in names], np.uint64)
    at = np.full(len(names), START_MS + minute * 60_000)
    named = {name.fingerprint(): name.canonical() for name in names}
    return SampleBatch(prints, at, np.ones(len(names)), identities=named)


def send(engine: InlineEngine, names: Sequence[Identity], minute: int = 0) -> Accepted:
    return engine.submit(samples(names, minute), mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS).result(60)


def started(folder: Path, limits: Limits = LIMITS, series: int = 100) -> InlineEngine:
    engine = InlineEngine(1, HostSettings(folder, limits=limits, series_limit=series))
    engine.start(Kept(), {})
    return engine


USERS = [Identity.of("logins", {"user": name}) for name in "abcd"]
PLACES = [Identity.of("sales", {"tz": zone}) for zone in ZONES]


@pytest.mark.parametrize(
    ("names", "most", "reason"),
    [
        (USERS, 3, "tag_values_limit"),
        (PLACES, 2, "time_zone_limit"),
        ([Identity.of(f"m{i}") for i in range(6)], 5, "series_limit"),
    ],
)
def test_one_more_is_refused_and_those_known_go_on(
    tmp_path: Path, names: list[Identity], most: int, reason: str
) -> None:
    engine = started(tmp_path, series=5)
    try:
        assert send(engine, names[:most]) == Accepted(most, {})
        assert send(engine, names, 1) == Accepted(most, {reason: len(names) - most})
        over = names[most:]
        assert send(engine, [*over, *over], 2) == Accepted(0, {reason: 2 * len(over)})
    finally:
        engine.close()


def test_two_reasons_in_one_batch_are_told_apart(tmp_path: Path) -> None:
    engine = started(tmp_path)
    try:
        assert send(engine, [*USERS, *PLACES]) == Accepted(5, {"tag_values_limit": 1, "time_zone_limit": 1})
        (status,) = engine.status()
        assert (status.tag_values, status.time_zones) == (3, 2)
    finally:
        engine.close()


def test_what_was_taken_counts_after_a_restart_and_a_smaller_limit_loses_nothing(tmp_path: Path) -> None:
    engine = started(tmp_path)
    send(engine, [*USERS[:3], *PLACES[:2]])
    engine.close()
    engine = started(tmp_path, Limits(tag_values_max=3, time_zones_max=1))
    try:
        assert send(engine, [*USERS, *PLACES], 1) == Accepted(
            5, {"tag_values_limit": 1, "time_zone_limit": 1}
        )
    finally:
        engine.close()


def test_a_time_zone_that_there_is_not_is_utc_and_takes_no_place(tmp_path: Path) -> None:
    odd = [Identity.of("odd", {"tz": zone}) for zone in ("here", "there", "/etc/passwd")]
    engine = started(tmp_path)
    try:
        assert send(engine, odd) == Accepted(3, {})
        engine.settle(60)
        rules = engine._hosts[0].parts.shard.rules
        assert [rules.zone_of(number) for number in rules.numbers_of("odd")] == ["UTC"]
        assert engine.status()[0].time_zones == 0
    finally:
        engine.close()
