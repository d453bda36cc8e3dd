"""The log: order, group commit, rotation, reading back, dropping, and its behaviour on bad disks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.errors import BadRequest, IntakeUnavailable, Overloaded
from monitor.domain.records import Control, Entry, Kind, Record, Tick
from monitor.intake.disk import RealFs
from monitor.intake.log import Log
from monitor.intake.recovery import scan
from tests.intake.disks import FailingFs, LosingFs
from tests.intake.entries import any_entries, same, samples


def positions(log: Log, start: int = 1) -> list[int]:
    return [record.position for record in log.read(start)]


@settings(max_examples=25, deadline=None)
@given(st.lists(any_entries, max_size=8))
def test_what_is_appended_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    with Log(folder) as log:
        tickets = [log.append(entry) for entry in entries]
        assert [ticket.future.result(5) for ticket in tickets] == list(range(1, len(entries) + 1))
        live = list(log.read())
    with Log(folder, after=0) as log:
        assert log.report.clean
        again = list(log.read())
    for records in (live, again):
        assert [record.position for record in records] == list(range(1, len(entries) + 1))
        assert all(same(record.entry, entry) for record, entry in zip(records, entries, strict=True))


def test_live_and_replay_see_the_same_plain_values(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Log(tmp_path, on_durable=seen.extend) as log:
        log.append(Control(Kind.METRIC, {"kinds": ("a", "b")})).future.result(5)
        assert seen[0].entry == next(log.read()).entry == Control(Kind.METRIC, {"kinds": ["a", "b"]})


def test_a_record_is_handed_on_and_acknowledged_only_after_its_sync(tmp_path: Path) -> None:
    release = threading.Event()
    syncing = threading.Event()

    class Slow(RealFs):
        def sync(self, fd: int) -> None:
            syncing.set()
            assert release.wait(5)
            super().sync(fd)

    seen: list[int] = []
    with Log(tmp_path, fs=Slow(), on_durable=lambda records: seen.extend(r.position for r in records)) as log:
        ticket = log.append(Tick(1))
        assert syncing.wait(5)
        assert not ticket.future.done()
        assert seen == []
        assert list(log.read()) == []
        release.set()
        assert ticket.future.result(5) == 1
    assert seen == [1]


def test_those_who_wait_share_one_sync(tmp_path: Path) -> None:
    fs = FailingFs()
    gate = threading.Event()
    original = fs.sync
    fs.sync = lambda fd: (gate.wait(5), original(fd))[1]  # type: ignore[method-assign]
    with Log(tmp_path, fs=fs) as log:
        futures = [log.append(Tick(i)).future for i in range(300)]
        gate.set()
        assert [future.result(5) for future in futures] == list(range(1, 301))
    assert fs.counts["sync"] <= 4


def test_futures_and_records_come_in_order_from_many_threads(tmp_path: Path) -> None:
    done: list[int] = []
    handed: list[int] = []

    def add_done(future: Future[int]) -> None:
        done.append(future.result())

    def take(records: Sequence[Record]) -> None:
        handed.extend(record.position for record in records)

    with Log(tmp_path, segment_bytes=2000, on_durable=take) as log:

        def work() -> None:
            for i in range(50):
                log.append(Tick(i)).future.add_done_callback(add_done)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == handed == list(range(1, 201))


def test_segments_are_bounded_and_old_ones_dropped(tmp_path: Path) -> None:
    with Log(tmp_path, segment_bytes=500) as log:
        for i in range(60):
            log.append(Tick(i)).future.result(5)
        files = sorted(tmp_path.glob("*.wal"))
        assert len(files) > 3
        assert files[0].name == "00000000000000000001.wal"
        assert max(file.stat().st_size for file in files) <= 500
        assert log.size_bytes == sum(file.stat().st_size for file in files)
        assert log.drop_before(1) == 0
        dropped = log.drop_before(30)
        assert dropped > 0
        assert log.first_position <= 30
        assert positions(log, 30) == list(range(30, 61))
        log.drop_before(10**9)
        assert len(list(tmp_path.glob("*.wal"))) == 1
        assert log.last_position == 60
    with Log(tmp_path, after=60) as log:
        assert log.report.clean
        assert log.append(Tick(0)).future.result(5) == 61


def test_reopening_goes_on_behind_the_last_record(tmp_path: Path) -> None:
    for start in range(5):
        with Log(tmp_path, after=0) as log:
            assert log.report.clean
            assert log.last_position == start
            assert log.append(Tick(start)).future.result(5) == start + 1
    assert scan(tmp_path).records == 5


def test_positions_of_a_checkpoint_are_never_given_again(tmp_path: Path) -> None:
    with Log(tmp_path, after=1000) as log:
        assert log.append(Tick(0)).future.result(5) == 1001
    with Log(tmp_path, after=2000) as log:
        assert log.report.missing == ((1002, 2000),)
        assert log.append(Tick(0)).future.result(5) == 2001


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Log(tmp_path), pytest.raises(IntakeUnavailable, match="in use"):
        Log(tmp_path)
    Log(tmp_path).close()


def overload(log: Log) -> Overloaded | None:
    try:
        log.append(samples(20))
    except Overloaded as refusal:
        return refusal
    return None


def test_a_full_queue_and_a_closed_log_refuse(tmp_path: Path) -> None:
    gate = threading.Event()

    class Slow(RealFs):
        def sync(self, fd: int) -> None:
            gate.wait(5)
            super().sync(fd)

    with Log(tmp_path, fs=Slow(), queue_bytes=2000) as log:
        refused = [refusal for refusal in (overload(log) for _ in range(20)) if refusal]
        assert refused
        assert all(refusal.retry and refusal.retry_after_s >= 1 for refusal in refused)
        gate.set()
    with pytest.raises(IntakeUnavailable):
        log.append(Tick(0))
    log.close()


def test_a_bad_body_takes_no_position(tmp_path: Path) -> None:
    with Log(tmp_path) as log:
        with pytest.raises(BadRequest):
            log.append(Control(Kind.LABEL, {"x": object()}))
        assert log.append(Tick(0)).future.result(5) == 1


@pytest.mark.filterwarnings("ignore")
def test_a_failing_receiver_stops_the_log_but_not_its_promise(tmp_path: Path) -> None:
    def fail(records: Sequence[Record]) -> None:
        raise RuntimeError("no")

    with Log(tmp_path, on_durable=fail) as log:
        assert log.append(Tick(0)).future.result(5) == 1
        deadline = time.monotonic() + 5
        while not log.failed and time.monotonic() < deadline:
            time.sleep(0.001)
        assert log.failed
        log.prove()
        with pytest.raises(IntakeUnavailable, match="receiver"):
            log.append(Tick(1)).future.result(5)
    assert scan(tmp_path).records == 1


FAULTS = [("write", False), ("write", True), ("sync", False), ("sync_directory", False), ("create", False)]


@pytest.mark.parametrize(("method", "short"), FAULTS)
@pytest.mark.parametrize("power_cut", [False, True])
def test_a_disk_that_fails_at_the_kth_call(tmp_path: Path, method: str, short: bool, power_cut: bool) -> None:
    for k in range(1, 21):
        folder = tmp_path / str(k)
        fs = LosingFs(method, [k], short=short)
        acked: dict[int, int] = {}
        handed: dict[int, int] = {}
        refused = 0

        def take(records: Sequence[Record], into: dict[int, int] = handed) -> None:
            for record in records:
                assert isinstance(record.entry, Tick)
                into[record.position] = record.entry.ts_ms

        with Log(folder, fs=fs, segment_bytes=250, on_durable=take) as log:
            for i in range(24):
                failing = fs.counts.get(method, 0)
                try:
                    position = log.append(Tick(i)).future.result(5)
                except IntakeUnavailable:
                    refused += 1
                    assert log.failed
                    assert failing < k <= fs.counts[method]
                else:
                    assert position not in acked
                    assert not log.failed
                    acked[position] = i
            read = {r.position: r.entry.ts_ms for r in log.read() if isinstance(r.entry, Tick)}
        assert refused <= 1
        assert len(acked) == 24 - refused
        assert acked == handed == read
        if power_cut:
            fs.cut_power(folder)
        with Log(folder, after=0) as log:
            assert log.report.clean, log.report
            again = {r.position: r.entry.ts_ms for r in log.read() if isinstance(r.entry, Tick)}
        assert again == acked


def test_a_disk_that_stays_bad_acknowledges_nothing_until_it_is_well(tmp_path: Path) -> None:
    fs = FailingFs("sync", range(3, 40))
    with Log(tmp_path, fs=fs) as log:
        assert log.append(Tick(0)).future.result(5) == 1
        for i in range(5):
            with pytest.raises(IntakeUnavailable):
                log.append(Tick(i)).future.result(5)
        assert log.failed
        assert log.failure is not None
        fs.at = frozenset()
        log.prove()
        deadline = time.monotonic() + 5
        while log.failed and time.monotonic() < deadline:
            time.sleep(0.001)
        assert not log.failed
        assert log.append(Tick(9)).future.result(5) == 2
    assert [r.entry.ts_ms for r in Log(tmp_path).read() if isinstance(r.entry, Tick)] == [0, 9]


def test_everything_queued_behind_a_failure_is_refused(tmp_path: Path) -> None:
    gate = threading.Event()

    class Stuck(FailingFs):
        def sync(self, fd: int) -> None:
            if self.counts.get("sync", 0) >= 1:
                gate.wait(5)
            super().sync(fd)

    with Log(tmp_path, fs=Stuck("sync", [2])) as log:
        futures = [log.append(Tick(i)).future for i in range(50)]
        gate.set()
        for future in futures:
            with pytest.raises(IntakeUnavailable):
                future.result(5)
        assert log.append(Tick(99)).future.result(5) == 1
        assert [r.entry for r in log.read()] == [Tick(99)]


def test_a_record_never_acknowledged_is_superseded_by_the_one_in_its_place(tmp_path: Path) -> None:
    """The sync fails after the bytes of positions 2 and 3 are whole in the first segment."""
    fs = FailingFs("sync", [3, 5])
    with Log(tmp_path, fs=fs) as log:
        log.append(Tick(10)).future.result(5)
        for lost in (20, 21):
            with pytest.raises(IntakeUnavailable):
                log.append(Tick(lost)).future.result(5)
        assert log.append(Tick(30)).future.result(5) == 2
        assert log.append(Tick(40)).future.result(5) == 3
    report = scan(tmp_path, after=0)
    assert report.clean
    assert report.superseded == 2
    names = [file.path.name for file in report.segments]
    assert names[0] == "00000000000000000001.wal"
    assert names[1] == "00000000000000000002.wal"
    assert names[2].startswith("00000000000000000002-")
    with Log(tmp_path, after=0) as log:
        assert [r.entry for r in log.read()] == [Tick(10), Tick(30), Tick(40)]
