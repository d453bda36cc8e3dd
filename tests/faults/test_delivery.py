"""Notices arrive, whatever the receiver answers and whenever the notifier is killed."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor.store.alert_tables import NOTICES
from monitor.store.database import Database
from monitor.store.migrations import upgrade
from monitor.store.outbox import Outbox
from monitor.store.projections import SqlLedger
from monitor.store.tables import INCIDENT_TRANSITIONS
from tests.faults.notifier import STEPS, main, prepare
from tests.faults.rough_receiver import Arrival, Rough, rough_receiver

pytestmark = pytest.mark.faults
AT_ONCE = 4
CALM_S = 120.0


@pytest.mark.parametrize(
    ("kills", "incidents"), [(20, 12), pytest.param(200, 150, marks=pytest.mark.slow)], ids=str
)
def test_every_notice_arrives_and_twice_at_most_once_a_kill(
    tmp_path: Path, kills: int, incidents: int
) -> None:
    url = f"sqlite:///{tmp_path}/alerts.db"
    upgrade(url)
    prepare(url)
    rng = random.Random(kills)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.notifier"])
    batches = incidents * STEPS
    with rough_receiver(kills) as rough:
        for number in range(kills + 1):
            ready = context.Event()
            process = context.Process(target=main, args=(url, rough.url, batches, number, ready), daemon=True)
            process.start()
            assert ready.wait(CALM_S)
            if number < kills:
                time.sleep(rng.uniform(0.0, 0.3))
            else:
                calm(url, batches)
            process.kill()
            process.join()
    check(url, rough, kills)


def calm(url: str, batches: int) -> None:
    """Wait until every batch is heard and every notice is out."""
    until = time.monotonic() + CALM_S
    with Database(url) as database:
        ledger, outbox = SqlLedger(database), Outbox(database)
        while True:
            progress = ledger.progress()
            if progress and progress[0].position >= batches and not outbox.waiting():
                return
            assert time.monotonic() < until
            time.sleep(0.05)


def check(url: str, rough: Rough, kills: int) -> None:
    with Database(url) as database, database.read() as connection:
        rows = connection.execute(select(NOTICES).order_by(NOTICES.c.id)).all()
        counted = select(INCIDENT_TRANSITIONS.c.kind, func.count()).group_by(INCIDENT_TRANSITIONS.c.kind)
        transitions: dict[str, int] = {kind: count for kind, count in connection.execute(counted)}  # noqa: C416
    written = Counter((row.receiver, row.kind) for row in rows)
    arrivals = rough.arrived
    for name in ("good", "rough"):
        assert written[name, "opened"] == transitions["opened"] + transitions.get("reopened", 0) > 0
        assert written[name, "closed"] == transitions["closed"] > 0
    assert {row.state for row in rows} == {"delivered"}
    taken = Counter((one.path, one.key, one.sequence) for one in arrivals if one.taken)
    for row in rows:
        assert taken[f"/{row.receiver}", row.key, row.id] >= 1, row
    assert len({key[2] for key in taken}) == len(rows)
    again = {key: count - 1 for key, count in taken.items() if count > 1}
    assert max(again.values(), default=0) <= kills
    assert sum(again.values()) <= AT_ONCE * 2 * kills
    for path in ("/good", "/rough"):
        in_order([one for one in arrivals if one.path == path])
    figures = f"{kills} kills, {len(rows)} notices, {len(arrivals)} arrivals"
    print(f"{figures}, {sum(again.values())} again after a kill; answers {dict(sorted(rough.asked.items()))}")


def in_order(arrivals: list[Arrival]) -> None:
    """Of each key nothing earlier after something later, and nothing but itself after a close."""
    newest: dict[str, int] = {}
    closed: dict[str, int] = {}
    for one in arrivals:
        assert one.sequence >= newest.get(one.key, 0), one
        assert one.key not in closed or one.sequence == closed[one.key], one
        newest[one.key] = one.sequence
        if one.kind == "closed":
            closed[one.key] = one.sequence
