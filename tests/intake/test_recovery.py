"""Damage of every kind: found, and it costs the records it touches and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.domain.errors import IntakeUnavailable
from monitor.domain.records import Entry, Tick
from monitor.intake.codec import decode
from monitor.intake.log import Log
from monitor.intake.recovery import Report, repair, scan
from monitor.intake.segment import FRAME_BYTES, HEAD_BYTES, Frame, pack_header, walk
from tests.intake.entries import same, samples


def make(folder: Path, count: int = 8, segment_bytes: int = 1 << 20) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    with Log(folder, segment_bytes=segment_bytes) as log:
        for i in range(count):
            entry: Entry = samples(4, seed=i) if i % 4 == 1 else Tick(i)
            entries[log.append(entry).future.result(5)] = entry
    return entries


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.wal"))


def frames(path: Path) -> list[Frame]:
    return [item for item in walk(path.name, path.read_bytes()) if isinstance(item, Frame)]


def held(folder: Path) -> dict[int, Entry]:
    """What an opened log reads; opening must succeed whatever the damage."""
    with Log(folder) as log:
        return {record.position: record.entry for record in log.read()}


def assert_only_lost(found: dict[int, Entry], made: dict[int, Entry], lost: set[int]) -> None:
    assert sorted(found) == [position for position in made if position not in lost]
    assert all(same(found[position], made[position]) for position in found)


def survivors(path: Path, data: bytes) -> dict[int, Entry]:
    return {
        item.position: decode(item.kind, item.payload(data))
        for item in walk(path.name, data)
        if isinstance(item, Frame)
    }


def test_a_sound_log_is_clean(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    report = scan(tmp_path, after=0)
    assert report.clean
    assert not report.torn
    assert (report.records, report.first_position, report.last_position) == (30, 1, 30)
    assert len(report.segments) > 2


def test_an_empty_or_absent_directory_is_an_empty_log(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        report = scan(folder)
        assert report.clean
        assert (report.records, report.last_position) == (0, 0)


def test_every_single_byte_flip_is_found_and_costs_one_record(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    sound = path.read_bytes()
    assert len(sound) < 64 << 10
    spans = {frame.position: range(frame.offset, frame.end) for frame in frames(path)}
    for at in range(len(sound)):
        bad = bytearray(sound)
        bad[at] ^= 1 << (at % 8) if at % 3 else 0xFF
        hit = {position for position, span in spans.items() if at in span}
        damage = [item for item in walk(path.name, bytes(bad)) if not isinstance(item, Frame)]
        assert len(damage) == 1, at
        assert not damage[0].torn, at
        assert damage[0].offset <= at < damage[0].offset + damage[0].length
        if at % 7 == 0:
            assert_only_lost(survivors(path, bytes(bad)), made, hit)


@pytest.mark.parametrize("where", ["head", "first header", "middle payload", "last header", "last payload"])
def test_a_flip_is_reported_by_the_scan_and_the_rest_is_read(tmp_path: Path, where: str) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    all_frames = frames(path)
    first, middle, last = all_frames[0], all_frames[4], all_frames[-1]
    at, lost = {
        "head": (9, set[int]()),
        "first header": (first.offset + 20, {first.position}),
        "middle payload": (middle.offset + FRAME_BYTES, {middle.position}),
        "last header": (last.offset + 1, {last.position}),
        "last payload": (last.end - 1, {last.position}),
    }[where]
    flip(path, at)
    report = scan(tmp_path, after=0)
    assert not report.clean
    assert len(report.damage) == 1
    assert report.damage[0].segment == path.name
    assert_only_lost(held(tmp_path), made, lost)
    if where == "last payload":  # its header still says which position was given out
        assert report.last_position == last.position
    if where.startswith(("first", "middle")):
        assert report.missing == tuple((position, position) for position in lost)


def test_truncation_at_every_offset_keeps_the_whole_records_before_it(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    sound = path.read_bytes()
    ends = [frame.end for frame in frames(path)]
    for size in range(len(sound)):
        data = sound[:size]
        kept = sum(1 for end in ends if end <= size)
        items = list(walk(path.name, data))
        assert sum(1 for item in items if isinstance(item, Frame)) == kept
        rest = [item for item in items if not isinstance(item, Frame)]
        assert all(item.torn for item in rest)
        assert bool(rest) == (size not in (HEAD_BYTES, *ends))
    for size in (0, 5, HEAD_BYTES, ends[2] + 5, ends[3] - 1):
        path.write_bytes(sound[:size])
        for extra in set(files(tmp_path)) - {path}:
            extra.unlink()
        report = scan(tmp_path)
        assert report.clean
        kept = sum(1 for end in ends if end <= size)
        assert report.last_position == kept
        with Log(tmp_path) as log:
            assert log.append(Tick(99)).future.result(5) == kept + 1
        again = held(tmp_path)
        assert again.pop(kept + 1) == Tick(99)
        assert_only_lost(again, made, set(range(kept + 1, 9)))
        assert scan(tmp_path, after=0).clean


def test_a_cut_tail_that_loses_records_before_a_newer_segment_is_damage(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    path = files(tmp_path)[0]
    last = frames(path)[-1]
    path.write_bytes(path.read_bytes()[: last.end - 3])
    report = scan(tmp_path, after=0)
    assert not report.clean
    assert report.missing == ((last.position, last.position),)


@pytest.mark.parametrize("zeros", [1, 9, 40, 200])
def test_a_zeroed_tail_is_found(tmp_path: Path, zeros: int) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    sound = path.read_bytes()
    bad = sound[:-zeros] + b"\0" * zeros
    lost = {f.position for f in frames(path) if bad[f.offset : f.end] != sound[f.offset : f.end]}
    path.write_bytes(bad)
    report = scan(tmp_path)
    assert bool(report.damage or report.torn) == bool(lost)
    assert_only_lost(held(tmp_path), made, lost)


def test_zeros_appended_by_a_power_cut_are_a_torn_tail(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    path.write_bytes(path.read_bytes() + b"\0" * 4096)
    report = scan(tmp_path, after=0)
    assert report.clean
    assert [item.what for item in report.torn] == ["zeros at the end"]
    assert_only_lost(held(tmp_path), made, set())


def test_bytes_cut_out_of_the_middle_cost_two_records_at_most(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    sound = path.read_bytes()
    third, fourth = frames(path)[2:4]
    path.write_bytes(sound[: third.end - 5] + sound[fourth.offset + 7 :])
    assert_only_lost(held(tmp_path), made, {third.position, fourth.position})


def test_a_missing_segment_is_reported(tmp_path: Path) -> None:
    made = make(tmp_path, 30, 2000)
    gone = {frame.position for frame in frames(files(tmp_path)[1])}
    files(tmp_path)[1].unlink()
    report = scan(tmp_path, after=0)
    assert report.missing == ((min(gone), max(gone)),)
    assert_only_lost(held(tmp_path), made, gone)


def test_a_missing_first_segment_is_reported_where_it_is_needed(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    gone = [frame.position for frame in frames(files(tmp_path)[0])]
    files(tmp_path)[0].unlink()
    assert scan(tmp_path).clean
    assert scan(tmp_path, after=max(gone)).clean
    assert scan(tmp_path, after=0).missing == ((1, max(gone)),)


def test_a_missing_newest_segment_shows_by_the_checkpoint(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    files(tmp_path)[-1].unlink()
    report = scan(tmp_path, after=30)
    assert report.last_position == 30
    assert report.missing[-1][1] == 30


def test_a_doubled_segment_is_reported_and_read_once(tmp_path: Path) -> None:
    made = make(tmp_path, 30, 2000)
    source = files(tmp_path)[1]
    doubled = tuple(frame.position for frame in frames(source))
    shutil.copy(source, tmp_path / "00000000000000000777.wal")
    report = scan(tmp_path, after=0)
    assert report.doubled == doubled
    assert not report.missing
    assert_only_lost(held(tmp_path), made, set())


def test_swapped_segments_are_read_by_what_their_heads_say(tmp_path: Path) -> None:
    made = make(tmp_path, 30, 2000)
    left, right = files(tmp_path)[:2]
    spare = tmp_path / "spare"
    left.rename(spare)
    right.rename(left)
    spare.rename(right)
    assert scan(tmp_path, after=0).clean
    found = held(tmp_path)
    assert list(found) == sorted(found)
    assert_only_lost(found, made, set())


def test_a_doubled_record_is_reported_and_read_once(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = files(tmp_path)[0]
    data = path.read_bytes()
    third = frames(path)[2]
    path.write_bytes(data[: third.end] + data[third.offset : third.end] + data[third.end :])
    report = scan(tmp_path, after=0)
    assert report.doubled == (3,)
    assert_only_lost(held(tmp_path), made, set())


def test_bytes_inside_a_payload_do_not_pass_for_a_record(tmp_path: Path) -> None:
    """A sender plants a frame in its data; the record around it is then damaged."""
    forged = pack_header(0, 2, 3, b"") + b""
    with Log(tmp_path) as log:
        log.append(Tick(1)).future.result(5)
        log.append(samples(2, new_series=((0, forged),))).future.result(5)
        log.append(Tick(3)).future.result(5)
    path = files(tmp_path)[0]
    assert forged in path.read_bytes()
    flip(path, frames(path)[1].offset)
    assert held(tmp_path) == {1: Tick(1), 3: Tick(3)}


def test_reading_from_a_position_skips_what_lies_before(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    report = scan(tmp_path, after=20)
    assert report.skipped > 0
    flip(files(tmp_path)[0], 40)
    assert scan(tmp_path, after=20).clean
    assert not scan(tmp_path).clean


def damage_three_ways(folder: Path) -> tuple[dict[int, Entry], set[int]]:
    made = make(folder, 30, 2000)
    first, second, *_, last = files(folder)
    lost = {frames(first)[1].position}
    flip(first, frames(first)[1].offset + 40)
    flip(second, 3)  # its head
    last.write_bytes(last.read_bytes() + b"WKR1 a record that was cut short, with a header long enough")
    return made, lost


def test_repair_moves_the_damage_aside_and_keeps_the_rest(tmp_path: Path) -> None:
    made, lost = damage_three_ways(tmp_path)
    bad = {path.name: path.read_bytes() for path in files(tmp_path)}
    outcome = repair(tmp_path)
    assert len(outcome.before.damage) == 3
    assert not outcome.after.damage
    assert not outcome.after.torn
    assert outcome.after.missing == tuple((position, position) for position in lost)
    assert len(outcome.moved) == 3
    for path in outcome.moved:
        name, offset = path.name.split(".wal.")
        whole = bad[name + ".wal"]
        aside = path.read_bytes()
        assert whole[int(offset) : int(offset) + len(aside)] == aside
    assert_only_lost(held(tmp_path), made, lost)
    assert repair(tmp_path).moved == ()


def test_repair_of_a_sound_log_changes_no_byte(tmp_path: Path) -> None:
    make(tmp_path, 30, 2000)
    before = {path: path.read_bytes() for path in files(tmp_path)}
    outcome = repair(tmp_path)
    assert outcome.moved == ()
    assert outcome.after == outcome.before
    assert {path: path.read_bytes() for path in files(tmp_path)} == before


def test_an_open_log_is_not_repaired(tmp_path: Path) -> None:
    with Log(tmp_path), pytest.raises(IntakeUnavailable):
        repair(tmp_path)


def test_an_interrupted_repair_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, lost = damage_three_ways(tmp_path)
    renames: list[Path] = []
    original = Path.rename

    def rename(self: Path, target: Path) -> Path:
        renames.append(target)
        if len(renames) == 2:
            raise OSError("injected")
        return original(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="injected"):
        repair(tmp_path)
    outcome = repair(tmp_path)
    assert not outcome.after.damage
    assert_only_lost(held(tmp_path), made, lost)


def test_a_report_says_first_and_last(tmp_path: Path) -> None:
    make(tmp_path, 10)
    report: Report = scan(tmp_path)
    assert (report.first_position, report.last_position, report.records) == (1, 10, 10)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(bytes(data))
