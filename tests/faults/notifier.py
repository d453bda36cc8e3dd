"""A process that keeps incidents and tells of them, until it is killed: incidents follow from numbered
batches, and it goes on after the newest one that is in the database."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.synchronize import Event as EventOf
from typing import Any

import httpx2

from monitor.alerting.courier import Clock
from monitor.domain.anomaly import AnomalyKind
from monitor.domain.durations import HOUR_MS
from monitor.domain.notice import Notice, Undelivered
from monitor.domain.route import DEFAULT, Route
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.projections import SqlLedger
from tests.alerting.parts import alerts_over, declare
from tests.faults.rough_receiver import LATE_S
from tests.incidents.making import EPOCH, Batch, anomaly, batch

STEPS = 4
APART_H = 24
ROUTE = Route(DEFAULT, ("good", "rough"), delay_s=0, interval_s=0, repeat_s=0, backfill=True)


class Post:
    """A receiver that posts what a notice is, once."""

    def __init__(self, url: str) -> None:
        self._url = url
        # Without what https needs, which takes longer to make than all the rest.
        self._http = httpx2.Client(verify=False, timeout=LATE_S / 2, trust_env=False)

    def deliver(self, notice: Notice) -> None:
        body = {"key": notice.key, "sequence": notice.sequence, "kind": notice.kind.value}
        try:
            answer = self._http.post(self._url, json=body)
        except httpx2.TransportError as error:
            raise Undelivered(type(error).__name__) from error
        if answer.status_code != 200:
            asked = answer.headers.get("Retry-After")
            raise Undelivered(str(answer.status_code), float(asked) if asked else None)

    def close(self) -> None:
        self._http.close()


def batch_of(number: int) -> Batch:
    """The steps of one incident after another: it opens, is longer and worse, has another kind, and ends."""
    which, stage = divmod(number - 1, STEPS)
    at = which * APART_H
    whole = anomaly("m.x", {"n": str(which)}, at, None, score=70.0)
    longer = replace(whole, score=95.0, last_ms=whole.onset_ms + 6 * HOUR_MS)
    lives = (whole, longer, longer, replace(longer, end_ms=whole.onset_ms + 7 * HOUR_MS))
    also = [anomaly("m.x", {"n": str(which)}, at + 3, 2, kind=AnomalyKind.DIP, score=80.0)]
    # The clock goes on far enough at the end that the incident is over.
    clock_ms = EPOCH + (at + (8, 8, 8, APART_H - 1)[stage]) * HOUR_MS
    return batch(0, number, lives[stage], *(also if stage == 2 else []), clock_ms=clock_ms)


def main(url: str, http: str, batches: int, seed: int, ready: EventOf) -> None:
    with Database(url) as database:
        alerts, engine = parts(database, {name: Post(f"{http}/{name}") for name in ROUTE.receivers})
        alerts.start()
        ready.set()
        rng = random.Random(seed)
        first = engine.positions().get(0, 0) + 1
        for number in range(first, batches + 1):
            engine.absorb(batch_of(number))
            alerts.wake()
            time.sleep(rng.uniform(0.0, 0.03))
        while True:
            time.sleep(1.0)


def parts(database: Database, receivers: Mapping[str, Any]) -> tuple[Any, IncidentEngine]:
    clock = Clock()
    alerts = alerts_over(database, receivers, clock.now_ms, clock)
    return alerts, IncidentEngine(SqlLedger(database, alerts.announce))


def prepare(url: str) -> None:
    """A route and its receivers."""
    with Database(url) as database:
        declare(parts(database, {})[0], ROUTE)
