"""The intake log: append an entry, learn when it is on the disk, read it back.

Guarantees. A future ends with its position only after an fdatasync that covers its record. Positions
of acknowledged records are 1, 2, 3, … without holes. After a failed or short write or a failed sync
nothing of it is acknowledged, its segment is sealed (never written or synced again: a second fsync
can falsely succeed), and a new segment is proven on the disk before anything more is accepted.

One thread writes. While it waits for the disk, others queue; it then takes all of them at once
(group commit), so that the cost of an fdatasync is shared.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from monitor.domain.errors import IntakeUnavailable, Overloaded
from monitor.domain.records import Entry, Record, Samples
from monitor.intake.codec import decode, encode
from monitor.intake.disk import DirectoryLock, Fs, RealFs
from monitor.intake.recovery import Report, SegmentFile, records_of, scan, segments_of
from monitor.intake.segment import HEAD_BYTES, Head, file_name, pack_head, pack_header

_RECORDS_PER_WRITE = 512
_say = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """``future`` ends with ``position`` once the record is durable, or with IntakeUnavailable; then
    the position belongs to no record, or to a later one. Callbacks run on the log's thread."""

    position: int
    future: Future[int]


@dataclass(frozen=True, slots=True)
class _Waiting:
    record: Record
    kind: int
    payload: bytes
    future: Future[int]


