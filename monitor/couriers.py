"""A courier for each receiver that is declared, and what is told when one takes nothing any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from threading import Lock
from typing import Any

from monitor.alerting.courier import Clock, Courier
from monitor.alerting.receivers import kind_of, make
from monitor.alerting.secrets import NoSecret, Secrets
from monitor.domain.alert import Dispatch, Kept
from monitor.domain.destination import Destination
from monitor.domain.errors import WatchkeeperError
from monitor.domain.incident import Incident, IncidentState, Priority
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected, Undelivered
from monitor.store import destinations, outbox
from monitor.store.database import Database

log = logging.getLogger(__name__)

Compose = Callable[[Kept, bool], Notice]
"""A notice of what lies in the outbox, with its charts or without."""
Make = Callable[[str, Mapping[str, Any], Secrets], Receiver]
AGAIN_S = 120.0
"""After which receivers that forget are told anew of what is open."""
TEST_TITLE = "A test of this receiver: nothing is wrong"


class Couriers:
    """``make`` makes the receiver of a kind, by default one of `monitor.alerting.receivers`. Thread-safe."""

    def __init__(
        self,
        database: Database,
        compose: Compose,
        secrets: Secrets,
        *,
        clock: Clock | None = None,
        make: Make = make,
    ) -> None:
        self._database = database
        self._compose = compose
        self._secrets = secrets
        self._clock = clock or Clock()
        self._make = make
        self._couriers: dict[str, Courier] = {}
        self._lock = Lock()
        self._running = False

    def start(self, declared: Collection[Destination]) -> None:
        with self._lock:
            self._running = True
        for one in declared:
            try:
                self.replace(one.name, one)
            except WatchkeeperError as error:  # of a kind that this version does not know
                log.error("receiver %s cannot be used, and what is for it waits: %s", one.name, error)

    def stop(self) -> None:
        """May take as long as a call that is under way."""
        with self._lock:
            self._running = False
            couriers, self._couriers = list(self._couriers.values()), {}
        for courier in couriers:
            courier.retire()
        for courier in couriers:
            courier.stop()

    def wake(self) -> None:
        """Something was written into the outbox."""
        for courier in list(self._couriers.values()):
            courier.wake()

    def replace(self, name: str, declared: Destination | None) -> None:
        """Go on with other settings; None: there is no such receiver any more."""
        with self._lock:
            old = self._couriers.pop(name, None)
        if old is not None:
            old.stop()
        if declared is None:
            return
        kind = kind_of(declared.kind)
        courier = Courier(
            name,
            _Lazy(lambda: self._make(declared.kind, declared.settings, self._secrets)),
            _Box(self._database, name, self.wake),
            lambda kept: self._compose(kept, kind.pictures),
            per_s=kind.per_s,
            again_s=AGAIN_S if kind.re_sent else None,
            clock=self._clock,
        )
        with self._lock:
            if self._running:
                self._couriers[name] = courier
                courier.start()

    def test(self, declared: Destination) -> str:
        """Send a receiver something that opens and closes at once; empty if it took both, else why not."""
        now_ms = self._clock.now_ms()
        incident = alarm(f"test-{declared.name}-{now_ms}", TEST_TITLE, now_ms, IncidentState.OPEN)
        receiver = _Lazy(lambda: self._make(declared.kind, declared.settings, self._secrets))
        try:
            for sequence, kind in enumerate((NoticeKind.OPENED, NoticeKind.CLOSED), 1):
                notice = Notice(incident.id, sequence, kind, now_ms, incident, title=TEST_TITLE)
                receiver.deliver(notice)
        except (Undelivered, Rejected) as trouble:
            return str(trouble)[:500] or "it was not taken"
        finally:
            receiver.close()
        return ""


class _Lazy:
    """Makes the receiver when it is needed, so that a secret that is put there later is found."""

    def __init__(self, make: Callable[[], Receiver]) -> None:
        self._make_one = make
        self._made: Receiver | None = None
        self._lock = Lock()

    def deliver(self, notice: Notice) -> None:
        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make_one()
                except (NoSecret, WatchkeeperError) as error:
                    raise Undelivered(str(error)) from None
        self._made.deliver(notice)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


class _Box:
    """The outbox of one receiver. What was given up is told to the receiver's fallback, in the same
    transaction; and that it takes notices again."""

    def __init__(self, database: Database, name: str, wake: Callable[[], None]) -> None:
        self._database = database
        self._name = name
        self._wake = wake
        self._outbox = outbox.Outbox(database)
        self.due = self._outbox.due
        self.next_due_ms = self._outbox.next_due_ms
        self.stale = self._outbox.stale
        self.retry = self._outbox.retry

    def delivered(self, kept: Kept, now_ms: int) -> None:
        with self._database.write() as connection:
            outbox.delivered(connection, kept, now_ms)
            declared = destinations.receiver(connection, self._name)
            if declared is not None and declared.unreachable_ms is not None:
                destinations.unreachable(connection, self._name, None, "")
                state, kind = IncidentState.CLOSED, NoticeKind.CLOSED
                told = _told(declared, declared.unreachable_ms, state, kind, now_ms)
                outbox.put(connection, told, now_ms)
        if declared is not None and declared.unreachable_ms is not None:
            self._wake()

    def give_up(self, kept: Kept, answer: str, now_ms: int) -> None:
        with self._database.write() as connection:
            outbox.give_up(connection, kept, answer, now_ms)
            declared = destinations.receiver(connection, self._name)
            if declared is not None and declared.unreachable_ms is None:
                destinations.unreachable(connection, self._name, kept.since_ms, answer)
                state, kind = IncidentState.OPEN, NoticeKind.OPENED
                told = _told(declared, kept.since_ms, state, kind, now_ms, answer)
                outbox.put(connection, told, now_ms)
        self._wake()


def _told(
    declared: Destination,
    since_ms: int,
    state: IncidentState,
    kind: NoticeKind,
    now_ms: int,
    *changed: str,
) -> list[Dispatch]:
    if not declared.fallback:
        return []
    title = f"Receiver {declared.name} takes no notices"
    incident = alarm(f"receiver-{declared.name}"[:80], title, since_ms, state)
    key = f"receiver-{declared.name}-{since_ms}"
    return [
        Dispatch(declared.fallback, "", key, kind, now_ms, now_ms, now_ms, (incident,), changed, title=title)
    ]


def alarm(id: str, title: str, start_ms: int, state: IncidentState) -> Incident:
    """What concerns this system itself, in the shape that receivers know."""
    return Incident(
        id=id,
        founder_id="",
        state=state,
        title=title,
        start_ms=start_ms,
        end_ms=None if state is IncidentState.OPEN else start_ms,
        score=100.0,
        severity=100.0,
        kind="no data",
        direction=0,
        member_count=0,
        series_count=0,
        suspects=(),
        contributors=(),
        due_ms=None,
        sequence=1,
        priority=Priority.P2,
    )
