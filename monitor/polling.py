"""Sources that are asked: each on a thread of its own, so that one which fails or hangs harms only itself.

A source that remembers is read from where it was read to (`monitor.source_places`), span by span, so what was
missed is taken in later and in order. Its samples go through the ordinary intake as a backfill, whose series
no clock moves on: while a source is down its series stand still, and the source's own series, which are live,
say that it is down. A source that does not remember is read live, and what it missed is missing. A follower
keeps its own place, and is a backfill too.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock, Thread

import numpy as np
from numpy.typing import NDArray

from collectors.base import SAMPLES_MAX
from collectors.pulled import Follower, Source, SourceFailed
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import DAY_MS
from monitor.domain.errors import WatchkeeperError
from monitor.domain.source import SourcePart, SourceState, SourceStatus
from monitor.engine.base import Accepted
from monitor.polled import NOWHERE, Polled, Ways
from monitor.source_places import Places

log = logging.getLogger(__name__)

RETRY_MS = 5_000
"""Until a failed source is asked again; twice as long each time, up to its interval or five minutes."""
RETRY_MS_MAX = 300_000
VERDICTS_MS = 7 * DAY_MS
"""So far back a source that wants verdicts is told of anomalies that have ended."""
_ANSWER_S = 60.0
_STOP_S = 2.0
_PHASE_MS_MAX = 10_000

Submit = Callable[[SampleBatch, Mode, bytes], Future[Accepted]]


class Poller:
    """One source. ``seed``: of the jitter."""

    def __init__(
        self,
        polled: Polled,
        submit: Submit,
        places: Places,
        now_ms: Callable[[], int],
        seed: int | None = None,
        ways: Ways = NOWHERE,
    ) -> None:
        self.polled = polled
        self._ways = ways
        self._counters: frozenset[str] = frozenset()
        self._submit = submit
        self._places = places
        self._now_ms = now_ms
        self._random = random.Random(seed)
        self._stop = Event()
        self._thread: Thread | None = None
        self._lock = Lock()
        self._began_ms: int | None = None
        self._failures = 0
        self._told: dict[tuple[int, int], tuple[float, float]] = {}
        self._status = SourceStatus(
            polled.name,
            polled.kind,
            every_ms=polled.every_ms,
            read_until_ms=places.of(polled.name),
            part_tag=polled.part_tag,
        )

    def start(self) -> None:
        self._thread = Thread(target=self._run, name=f"source-{self.polled.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more is read; what is being read is waited for briefly, and then left."""
        self._stop.set()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(_STOP_S)
            if not self._thread.is_alive():
                self.polled.source.close()
            self._thread = None

    @property
    def status(self) -> SourceStatus:
        """Down also while a reading takes twice as long as it may."""
        with self._lock:
            began, status = self._began_ms, self._status
        if began is not None and self._now_ms() - began > 2 * self.polled.timeout_ms:
            return replace(status, state=SourceState.DOWN, error="it does not answer")
        return status

    def once(self) -> bool:
        """Read what is due now and hand it over. False where it is to be tried again sooner."""
        try:
            source = self.polled.source
            if isinstance(source, Follower):
                self._follow(source)
            elif source.remembers:
                self._catch_up(source)
            else:
                now_ms = self._now_ms()
                self._take(source, now_ms - self.polled.every_ms, now_ms, Mode.LIVE)
                self._change(read_until_ms=now_ms)
            self._accompany()
        except SourceFailed as error:
            self._failed(str(error), SourceState.DOWN)
            return False
        except WatchkeeperError as error:  # the intake's trouble is not the source's
            self._failed(f"the intake: {error}", None)
            return False
        except Exception as error:
            log.exception("source %s cannot be read", self.polled.name)
            self._failed(f"it cannot be read: {type(error).__name__}", SourceState.DOWN)
            return False
        self._failures = 0
        return True

    def _follow(self, source: Follower) -> None:
        while not self._stop.is_set():
            now_ms = self._now_ms()
            with self._reading():
                found = source.next()
            if found is None:
                self._change(read_until_ms=now_ms)
                return
            self._hand_over(found.batch, Mode.BACKFILL)
            source.taken()
            self._count({reject.reason: reject.count for reject in found.rejects})

    def _catch_up(self, source: Source) -> None:
        polled, step = self.polled, source.step_ms
        until = (self._now_ms() - polled.delay_ms) // step * step
        place = self._places.of(polled.name)
        if place is None:
            at = place = until - max(polled.backfill_ms // step * step, step)
        else:
            place = place // step * step
            at = place - polled.reread_ms // step * step
        while at < until and not self._stop.is_set():
            end = min(at + max(polled.chunk_ms // step, 1) * step, until)
            self._take(source, at, end, Mode.BACKFILL)
            at = end
            if at > place:
                self._places.put(polled.name, at)
                self._change(read_until_ms=at)
        horizon = until - polled.reread_ms
        self._told = {key: cell for key, cell in self._told.items() if key[1] >= horizon}

    def _take(self, source: Source, from_ms: int, until_ms: int, mode: Mode) -> None:
        with self._reading():
            found = source.read(from_ms, until_ms)
        fresh = self._fresh(found.batch)
        self._hand_over(fresh, mode)
        self._remember(fresh)
        self._count({reject.reason: reject.count for reject in found.rejects})

    def _accompany(self) -> None:
        """What goes with the samples: changes that the source knows of, and verdicts that it wants."""
        tells = self.polled.tells
        if tells is None:
            return
        now_ms = self._now_ms()
        with self._reading():
            changes = tells.noticed(now_ms)
        for change in changes:
            self._ways.change(change)
        tells.told()
        if tells.wants_verdicts:
            anomalies = self._ways.anomalies(now_ms - VERDICTS_MS)
            with self._reading():
                tells.judge(anomalies)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """The source is asked, and up if that goes well."""
        with self._lock:
            self._began_ms = self._now_ms()
        try:
            yield
        finally:
            with self._lock:
                self._began_ms = None
            if self.polled.parts is not None:
                parts = sorted(self.polled.parts().items())
                self._change(parts=tuple(SourcePart(*part) for part in parts))
        now_ms, newest_ms = self._now_ms(), self._status.newest_ms
        self._change(
            state=SourceState.UP, success_ms=now_ms, newest_ms=now_ms if newest_ms is None else newest_ms
        )

    def _hand_over(self, batch: SampleBatch, mode: Mode) -> None:
        self._declare()
        if len(batch):
            # one of the future hides no later silence
            newest_ms = min(int(batch.ts_ms.max()), self._now_ms())
            self._change(newest_ms=max(self._status.newest_ms or 0, newest_ms))
        for begin in range(0, len(batch), SAMPLES_MAX):
            piece = _rows(batch, slice(begin, begin + SAMPLES_MAX))
            accepted = self._submit(piece, mode, self._request_id(piece)).result(_ANSWER_S)
            self._change(samples=self._status.samples + (0 if accepted.repeated else accepted.accepted))
            self._count(accepted.rejected)

    def _count(self, refused: Mapping[str, int]) -> None:
        if refused:
            self._ways.refused(refused)
            self._change(refused=self._status.refused + sum(refused.values()))

    def _declare(self) -> None:
        if self.polled.counters is None:
            return
        found = frozenset(self.polled.counters())
        if found - self._counters:
            self._ways.counters(sorted(found - self._counters))
        self._counters = found

    def _fresh(self, batch: SampleBatch) -> SampleBatch:
        """Without what was handed over just so."""
        if not self._told or not len(batch):
            return batch
        rows = zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), _cells(batch), strict=True)
        fresh = [self._told.get((number, ts_ms)) != cell for number, ts_ms, cell in rows]
        return _rows(batch, np.array(fresh, bool))

    def _remember(self, batch: SampleBatch) -> None:
        if self.polled.reread_ms:
            keys = zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), strict=True)
            self._told.update(zip(keys, _cells(batch), strict=True))

    def _request_id(self, batch: SampleBatch) -> bytes:
        digest = hashlib.blake2b(self.polled.name.encode(), digest_size=16)
        for column in (batch.fingerprint, batch.ts_ms, batch.value, batch.n):
            if column is not None:
                digest.update(column.tobytes())
        return digest.digest()

    def _failed(self, text: str, state: SourceState | None) -> None:
        self._failures += 1
        if state is not None:
            self._change(state=state)
        self._change(error=text[:500], error_ms=self._now_ms())
        if self._failures == 1:
            log.warning("source %s: %s", self.polled.name, text[:500])

    def _change(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]

    def _run(self) -> None:
        wait_ms = float(phase_ms(self.polled.name, self.polled.every_ms))
        while not self._stop.wait(wait_ms / 1_000):
            wait_ms = self._until_next_ms() if self.once() else self.retry_ms()

    def _until_next_ms(self) -> float:
        """Every source keeps its own phase, so that many of one interval do not come at once."""
        every = self.polled.every_ms
        return every - (self._now_ms() - phase_ms(self.polled.name, every)) % every

    def retry_ms(self) -> float:
        most = min(max(self.polled.every_ms, RETRY_MS), RETRY_MS_MAX)
        wait = min(RETRY_MS * 2.0 ** min(self._failures - 1, 16), most)
        return wait * self._random.uniform(0.75, 1.25)


def phase_ms(name: str, every_ms: int) -> int:
    """When in its interval a source is asked: always the same, and evenly spread over names.

    >>> 0 <= phase_ms("shop", 60_000) < 10_000
    True
    """
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    return number % min(every_ms, _PHASE_MS_MAX)


def _cells(batch: SampleBatch) -> list[tuple[float, float]]:
    """Value and n of each row, -1 where there is no n."""
    n = np.full(len(batch), -1.0) if batch.n is None else np.nan_to_num(batch.n, nan=-1.0)
    return list(zip(batch.value.tolist(), n.tolist(), strict=True))


def _rows(batch: SampleBatch, which: slice | NDArray[np.bool_]) -> SampleBatch:
    prints = np.ascontiguousarray(batch.fingerprint[which])
    return SampleBatch(
        prints,
        np.ascontiguousarray(batch.ts_ms[which]),
        np.ascontiguousarray(batch.value[which]),
        None if batch.n is None else np.ascontiguousarray(batch.n[which]),
        {number: batch.identities[number] for number in set(prints.tolist())},
    )