class Log:
    """The log in one directory, opened by one process at a time; `append` is thread-safe.

    ``segment_bytes``: a segment is begun anew before it would grow over this. ``group_bytes``: how
    much goes into one write. ``queue_bytes``: how much may wait in memory before `append` raises
    Overloaded. ``after``: the position that the newest checkpoint covers (see `recovery.scan`);
    older segments are then not read. ``on_durable`` is called on the log's thread with the records
    that became durable, in order and each once; an exception from it stops the log for good.

    Opening flushes and re-reads the newest segment, scans the log (``report``) and never fails
    because of damage. Raises IntakeUnavailable if another process has the log open.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        segment_bytes: int = 128 << 20,
        group_bytes: int = 8 << 20,
        queue_bytes: int = 256 << 20,
        after: int | None = None,
        on_durable: Callable[[Sequence[Record]], None] | None = None,
        fs: Fs | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fs: Fs = fs or RealFs()
        self._lock = DirectoryLock(self.directory)
        self._segment_bytes = segment_bytes
        self._group_bytes = group_bytes
        self._queue_bytes = queue_bytes
        self._on_durable = on_durable
        self.report = self._recover(after)
        self._segments = list(self.report.segments)
        self._epoch = max((file.head.epoch for file in self._segments), default=0)
        self._last = self.report.last_position
        self._next = self._last + 1
        self._fd: int | None = None
        self._failure: str | None = None
        self._broken = False
        self._closing = False
        self._prove_now = False
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="intake-log", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> Ticket:
        """Queue an entry for the next group commit.

        Encoding is done here, on the caller's thread. Raises Overloaded when too much is queued,
        IntakeUnavailable when the log is closed or stopped, BadRequest for a body that cannot be
        stored. While the disk fails, the future (not this call) ends with IntakeUnavailable, after
        one more try to begin a new segment.
        """
        kind, payload = encode(entry)
        if not isinstance(entry, Samples):
            entry = decode(kind, payload)  # so that live and replay see the same plain values
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()
        with self._changed:
            if self._closing or self._broken:
                raise IntakeUnavailable(self._failure or "the intake log is closed")
            if self._queue and self._queued_bytes + len(payload) > self._queue_bytes:
                raise Overloaded("the intake log's queue is full")
            position = self._next
            self._next += 1
            self._queue.append(_Waiting(Record(position, entry), kind, payload, future))
            self._queued_bytes += len(payload)
            self._changed.notify_all()
        return Ticket(position, future)

    def read(self, from_position: int = 1) -> Iterator[Record]:
        """The durable records from ``from_position`` up to what is durable at this call, in order.

        Damaged records are passed over (see ``report``). Memory: one segment at a time. Raises
        CorruptLog for an undamaged record that cannot be decoded, which means that another version
        wrote it: passing over it would lose data without a word.
        """
        with self._changed:
            files, limit = list(self._segments), self._last + 1
        for file in files:
            if file.bound is not None and file.bound <= from_position:
                continue
            data = self._fs.read(file.path)
            for frame in records_of(file, data, limit):
                if frame.position >= from_position:
                    yield Record(frame.position, decode(frame.kind, frame.payload(data)))

    def drop_before(self, position: int) -> int:
        """Remove the segments that hold only positions before ``position``, never the newest; how
        many. Raises OSError; what was removed before it stays removed."""
        dropped = 0
        while True:
            with self._changed:
                bound = self._segments[0].bound if self._segments else None
                if bound is None or bound > position:
                    break
                self._fs.remove(self._segments[0].path)
                del self._segments[0]
            self._fs.sync_directory(self.directory)
            dropped += 1
        return dropped

    def prove(self) -> None:
        """After a failure: try now, on the log's thread, whether a new segment can be begun, so that
        ``failed`` clears when the disk is well again although nothing is appended."""
        with self._changed:
            self._prove_now = True
            self._changed.notify_all()

    def close(self) -> None:
        """Write what is queued, stop the thread, and let the directory go. May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._detach()
        self._lock.release()

    @property
    def failed(self) -> bool:
        """The disk refused the last write, sync or new segment; nothing is acknowledged meanwhile."""
        return self._failure is not None

    @property
    def failure(self) -> str | None:
        """Why ``failed``, in the words of the system."""
        return self._failure

    @property
    def last_position(self) -> int:
        """The newest durable position, 0 in an empty log."""
        return self._last

    @property
    def first_position(self) -> int:
        """The oldest position still kept (the next one, in an empty log)."""
        with self._changed:
            return self._segments[0].first if self._segments else self._last + 1

    @property
    def size_bytes(self) -> int:
        """Bytes of all segment files."""
        with self._changed:
            return sum(file.bytes for file in self._segments)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self, after: int | None) -> Report:
        try:
            files = segments_of(self.directory, self._fs)
            if files:
                with contextlib.suppress(OSError):  # then the scan sees what there is
                    self._fs.settle(files[-1].path)
            return scan(self.directory, after=after, fs=self._fs)
        except BaseException:
            self._lock.release()
            raise

    def _run(self) -> None:
        while True:
            group = self._take()
            if group is None:
                return
            try:
                if not group:
                    self._begin_segment()
                    continue
                self._commit(group)
            except Exception as error:
                self._seal(group, error)
                continue
            self._tell(group)

    def _take(self) -> list[_Waiting] | None:
        """The next group; empty to only prove a segment; None at the end."""
        with self._changed:
            while True:
                while not (self._queue or self._closing or self._prove_now):
                    self._changed.wait()
                prove = self._prove_now and self._failure is not None and not self._broken
                self._prove_now = False
                group = self._pop_group()
                if group or prove:
                    return group
                if self._closing:
                    return None

    def _pop_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._queue and len(group) < _RECORDS_PER_WRITE and (not group or size < self._group_bytes):
            group.append(self._queue.popleft())
            size += len(group[-1].payload)
        self._queued_bytes -= size
        return group

    def _commit(self, group: Sequence[_Waiting]) -> None:
        fd = self._segment_for(sum(len(waiting.payload) + 32 for waiting in group))
        stamp = self._segments[-1].head.stamp
        parts: list[bytes] = []
        for waiting in group:
            parts.append(pack_header(stamp, waiting.kind, waiting.record.position, waiting.payload))
            parts.append(waiting.payload)
        size = _write_whole(self._fs, fd, parts)
        self._fs.sync(fd)
        with self._changed:
            newest = self._segments[-1]
            self._segments[-1] = SegmentFile(newest.path, newest.head, newest.bytes + size)
            self._last = group[-1].record.position

    def _tell(self, group: Sequence[_Waiting]) -> None:
        for waiting in group:
            waiting.future.set_result(waiting.record.position)
        if self._on_durable is None or self._broken:
            return
        try:
            self._on_durable([waiting.record for waiting in group])
        except Exception as error:
            # The receiver has missed records: only a restart, which replays them, can go on.
            _say.exception("the intake log stops: its receiver failed")
            with self._changed:
                self._broken = True
                self._failure = f"the receiver of durable records failed: {error}"
            self._seal([], error)

    def _segment_for(self, size: int) -> int:
        """The file to write to, begun anew if there is none or the newest is full."""
        if self._fd is not None:
            used = self._segments[-1].bytes
            if used == HEAD_BYTES or used + size <= self._segment_bytes:
                return self._fd
            self._detach()
        return self._begin_segment()

    def _begin_segment(self) -> int:
        """Create a segment and prove it: head written, file and directory synced."""
        self._epoch += 1
        head = Head(self._last + 1, self._epoch, int.from_bytes(os.urandom(4), "little"))
        path, fd = self._create(head)
        try:
            size = _write_whole(self._fs, fd, [pack_head(head)])
            self._fs.sync(fd)
            self._fs.sync_directory(self.directory)
        except Exception:
            # Nothing in it counts; if it cannot be removed, it is an empty segment.
            with contextlib.suppress(OSError):
                self._fs.close(fd)
            with contextlib.suppress(OSError):
                self._fs.remove(path)
            raise
        with self._changed:
            if self._segments:
                newest = self._segments[-1]
                self._segments[-1] = SegmentFile(newest.path, newest.head, newest.bytes, head.first)
            self._segments.append(SegmentFile(path, head, size))
            self._fd = fd
            self._failure = None
        return fd

    def _create(self, head: Head) -> tuple[Path, int]:
        """No file is ever overwritten: where the name is taken, the epoch makes another."""
        path = self.directory / file_name(head.first)
        try:
            return path, self._fs.create(path)
        except FileExistsError:
            path = self.directory / file_name(head.first, head.epoch)
            return path, self._fs.create(path)

    def _seal(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Nothing of the group, nor of what queued behind it, is acknowledged."""
        self._detach()
        with self._changed:
            failed = [*group, *self._queue]
            self._queue.clear()
            self._queued_bytes = 0
            self._next = self._last + 1
            if not self._failure:
                _say.error("the intake log cannot write: %s", error)
            if not self._broken:
                self._failure = str(error) or type(error).__name__
            reason = f"the intake log cannot write: {self._failure}"
        for waiting in failed:
            waiting.future.set_exception(IntakeUnavailable(reason))

    def _detach(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):  # all that counts is synced already
                self._fs.close(fd)


def _write_whole(fs: Fs, fd: int, parts: Sequence[bytes]) -> int:
    size = sum(len(part) for part in parts)
    written = fs.write(fd, parts)
    if written != size:
        raise OSError(f"short write: {written} of {size} bytes")
    return size
