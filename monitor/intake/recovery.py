"""What a log directory holds: every undamaged record, and a report of the rest.

A start is never refused because of damage: it is reported, costs the records it touches, and the log
goes on behind it. `repair` moves damaged bytes aside so that later reports are short.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.intake.disk import DirectoryLock, Fs, RealFs
from monitor.intake.segment import (
    HEAD_BYTES,
    Damage,
    Frame,
    Head,
    head_of,
    is_segment,
    pack_head,
    parse_head,
    walk,
)

DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One file of the log. The log reads its records from ``first`` up to (not with) ``bound``, where
    the next segment begins; None for the newest."""

    path: Path
    head: Head
    bytes: int
    bound: int | None = None

    @property
    def first(self) -> int:
        return self.head.first

    @property
    def order(self) -> tuple[int, int, str]:
        return (self.head.first, self.head.epoch, self.path.name)


@dataclass(frozen=True, slots=True)
class Report:
    """What `scan` found. Position ranges are inclusive pairs.

    ``first_position`` is the first that the oldest segment could hold, ``last_position`` the highest
    known to have been given out; a new record gets the one after it. ``damage`` cost records unless
    they were superseded; ``torn`` is the normal end of a segment after a crash or disk failure.
    ``missing`` positions lie inside the log and are not in it, ``doubled`` are in it more than once
    (one is used). ``superseded`` counts records that were never acknowledged and whose position was
    given out again (see `segment`). ``skipped`` segments lie before ``after`` and were not read.
    """

    segments: tuple[SegmentFile, ...]
    records: int
    first_position: int
    last_position: int
    damage: tuple[Damage, ...] = ()
    torn: tuple[Damage, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    doubled: tuple[int, ...] = ()
    superseded: int = 0
    skipped: int = 0

    @property
    def clean(self) -> bool:
        """Nothing is lost or doubtful. A torn end does not count."""
        return not (self.damage or self.missing or self.doubled)


@dataclass(frozen=True, slots=True)
class Repair:
    """The report before and after, and the files that damaged bytes were moved into."""

    before: Report
    after: Report
    moved: tuple[Path, ...]


@dataclass(slots=True)
class _Tally:
    expected: int
    records: int = 0
    superseded: int = 0
    damage: list[Damage] = field(default_factory=list)
    torn: list[Damage] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)

    def reach(self, position: int) -> None:
        """The next position that could be there is ``position``; those passed over are missing."""
        if position > self.expected:
            self.missing.append((self.expected, position - 1))
        self.expected = max(self.expected, position)


def segments_of(directory: Path, fs: Fs | None = None) -> list[SegmentFile]:
    """The segments of a log in order of (first, epoch), by what their heads say, not their names.
    Reads each file whole only where its head is damaged."""
    disk = fs or RealFs()
    files = [_segment_file(path, disk) for path in sorted(directory.iterdir()) if is_segment(path)]
    files.sort(key=lambda file: file.order)
    bounds = [*(file.first for file in files[1:]), None][: len(files)]
    return [
        SegmentFile(file.path, file.head, file.bytes, bound)
        for file, bound in zip(files, bounds, strict=True)
    ]


def scan(directory: str | Path, *, after: int | None = None, fs: Fs | None = None) -> Report:
    """Read every segment that may hold positions behind ``after`` and report.

    ``after`` is the position that the newest checkpoint covers, 0 if there is none: all behind it must
    be there, and positions up to it count as given out even if the log has lost them. None: the whole
    log, whatever position it begins at. Decodes no payload. Memory: one segment at a time. Cost:
    reading the bytes and one CRC pass. Raises OSError only if the directory or a whole file cannot be
    opened.
    """
    disk = fs or RealFs()
    files = segments_of(Path(directory), disk) if Path(directory).is_dir() else []
    begin = (files[0].first if files else 1) if after is None else after + 1
    skipped = sum(1 for file in files if file.bound is not None and file.bound <= begin)
    read = files[skipped:]
    tally = _Tally(expected=min(begin, read[0].first) if read else begin)
    for index, file in enumerate(read):
        copied = index + 1 < len(read) and read[index + 1].head == file.head
        _tally_segment(file, disk.read(file.path), tally, copied)
    tally.reach(begin)
    return Report(
        segments=tuple(files),
        records=tally.records,
        first_position=files[0].first if files else begin,
        last_position=tally.expected - 1,
        damage=tuple(tally.damage),
        torn=tuple(tally.torn),
        missing=tuple(tally.missing),
        doubled=tuple(tally.doubled),
        superseded=tally.superseded,
        skipped=skipped,
    )


