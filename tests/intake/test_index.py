"""The index equals a dict, reuses the lowest rows, and its state knows no history."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray

from monitor.domain.errors import CorruptLog
from monitor.domain.series import Identity, fingerprint
from monitor.intake.index import FingerprintTaken, SeriesIndex

# Few low bits, so that probes run into one another.
KEYS = st.integers(1, 40).map(lambda n: (n << 32) | (n % 3)) | st.integers(1, 2**64 - 1)


def name(key: int) -> bytes:
    return b"series %d" % key * (key % 5 + 1)


class NaiveIndex:
    """The slow twin: a dict, a list of names, a heap of free rows."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.free: list[int] = []
        self.high = 0

    def insert(self, key: int) -> int:
        if key not in self.rows:
            row = heapq.heappop(self.free) if self.free else self.high
            self.high = max(self.high, row + 1)
            self.rows[key] = row
        return self.rows[key]

    def remove(self, key: int) -> int:
        row = self.rows.pop(key)
        heapq.heappush(self.free, row)
        return row


class IndexEqualsADict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.index = SeriesIndex()
        self.naive = NaiveIndex()

    @rule(key=KEYS)
    def insert(self, key: int) -> None:
        assert self.index.insert(key, name(key)) == self.naive.insert(key)

    @rule(keys=st.lists(KEYS, max_size=30))
    def insert_many(self, keys: list[int]) -> None:
        rows = [self.index.insert(key, name(key)) for key in keys]
        assert rows == [self.naive.insert(key) for key in keys]

    @precondition(lambda self: self.naive.rows)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.naive.rows)))
        self.index.remove(self.naive.remove(key))

    @rule()
    def restore(self) -> None:
        self.index = SeriesIndex.from_state(self.index.state())

    @invariant()
    def the_same(self) -> None:
        rows = self.naive.rows
        assert len(self.index) == len(rows)
        assert self.index.rows().tolist() == sorted(rows.values())
        keys = [*rows, 2**63 + 12345]
        assert self.index.lookup(np.array(keys, np.uint64)).tolist() == [rows.get(k, -1) for k in keys]
        for key, row in rows.items():
            assert self.index.canonical(row) == name(key)
            assert self.index.fingerprint(row) == key
        assert self.index.height == max(rows.values(), default=-1) + 1


TestIndexEqualsADict = IndexEqualsADict.TestCase
TestIndexEqualsADict.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@settings(deadline=None, max_examples=50)
@given(st.lists(KEYS, unique=True, max_size=20), st.lists(KEYS, unique=True, max_size=20), st.data())
def test_state_depends_only_on_which_series_have_which_row(
    keep: list[int], gone: list[int], data: st.DataObject
) -> None:
    plain = SeriesIndex()
    for row, key in enumerate(keep):
        plain.insert_at(row, key, name(key))
    winding = SeriesIndex()
    others = [key for key in gone if key not in keep]
    for key in others:
        winding.insert(key, name(key))
    for key in others:
        winding.remove(int(winding.lookup(np.array([key], np.uint64))[0]))
    for row, key in data.draw(st.permutations(list(enumerate(keep)))):
        winding.insert_at(row, key, name(key))
    left, right = plain.state(), winding.state()
    assert left.keys() == right.keys()
    for column in left:
        assert left[column].tobytes() == right[column].tobytes()
        assert left[column].dtype == right[column].dtype


def test_a_collision_is_refused_by_name() -> None:
    index = SeriesIndex()
    index.insert(5, b"first")
    with pytest.raises(FingerprintTaken, match="second"):
        index.insert(5, b"second")
    assert len(index) == 1
    assert index.canonical(0) == b"first"


def test_replay_may_repeat_an_assignment_but_not_change_it() -> None:
    index = SeriesIndex()
    index.insert_at(7, 5, b"a")
    index.insert_at(7, 5, b"a")
    for row, key, text in [(7, 6, b"b"), (8, 5, b"a"), (7, 5, b"b"), (-1, 9, b"c")]:
        with pytest.raises(CorruptLog):
            index.insert_at(row, key, text)
    assert index.insert(6, b"b") == 0
    assert index.height == 8


def test_unknown_rows_and_fingerprint_zero_are_errors() -> None:
    index = SeriesIndex()
    for call in (index.canonical, index.remove, index.fingerprint):
        for row in (-1, 0, 10**6):
            with pytest.raises(KeyError):
                call(row)
    with pytest.raises(ValueError, match="not a fingerprint"):
        index.insert(0, b"x")


def test_state_that_does_not_fit_is_refused() -> None:
    index = SeriesIndex()
    for key in (3, 4):
        index.insert(key, name(key))
    wrong: list[tuple[str, NDArray[Any]]] = [
        ("length", np.array([1], np.uint32)),
        ("text", np.zeros(3, np.uint8)),
        ("fingerprint", np.array([3, 3], np.uint64)),
        ("fingerprint", np.array([3, 0], np.uint64)),
    ]
    for column, bad in wrong:
        with pytest.raises(CorruptLog):
            SeriesIndex.from_state(index.state() | {column: bad})


def test_many_series_by_their_real_fingerprints_and_the_bytes_they_take() -> None:
    count = 50_000
    names = [Identity.of("requests", {"host": f"h{i}", "zone": str(i % 7)}).canonical() for i in range(count)]
    keys = np.array([fingerprint(text) for text in names], np.uint64)
    index = SeriesIndex()
    assert [index.insert(int(key), text) for key, text in zip(keys, names, strict=True)] == list(range(count))
    order = np.random.default_rng(1).permutation(count)
    keys.flags.writeable = False
    assert (index.lookup(keys[order]) == order).all()
    assert (index.lookup(keys + np.uint64(1)) == -1).all()
    text = sum(map(len, names))
    state_bytes = 8 * count + 4 * len(index._table)
    assert state_bytes / count <= 8 + 4 / 0.3
    assert index.nbytes < 2 * (text + 12 * count + state_bytes) + 4096


def test_text_of_ended_series_is_given_back() -> None:
    index = SeriesIndex()
    for key in range(1, 20_000):
        index.insert(key, b"x" * 100)
        index.remove(0)
    assert index.nbytes < 10_000
