"""Couriers: what is tried again, what is given up, and that no receiver waits for another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from monitor.alerting.courier import Clock
from monitor.alerts import Alerts
from monitor.domain.alert import Dispatch, NoticeState
from monitor.domain.destination import Destination
from monitor.domain.incident import Incident
from monitor.domain.notice import Notice, NoticeKind, Picture, Rejected, Undelivered
from monitor.domain.route import DEFAULT, Route
from monitor.store.database import Database
from monitor.store.migrations import upgrade
from monitor.store.outbox import Outbox
from tests.alerting.parts import DEED, Inbox, alerts_over, declare
from tests.alerting.stepping import START, incident

WAIT_S = 10.0


class Hours:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.now_ms = START

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/alerts.db"
    upgrade(url)
    with Database(url) as opened:
        yield opened


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def notice(receiver: str, kind: NoticeKind = NoticeKind.OPENED, key: str = "inc-a") -> Dispatch:
    return Dispatch(receiver, DEFAULT, key, kind, START, START, START, (incident(key),))


def running(
    database: Database, inboxes: dict[str, Inbox], hours: Hours | None = None, **fallbacks: str
) -> Alerts:
    hours = hours or Hours()
    alerts = alerts_over(database, inboxes, hours, Clock(now_ms=hours, chance=lambda: 0.0))
    declare(alerts, Route(DEFAULT, tuple(inboxes)), **fallbacks)
    alerts.start()
    return alerts


def state(database: Database, key: str = "inc-a") -> list[NoticeState]:
    return [one.state for one in Outbox(database).of_incident(key)]


def test_all_of_a_key_arrives_in_order(database: Database) -> None:
    inbox = Inbox()
    kinds = (NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.CLOSED)
    Outbox(database).tell([notice("a", kind, f"inc-{n}") for kind in kinds for n in range(9)], START)
    alerts = running(database, {"a": inbox})
    try:
        until(lambda: len(inbox.taken) == 27)
    finally:
        alerts.stop()
    for n in range(9):
        assert [kind for key, kind in inbox.said() if key == f"inc-{n}"] == ["opened", "updated", "closed"]
    assert inbox.closed


def test_what_is_not_taken_is_tried_again_when_the_receiver_said(database: Database) -> None:
    hours, tries = Hours(), list[int]()

    def answer(_: Notice) -> None:
        tries.append(hours.now_ms - START)
        if len(tries) == 1:
            raise Undelivered("429", retry_after_s=120.0)

    inbox = Inbox(answer)
    Outbox(database).tell([notice("a")], START)
    alerts = running(database, {"a": inbox}, hours)
    try:
        until(lambda: Outbox(database).of_incident("inc-a")[0].attempts == 1)
        (waiting,) = Outbox(database).of_incident("inc-a")
        assert (waiting.answer, waiting.dispatch.due_ms) == ("429", START + 120_000)
        hours.now_ms += 119_000
        alerts.wake()
        time.sleep(0.1)
        assert len(tries) == 1
        hours.now_ms += 2_000
        alerts.wake()
        until(lambda: state(database) == [NoticeState.DELIVERED])
    finally:
        alerts.stop()
    assert tries == [0, 121_000]


def test_after_a_day_it_is_given_up_and_the_fallback_is_told(database: Database) -> None:
    hours, reachable = Hours(), Event()

    def answer(_: Notice) -> None:
        if not reachable.is_set():
            raise Undelivered("no route to host")

    dead, other = Inbox(answer), Inbox()
    Outbox(database).tell([notice("dead")], START)
    alerts = running(database, {"dead": dead, "other": other}, hours, dead="other")
    try:
        until(lambda: Outbox(database).of_incident("inc-a")[0].attempts == 1)
        hours.now_ms += 25 * 3_600_000
        alerts.wake()
        until(lambda: len(other.taken) == 1)
        (told,) = other.taken
        assert (told.kind, told.title) == (NoticeKind.OPENED, "Receiver dead takes no notices")
        assert told.changed == ("given up after a day: no route to host",)
        assert state(database) == [NoticeState.UNDELIVERABLE]
        (unreachable,) = alerts.status()["unreachable"]
        assert (unreachable["name"], unreachable["since_ms"]) == ("dead", START)
        reachable.set()
        Outbox(database).tell([notice("dead", NoticeKind.CLOSED)], hours.now_ms)
        alerts.wake()
        until(lambda: [kind for _, kind in other.said()] == ["opened", "closed"])
        assert alerts.status()["unreachable"] == []
        assert len({one.key for one in other.taken}) == 1
    finally:
        alerts.stop()


def test_what_is_refused_is_not_tried_again(database: Database) -> None:
    tries = list[Notice]()

    def answer(told: Notice) -> None:
        tries.append(told)
        raise Rejected("403: wrong secret")

    Outbox(database).tell([notice("a")], START)
    alerts = running(database, {"a": Inbox(answer)})
    try:
        until(lambda: state(database) == [NoticeState.UNDELIVERABLE])
    finally:
        alerts.stop()
    assert len(tries) == 1
    assert alerts.status()["unreachable"][0]["trouble"] == "refused: 403: wrong secret"


def test_a_fault_of_a_receiver_shows_no_secret(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def answer(_: Notice) -> None:
        raise ValueError("https://hooks.example/s3cr3t")

    Outbox(database).tell([notice("a")], START)
    alerts = running(database, {"a": Inbox(answer)})
    try:
        until(lambda: Outbox(database).of_incident("inc-a")[0].attempts == 1)
    finally:
        alerts.stop()
    assert "s3cr3t" not in Outbox(database).of_incident("inc-a")[0].answer


def test_a_black_hole_delays_no_other(database: Database) -> None:
    """Four calls hang as long as the test; the other receiver has everything within two seconds."""
    leave = Event()

    def hang(_: Notice) -> None:
        leave.wait(WAIT_S)
        raise Undelivered("timeout")

    hole, other = Inbox(hang), Inbox()
    alerts = running(database, {"hole": hole, "other": other})
    try:
        took = []
        for n in range(20):
            began = time.monotonic()
            key = f"inc-{n}"
            Outbox(database).tell([notice("hole", key=key), notice("other", key=key)], START)
            alerts.wake()
            until(lambda: len(other.taken) > n)  # noqa: B023
            took.append(time.monotonic() - began)
    finally:
        leave.set()
        alerts.stop()
    assert hole.taken == []
    assert max(took) < 2.0
    print(f"beside a black hole: {max(took) * 1_000:.0f} ms at most")


def test_a_kind_that_is_not_known_stops_no_other(database: Database) -> None:
    inbox = Inbox()
    alerts = alerts_over(database, {"a": inbox}, Hours())
    declare(alerts, Route(DEFAULT, ("a",)))
    alerts.destinations.put_receiver(Destination("odd", "pigeon"), DEED)
    Outbox(database).tell([notice("a"), notice("odd")], START)
    alerts.start()
    try:
        until(lambda: inbox.said() == [("inc-a", "opened")])
    finally:
        alerts.stop()
    assert Outbox(database).waiting("odd") == 1


def test_a_notice_says_where_the_incident_is(database: Database) -> None:
    Outbox(database).tell([notice("a")], START)
    (kept,) = Outbox(database).of_incident("inc-a")
    alerts = alerts_over(database, {}, Hours(), page="https://watch.example/")
    alerts.links = lambda one, receiver: {"real": f"{one.id} by {receiver}"}
    told = alerts.compose(kept)
    assert told.url == "https://watch.example/#/incident/inc-a"
    assert told.labels == {"real": "inc-a by a"}
    assert (told.sequence, told.key) == (kept.id, "inc-a")


@pytest.mark.parametrize(("kind", "drawn"), [("log", 0), ("webhook", 1)])
def test_charts_are_drawn_for_those_only_that_can_carry_one(
    database: Database, kind: str, drawn: int
) -> None:
    inbox, asked = Inbox(), list[str]()
    alerts = alerts_over(database, {"a": inbox}, Hours())

    def illustrate(incident: Incident) -> tuple[Picture, ...]:
        asked.append(incident.id)
        return ()

    alerts.illustrate = illustrate
    alerts.put_receiver(Destination("a", kind, {"inbox": "a"}), DEED)
    Outbox(database).tell([notice("a")], START)
    alerts.start()
    try:
        until(lambda: inbox.said() == [("inc-a", "opened")])
    finally:
        alerts.stop()
    assert asked == ["inc-a"] * drawn


def test_another_declaration_of_a_receiver_takes_over_what_waits(database: Database) -> None:
    def answer(_: Notice) -> None:
        raise Undelivered("gone")

    old, new = Inbox(answer), Inbox()
    Outbox(database).tell([notice("a")], START)
    hours = Hours()
    inboxes = {"a": old}
    alerts = running(database, inboxes, hours)
    try:
        until(lambda: Outbox(database).of_incident("inc-a")[0].attempts == 1)
        inboxes["a"] = new
        declare(alerts, Route(DEFAULT, ("a",)))
        hours.now_ms += 60_000
        alerts.wake()
        until(lambda: new.said() == [("inc-a", "opened")])
    finally:
        alerts.stop()
