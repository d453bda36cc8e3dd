"""The Monitor itself: its life, its merge over shards, and when it says it is not ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.errors import IntakeUnavailable, NotFound
from monitor.domain.series import Identity
from monitor.engine.base import ShardStatus
from monitor.service import State
from monitor.telemetry import Progress
from tests.fakes import FakeEngine, fake_monitor


def test_a_life() -> None:
    monitor, engine, _ = fake_monitor()
    with pytest.raises(IntakeUnavailable, match="new"):
        monitor.reading.series()
    assert monitor.not_ready()
    monitor.start()
    assert (monitor.state, monitor.not_ready()) == (State.RUNNING, "")
    monitor.stop()
    monitor.stop()
    assert (monitor.state, engine.checkpoints, engine.closed) == (State.STOPPED, 1, True)
    with pytest.raises(IntakeUnavailable, match="stopped"):
        monitor.declaring.metric("m", {})


def test_a_recovery_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor, engine, _ = fake_monitor()

    def broken(on_events: Any, since: Mapping[int, int]) -> None:
        raise RuntimeError("disk gone")

    monkeypatch.setattr(engine, "start", broken)
    with pytest.raises(RuntimeError):
        monitor.start()
    assert (monitor.state, monitor.not_ready()) == (State.FAILED, "disk gone")


@given(names=st.sets(st.text("abcdef", min_size=1, max_size=4), max_size=30), limit=st.integers(1, 7))
def test_pages_hold_every_series_once_in_order(names: set[str], limit: int) -> None:
    monitor, engine, _ = fake_monitor()
    engine.shards = 3
    identities = [Identity.of(name) for name in sorted(names)]
    engine.known = {one.fingerprint(): one.canonical() for one in identities}
    monitor.start()
    seen: list[str] = []
    after = ""
    while True:
        page = monitor.reading.series(after=after, limit=limit)
        assert len(page.items) <= limit
        seen += [row["id"] for row in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [f"{one.fingerprint():016x}" for one in sorted(identities, key=str)]
    assert monitor.reading.metric_names() == sorted(names)
    monitor.stop()


def test_counts_are_summed_over_shards() -> None:
    monitor, _, _ = fake_monitor()
    monitor.start()
    assert monitor.reading.tag_counts() == {"origin=JFK": 3}
    monitor.stop()


@pytest.mark.parametrize(
    "series_id", ["", "zz", "0" * 15, "-000000000000001", "0x00000000000001", "+" + "1" * 15]
)
def test_an_id_that_is_none_is_not_found(series_id: str) -> None:
    monitor, _, _ = fake_monitor()
    monitor.start()
    with pytest.raises(NotFound):
        monitor.reading.series_one(series_id)
    monitor.stop()


def test_progress_tells_standing_still_from_being_busy() -> None:
    now = 0.0
    progress = Progress(10.0, clock=lambda: now)

    def look(applied: int, lag: int) -> list[int]:
        engine = FakeEngine(1)
        (status,) = engine.status()
        values = {name: getattr(status, name) for name in ShardStatus.__slots__}
        return progress.stalled([ShardStatus(**values | {"applied": applied, "lag_samples": lag})])

    assert look(1, 5) == []
    now = 9.0
    assert look(1, 5) == []
    now = 11.0
    assert look(1, 5) == [0]
    assert look(2, 5) == []
    now = 100.0
    assert look(2, 0) == []
    assert look(2, 5) == []
    now = 109.0
    assert look(2, 5) == []
