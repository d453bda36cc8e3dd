"""History equals a plain list, whatever is flushed, merged, deleted, reopened or lost in between."""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.observation import Observations
from monitor.history import history as history_module
from monitor.history import segments
from monitor.history.compact import Policy
from monitor.history.files import OsDisk
from monitor.history.history import History, check_file
from monitor.history.manifest import newest_valid, write_checkpoint
from monitor.history.retention import Retention
from tests.history.streams import ALWAYS, assert_equal, noise, observations

SERIES = 5
Sample = tuple[int, int, float]


def as_observations(samples: list[Sample]) -> Observations:
    return observations([s[0] for s in samples], [s[1] for s in samples], [s[2] for s in samples])


class HistoryMachine(RuleBasedStateMachine):
    """The model is one list of samples, and a copy of it at each checkpoint: after a crash the log
    replays what follows the checkpoint, so the test appends it again."""

    @initialize(tail_rows_max=st.sampled_from([3, 40, 1000]))
    def start(self, tail_rows_max: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="history-"))
        self.tail_rows_max = tail_rows_max
        self.clock = [0] * SERIES
        self.log: list[tuple[str, list[Sample]]] = []
        self.position = 0
        self.open()
        self.checkpoint()

    def open(self) -> None:
        loaded = newest_valid(self.folder)
        self.history = History(
            self.folder,
            listed=loaded.manifest.history if loaded else None,
            keep=loaded.keep if loaded else (),
            tail_rows_max=self.tail_rows_max,
            policy=Policy(fanout=3),
        )
        for record in self.log[loaded.manifest.position if loaded else 0 :]:
            self.apply(record)

    def apply(self, record: tuple[str, list[Sample]]) -> None:
        kind, samples = record
        if kind == "append":
            self.history.append(as_observations(samples))
        elif kind == "revise":
            row, ts_ms, value = zip(*samples, strict=True)
            self.history.append_revision(row, ts_ms, value, math.nan, 7)
        else:
            self.history.delete(np.array([s[0] for s in samples], np.int32))

    def add(self, record: tuple[str, list[Sample]]) -> None:
        self.log.append(record)
        self.apply(record)

    @rule(rows=st.lists(st.tuples(st.integers(0, SERIES - 1), st.integers(1, 3), st.booleans()), max_size=12))
    def append(self, rows: list[tuple[int, int, bool]]) -> None:
        samples = []
        for row, step, missing in rows:
            self.clock[row] += step * MINUTE_MS
            samples.append((row, self.clock[row], math.nan if missing else float(self.clock[row] + row)))
        self.add(("append", samples))

    @rule(row=st.integers(0, SERIES - 1), back=st.integers(0, 9))
    def revise(self, row: int, back: int) -> None:
        self.add(("revise", [(row, self.clock[row] - back * MINUTE_MS, float(len(self.log)))]))

    @rule(rows=st.sets(st.integers(0, SERIES), min_size=1, max_size=2))
    def delete(self, rows: set[int]) -> None:
        self.add(("delete", [(row, 0, 0.0) for row in sorted(rows)]))

    @rule()
    def flush(self) -> None:
        self.history.flush()

    @rule()
    def checkpoint(self) -> None:
        listing = self.history.flush()
        write_checkpoint(self.folder, position=len(self.log), arrays={}, meta={}, history=listing)
        self.history.committed(listing)

    @rule(purge=st.booleans())
    def compact(self, purge: bool) -> None:
        self.history.compact(purge=purge)

    @rule()
    def compact_aged(self) -> None:
        self.history.compact(10**15)

    @rule()
    def crash_and_recover(self) -> None:
        self.history.close()
        self.open()

    def expected(self, kind: str) -> dict[int, list[Sample]]:
        kept: dict[int, list[Sample]] = {row: [] for row in range(SERIES + 1)}
        for what, samples in self.log:
            for sample in samples:
                if what == "delete":
                    kept[sample[0]] = []
                elif what == kind:
                    kept[sample[0]].append(sample)
        return kept

    @invariant()
    def reads_like_a_list(self) -> None:
        kept = self.expected("append")
        for row, samples in kept.items():
            assert_equal(self.history.read(row, *ALWAYS), as_observations(samples))
            low, high = 5 * MINUTE_MS, 20 * MINUTE_MS
            some = [s for s in samples if low <= s[1] < high]
            assert_equal(self.history.read(row, low, high), as_observations(some))
        assert self.history.damage == ()

    @invariant()
    def spans_of_many_like_those_of_one(self) -> None:
        asked = [
            (row, low * MINUTE_MS, high * MINUTE_MS)
            for row in (3, 0, 3, 5)
            for low, high in ((0, 9), (4, 99))
        ]
        for found, span in zip(self.history.spans(asked, ["ts_ms", "value"]), asked, strict=True):
            one = self.history.read(*span)
            assert set(found) == {"ts_ms", "value"}
            np.testing.assert_array_equal(found["ts_ms"], one.ts_ms)
            np.testing.assert_array_equal(found["value"], one.value)

    @invariant()
    def windows_like_a_list(self) -> None:
        kept = self.expected("append")
        rows = [4, 0, 2, 5]
        for count in (1, 4, 1000):
            windows = self.history.window(np.array(rows, np.int32), count)
            assert len(windows) == len(rows)
            for i, row in enumerate(rows):
                last = [s for s in kept[row] if not math.isnan(s[2])][-count:]
                part = slice(int(windows.offsets[i]), int(windows.offsets[i + 1]))
                assert windows.ts_ms[part].tolist() == [s[1] for s in last]
                assert windows.value[part].tolist() == [s[2] for s in last]
                np.testing.assert_array_equal(windows.n[part], as_observations(last).n)

    @invariant()
    def revisions_like_a_list(self) -> None:
        for row, samples in self.expected("revise").items():
            found = self.history.revisions(row, *ALWAYS)
            assert list(zip(found.ts_ms.tolist(), found.value.tolist(), strict=True)) == sorted(
                [(s[1], s[2]) for s in samples], key=lambda s: s[0]
            )

    def teardown(self) -> None:
        if hasattr(self, "history"):
            for entry in self.history.listing().entries:
                assert check_file(self.history.folder, entry, deep=True) == ""
            self.history.close()
            shutil.rmtree(self.folder)


