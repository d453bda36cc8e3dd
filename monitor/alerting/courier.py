"""A courier: brings one receiver what waits for it in the outbox, whatever becomes of other receivers.

A notice is first taken by the receiver and then marked so in the outbox. Dying between the two, it is sent
once more, with the same key and sequence; never is one lost. Of one key the next notice goes out after the
one before it was taken or given up, so nothing follows a close.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Protocol

from monitor.alerting.pace import GIVE_UP_S, Pace, wait_s
from monitor.domain.alert import Kept, NoticeState
from monitor.domain.notice import Notice, Receiver, Rejected, Undelivered

log = logging.getLogger(__name__)

AT_ONCE = 4
LOOK_S = 5.0
ANSWER_MAX = 500


class Waiting(Protocol):
    """The outbox, as a courier sees it."""

    def due(self, receiver: str, now_ms: int, limit: int, busy: Collection[str] = ()) -> list[Kept]: ...

    def stale(self, receiver: str, before_ms: int, limit: int, busy: Collection[str] = ()) -> list[Kept]: ...

    def next_due_ms(self, receiver: str, busy: Collection[str] = ()) -> int | None: ...

    def delivered(self, kept: Kept, now_ms: int) -> None: ...

    def retry(self, kept: Kept, answer: str, due_ms: int) -> None: ...

    def give_up(self, kept: Kept, answer: str, now_ms: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Clock:
    """``now_ms``: wall time; ``now_s``: a clock that is never set back. ``chance``: 0 to 1, for jitter."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    now_s: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random


class Courier:
    """``compose`` makes the notice of what lies in the outbox. At most four calls are under way at once,
    ``per_s`` begin in a second. ``again_s``: after which what is open is delivered anew, for receivers that
    forget; None: never."""

    def __init__(
        self,
        name: str,
        receiver: Receiver,
        outbox: Waiting,
        compose: Callable[[Kept], Notice],
        *,
        per_s: float = 10.0,
        again_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._again_s = again_s
        self._name = name
        self._receiver = receiver
        self._outbox = outbox
        self._compose = compose
        self._clock = clock or Clock()
        self._pace = Pace(per_s, self._clock.now_s, AT_ONCE)
        self._busy: set[str] = set()
        self._lock = Lock()
        self._wake, self._stopping = Event(), Event()
        self._calls = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"to-{name}")
        self._thread = Thread(target=self._run, name=f"courier-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something may have become due."""
        self._wake.set()

    def retire(self) -> None:
        """Begin no more calls."""
        self._stopping.set()
        self._wake.set()

    def stop(self, patience_s: float = 12.0) -> None:
        """`retire`, and wait for the calls under way; those that take longer are sent again by the next
        courier."""
        self.retire()
        if self._thread.is_alive():
            self._thread.join()
        self._calls.shutdown(wait=False, cancel_futures=True)
        until_s = time.monotonic() + patience_s
        while self._busy and time.monotonic() < until_s:
            self._wake.wait(0.05)
            self._wake.clear()
        self._receiver.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                wait = self._look()
            except Exception:
                log.exception("receiver %s: the outbox cannot be read; tried again", self._name)
                wait = LOOK_S
            self._wake.wait(wait)

    def _look(self) -> float:
        """Begin what may begin now; seconds until the next look."""
        with self._lock:
            busy = set(self._busy)
        free, now_ms = AT_ONCE - len(busy), self._clock.now_ms()
        if free <= 0:
            return LOOK_S
        work = self._outbox.due(self._name, now_ms, free, busy)
        if self._again_s is not None and len(work) < free:
            told = {*busy, *(kept.dispatch.key for kept in work)}
            before_ms = now_ms - int(self._again_s * 1_000)
            work += self._outbox.stale(self._name, before_ms, free - len(work), told)
        for kept in work:
            if self._stopping.wait(self._pace.take()):
                return 0.0
            with self._lock:
                self._busy.add(kept.dispatch.key)
                busy.add(kept.dispatch.key)
            self._calls.submit(self._call, kept)
        if len(busy) >= AT_ONCE:
            return LOOK_S
        following = self._outbox.next_due_ms(self._name, busy)
        return LOOK_S if following is None else min(max(following - now_ms, 0) / 1_000, LOOK_S)

    def _call(self, kept: Kept) -> None:
        try:
            self._deliver(kept)
        except Exception:
            # The outbox could not be written: what was sent may be sent again, as after a crash.
            log.exception("receiver %s: notice %d is tried again", self._name, kept.id)
            self._stopping.wait(LOOK_S)
        finally:
            with self._lock:
                self._busy.discard(kept.dispatch.key)
            self._wake.set()

    def _deliver(self, kept: Kept) -> None:
        try:
            self._receiver.deliver(self._compose(kept))
        except Undelivered as trouble:
            self._put_off(kept, str(trouble)[:ANSWER_MAX], trouble.retry_after_s)
        except Rejected as refusal:
            if kept.state is not NoticeState.WAITING:
                return
            answer = f"refused: {refusal}"[:ANSWER_MAX]
            self._outbox.give_up(kept, answer, self._clock.now_ms())
        except Exception:
            # A fault of ours, perhaps passing; its words may hold a secret, so only the log has them.
            log.exception("receiver %s: notice %d failed", self._name, kept.id)
            self._put_off(kept, "failed; the server's log says how", None)
        else:
            self._outbox.delivered(kept, self._clock.now_ms())

    def _put_off(self, kept: Kept, answer: str, asked_s: float | None) -> None:
        now_ms = self._clock.now_ms()
        if kept.state is not NoticeState.WAITING:
            return  # it was told already, and is told anew at the next look
        if now_ms - kept.since_ms >= GIVE_UP_S * 1_000:
            self._outbox.give_up(kept, f"given up after a day: {answer}"[:ANSWER_MAX], now_ms)
            return
        wait = wait_s(kept.attempts + 1, asked_s, self._clock.chance)
        self._outbox.retry(kept, answer, now_ms + int(wait * 1_000))