def records_of(file: SegmentFile, data: bytes, limit: int | None = None) -> Iterator[Frame]:
    """The whole records of a segment that count, by position, each once; up to (not with) ``limit``."""
    bounds = [bound for bound in (file.bound, limit) if bound is not None]
    stop = min(bounds) if bounds else None
    frames = [item for item in walk(file.path.name, data) if isinstance(item, Frame)]
    last = file.first - 1
    for frame in sorted(frames, key=lambda frame: (frame.position, frame.offset)):
        if frame.position > last and (stop is None or frame.position < stop):
            last = frame.position
            yield frame


def repair(directory: str | Path) -> Repair:
    """Move damaged, torn and doubled bytes into ``damaged/`` and rewrite their segments without them.

    Each moved range is on the disk before its segment is rewritten, and a segment is replaced in one
    step (temporary file, fsync, rename, fsync of the directory), so a crash at any moment loses
    nothing. Raises IntakeUnavailable while a process has the log open.
    """
    root = Path(directory)
    moved: list[Path] = []
    with DirectoryLock(root):
        before = scan(root)
        for file in before.segments:
            moved.extend(_repair_segment(root, file))
        return Repair(before, scan(root), tuple(moved))


def _segment_file(path: Path, fs: Fs) -> SegmentFile:
    try:
        with path.open("rb") as stream:
            head = parse_head(stream.read(HEAD_BYTES))
    except OSError:
        head = None
    return SegmentFile(path, head or head_of(path, fs.read(path)), path.stat().st_size)


def _tally_segment(file: SegmentFile, data: bytes, tally: _Tally, copied: bool) -> None:
    tally.reach(file.first)
    position = 0
    all_positions: list[int] = []
    for item in walk(file.path.name, data):
        if isinstance(item, Frame):
            all_positions.append(item.position)
        else:
            (tally.torn if item.torn else tally.damage).append(item)
            position = max(position, item.position)
    kept = {frame.position for frame in records_of(file, data)}
    for at in sorted(kept):
        tally.reach(at)
        tally.expected = at + 1
    tally.records += len(kept)
    if copied:
        tally.doubled.extend(all_positions)
    else:
        _tally_the_rest(file, all_positions, kept, tally)
    # Behind the newest segment's last whole record a header alone may still name its position.
    if file.bound is None:
        tally.reach(position + 1)


def _tally_the_rest(file: SegmentFile, positions: list[int], kept: set[int], tally: _Tally) -> None:
    """Records that do not count: superseded by the next segment, or a second copy."""
    seen: set[int] = set()
    for position in positions:
        if file.bound is not None and position >= file.bound:
            tally.superseded += 1
        elif position in seen or position not in kept:
            tally.doubled.append(position)
        seen.add(position)


def _repair_segment(root: Path, file: SegmentFile) -> list[Path]:
    data = file.path.read_bytes()
    frames = [item for item in walk(file.path.name, data) if isinstance(item, Frame)]
    seen: set[int] = set()
    kept: list[Frame] = []
    for frame in frames:
        if frame.position not in seen and frame.position >= file.first:
            kept.append(frame)
        seen.add(frame.position)
    head = pack_head(file.head)
    whole = head + b"".join(data[frame.offset : frame.end] for frame in kept)
    if whole == data:
        return []
    moved = [
        _move_aside(root, file.path.name, start, data[start:end])
        for start, end in _gaps(data, [(0, len(head))] if data.startswith(head) else [], kept)
    ]
    _replace(file.path, whole)
    return moved


def _gaps(data: bytes, good: list[tuple[int, int]], kept: list[Frame]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in [*good, *((frame.offset, frame.end) for frame in kept), (len(data), len(data))]:
        if start > at:
            yield at, start
        at = end


def _move_aside(root: Path, name: str, offset: int, data: bytes) -> Path:
    folder = root / DAMAGED
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.{offset:012d}"
    number = 0
    while path.exists():
        number += 1
        path = folder / f"{name}.{offset:012d}.{number}"
    _replace(path, data)
    RealFs().sync_directory(root)
    return path


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(path)
    RealFs().sync_directory(path.parent)