@pytest.fixture(autouse=True, scope="module")
def _small_batches():  # type: ignore[no-untyped-def]
    """Three rows or two series a batch, so that a few samples span many."""
    kept = segments.BATCH_ROWS, segments.BATCH_SERIES
    segments.BATCH_ROWS, segments.BATCH_SERIES = 3, 2
    yield
    segments.BATCH_ROWS, segments.BATCH_SERIES = kept


TestHistoryMachine = HistoryMachine.TestCase
TestHistoryMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def committed(folder: Path, history: History) -> None:
    listing = history.flush()
    write_checkpoint(folder, position=0, arrays={}, meta={}, history=listing)
    history.committed(listing)


def test_a_flushed_segment_that_no_manifest_lists_is_removed_at_opening(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.append(observations([1], [1], [1.0]))
    committed(tmp_path, history)
    history.append(observations([1], [2], [2.0]))
    history.flush()
    (tmp_path / "history" / "observations-000000000009.arrow.tmp").write_bytes(b"half")
    loaded = newest_valid(tmp_path)
    assert loaded is not None
    again = History(tmp_path, listed=loaded.manifest.history, keep=loaded.keep)
    assert again.read(1, *ALWAYS).value.tolist() == [1.0]
    assert [p.name for p in (tmp_path / "history").iterdir()] == ["observations-000000000001.arrow"]


def test_files_of_which_nothing_is_known_are_set_aside_and_their_names_not_used_again(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.append(observations([1], [1], [1.0]))
    history.flush()
    again = History(tmp_path)
    assert len(again.read(1, *ALWAYS)) == 0
    aside = [path.name for path in (tmp_path / "history" / "set-aside").iterdir()]
    assert aside == ["observations-000000000001.arrow"]
    again.append(observations([1], [1], [1.0]))
    assert again.flush().names == {"observations-000000000002.arrow"}


def test_deleted_rows_leave_the_disk_and_their_tombstones_with_them(tmp_path: Path) -> None:
    history = History(tmp_path, policy=Policy(fanout=2))
    for i in range(2):
        history.append(observations([1, 2], [i, i], [1.0, 2.0]))
        committed(tmp_path, history)
    assert history.compact() == 1
    committed(tmp_path, history)
    history.delete(np.array([1, 77], np.int32))
    history.append(observations([1], [9], [9.0]))
    assert len(history.listing().tombstones) == 1
    assert history.read(1, *ALWAYS).value.tolist() == [9.0]
    assert history.compact() == 1
    listing = history.flush()
    assert [entry.rows for entry in listing.entries] == [2, 1]
    assert len(listing.tombstones) == 0
    assert history.read(1, *ALWAYS).value.tolist() == [9.0]
    assert history.compact() == 0


def test_a_deleted_row_among_others_is_removed_from_disk_only_once(tmp_path: Path) -> None:
    history = History(tmp_path, policy=Policy(fanout=2))
    history.append(observations([1, 2, 3], [1, 1, 1], [1.0, 2.0, 3.0]))
    committed(tmp_path, history)
    assert history.compact(10**15) == 1
    committed(tmp_path, history)
    history.delete(np.array([2], np.int32))
    assert history.compact() == 1
    committed(tmp_path, history)
    assert len(history.listing().tombstones) == 0
    assert history.compact() == 0


def test_a_series_deleted_whole_leaves_no_file(tmp_path: Path) -> None:
    history = History(tmp_path, policy=Policy(fanout=2))
    for i in range(2):
        history.append(observations([3], [i], [1.0]))
        committed(tmp_path, history)
    history.delete(np.array([3], np.int32))
    assert history.compact() == 1
    assert history.flush().entries == ()


def test_retention_drops_whole_files_behind_the_horizon_oldest_first(tmp_path: Path) -> None:
    history = History(tmp_path, retention=Retention(days=400), policy=Policy(fanout=100))
    for day in (0, 10, 500):
        history.append(observations([1, 1], [day * DAY_MS, (day + 1) * DAY_MS], [float(day)] * 2))
        committed(tmp_path, history)
    assert len(history.retain(410 * DAY_MS + 1)) == 1
    assert history.read(1, *ALWAYS).value.tolist() == [10, 10, 500, 500]
    # A merge drops the expired rows of a file that reaches over the horizon.
    assert history.compact(10**15) == 1
    assert history.read(1, *ALWAYS).ts_ms.tolist() == [11 * DAY_MS, 500 * DAY_MS, 501 * DAY_MS]


def test_retention_by_size_keeps_the_newest(tmp_path: Path) -> None:
    history = History(tmp_path, retention=Retention(days=None, bytes_max=1), policy=Policy(fanout=100))
    history.append(observations([1], [5], [5.0]))
    assert history.retain(0) == []
    history.flush()
    assert history.retain(0) == []  # not listed by a manifest yet
    committed(tmp_path, history)
    size = history.listing().entries[0].bytes
    history.append(observations([1], [4], [4.0]))
    committed(tmp_path, history)
    history._retention = Retention(days=None, bytes_max=size + 1)
    assert history.retain(0) == ["observations-000000000002.arrow"]
    assert history.read(1, *ALWAYS).value.tolist() == [5.0]


def test_dropped_files_stay_on_disk_while_a_kept_generation_lists_them(tmp_path: Path) -> None:
    history = History(tmp_path, retention=Retention(days=1))
    history.append(observations([1], [1], [1.0]))
    committed(tmp_path, history)
    path = tmp_path / "history" / "observations-000000000001.arrow"
    history.retain(3 * DAY_MS)
    for _ in range(2):
        committed(tmp_path, history)
        assert path.exists()
    committed(tmp_path, history)
    assert not path.exists()


class FullDisk(OsDisk):
    full = True

    def fsync(self, handle):  # type: ignore[no-untyped-def]
        if self.full:
            raise OSError(28, "No space left on device")
        super().fsync(handle)


def test_a_full_disk_never_stops_an_append(tmp_path: Path) -> None:
    disk = FullDisk()
    history = History(tmp_path, tail_rows_max=8, disk=disk)
    for i in range(30):
        history.append(observations([1], [i], [float(i)]))
    assert "No space left" in history.trouble
    assert history.tail_rows == 30
    with pytest.raises(OSError, match="No space left"):
        history.flush()
    assert list((tmp_path / "history").iterdir()) == []
    disk.full = False
    history.append(observations([1], [30], [30.0]))
    assert history.trouble == ""
    assert history.tail_rows == 0
    assert history.read(1, *ALWAYS).value.tolist() == [float(i) for i in range(31)]


@pytest.mark.parametrize("suffix", ["arrow", "parquet"])
def test_damage_costs_the_block_it_is_in_and_is_reported(tmp_path: Path, suffix: str) -> None:
    history = History(tmp_path, policy=Policy(fanout=1000))
    stream = noise(1200, 30)
    history.append(stream)
    committed(tmp_path, history)
    if suffix == "parquet":
        assert history.compact(10**15) == 1
        committed(tmp_path, history)
    history.close()
    (entry,) = history.listing().entries
    path = tmp_path / "history" / entry.name
    whole = path.read_bytes()
    for at in np.random.default_rng(1).integers(8, len(whole), 25).tolist():
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        reader = History(tmp_path, listed=history.listing())
        assert check_file(path.parent, entry, deep=True) == f"{entry.name}: checksum differs"
        for row in range(30):
            found = reader.read(row, *ALWAYS)
            true = stream.take(stream.row == row)
            if not reader.damage:
                assert_equal(found, true)
            assert set(found.value.tolist()) <= set(true.value.tolist())
        windows = reader.window(np.arange(30, dtype=np.int32), 5)
        assert np.isin(windows.value, stream.value).all()
        reader.close()
    path.unlink()
    reader = History(tmp_path, listed=history.listing())
    assert len(reader.read(3, *ALWAYS)) == 0
    assert len(reader.damage) == 1
    assert reader.compact(10**15) == 0


def test_a_damaged_source_is_not_merged_away(tmp_path: Path) -> None:
    history = History(tmp_path, policy=Policy(fanout=2))
    for i in range(4):
        history.append(noise(300, 10, seed=i))
        committed(tmp_path, history)
    history.close()
    path = tmp_path / "history" / "observations-000000000001.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    assert history.compact() == 1
    assert [entry.serial for entry in history.listing().entries] == [1, 3, 4]
    assert path.exists()
    assert path.name in history.damage[0]


def test_more_files_than_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "_OPEN_FILES_MAX", 2)
    history = History(tmp_path)
    for i in range(7):
        history.append(observations([1], [i], [float(i)]))
        history.flush()
    assert history.read(1, *ALWAYS).value.tolist() == [float(i) for i in range(7)]
    assert len(history._readers) == 2


def test_windows_need_distinct_rows(tmp_path: Path) -> None:
    history = History(tmp_path)
    with pytest.raises(ValueError, match="differ"):
        history.window(np.array([1, 1], np.int32), 3)
    assert len(history.window(np.empty(0, np.int32), 3)) == 0
