"""Remembered requests equal a dict that is pruned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.errors import CorruptLog
from monitor.intake.dedup import Remembered

KEEP_MS = 100
IDS_MAX = 10


def id_of(number: int) -> bytes:
    return number.to_bytes(16, "big")


class NaiveRemembered:
    def __init__(self) -> None:
        self.held: list[tuple[bytes, int, int]] = []
        self.clock_ms = -(2**63)

    def add(self, request_id: bytes, position: int, arrival_ms: int) -> None:
        self.clock_ms = max(self.clock_ms, arrival_ms)
        while self.held and self.held[0][2] < self.clock_ms - KEEP_MS:
            del self.held[0]
        if request_id:
            others = [one for one in self.held if one[0] != request_id]
            self.held = [*others, (request_id, position, arrival_ms)][-IDS_MAX:]

    def seen(self, request_id: bytes) -> int | None:
        return next((position for held, position, _ in self.held if held == request_id), None)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(-20, 60)), max_size=60), st.integers(0, 60))
def test_equals_a_list_and_survives_a_snapshot(steps: list[tuple[int, int]], snapshot_at: int) -> None:
    remembered = Remembered(keep_ms=KEEP_MS, ids_max=IDS_MAX)
    naive = NaiveRemembered()
    clock_ms = 1_000_000
    for position, (number, step_ms) in enumerate(steps):
        clock_ms += step_ms
        remembered.add(id_of(number), position, clock_ms)
        naive.add(id_of(number), position, clock_ms)
        if position == snapshot_at:
            remembered = Remembered.from_state(remembered.state(), keep_ms=KEEP_MS, ids_max=IDS_MAX)
        assert len(remembered) == len(naive.held)
        for other in range(26):
            assert remembered.seen(id_of(other)) == naive.seen(id_of(other))
    state = remembered.state()
    assert [row.tobytes() for row in state["id"]] == [held for held, _, _ in naive.held]
    assert state["position"].tolist() == [position for _, position, _ in naive.held]
    assert state["clock_ms"][0] == naive.clock_ms


def test_series_forgotten_since_a_request_are_known_as_long_as_the_request_is() -> None:
    remembered = Remembered(keep_ms=KEEP_MS)
    remembered.forget_series(5, 1)  # no request to bring it again
    remembered.add(id_of(1), 2, 0)
    remembered.forget_series(7, 3)
    remembered.add(id_of(2), 4, 50)
    remembered.forget_series(9, 5)
    for _ in range(2):
        assert [remembered.forgotten_since(position).tolist() for position in (2, 4, 5)] == [[7, 9], [9], []]
        remembered = Remembered.from_state(remembered.state(), keep_ms=KEEP_MS)
    remembered.prune(KEEP_MS + 1)
    assert remembered.forgotten_since(0).tolist() == [9]
    remembered.add(id_of(2), 6, KEEP_MS + 1)  # sent again, and taken in
    assert remembered.seen(id_of(2)) == 6
    remembered.prune(2 * KEEP_MS + 2)
    assert (len(remembered), remembered.state()["forgotten"].tolist()) == (0, [])


def test_ids_that_share_a_key_are_told_apart() -> None:
    remembered = Remembered()
    for number in range(2000):
        remembered.add(id_of(number << 64 | number), number, 0)
    assert all(remembered.seen(id_of(number << 64 | number)) == number for number in range(2000))
    assert remembered.seen(id_of(1)) is None
    assert len(remembered) == 2000


def test_an_hour_by_default_to_the_millisecond() -> None:
    remembered = Remembered()
    remembered.add(id_of(1), 7, 0)
    remembered.prune(3_600_000)
    assert remembered.seen(id_of(1)) == 7
    remembered.prune(3_600_001)
    assert remembered.seen(id_of(1)) is None


def test_no_id_is_never_remembered_and_a_wrong_one_is_refused() -> None:
    remembered = Remembered()
    remembered.add(b"", 1, 0)
    assert remembered.seen(b"") is None
    assert len(remembered) == 0
    with pytest.raises(ValueError, match="16 bytes"):
        remembered.add(b"short", 1, 0)
    with pytest.raises(ValueError, match="ids_max"):
        Remembered(ids_max=0)


def test_state_that_does_not_fit_is_refused() -> None:
    remembered = Remembered()
    remembered.add(id_of(1), 1, 0)
    with pytest.raises(CorruptLog):
        Remembered.from_state(remembered.state() | {"position": np.zeros(3, np.int64)})
