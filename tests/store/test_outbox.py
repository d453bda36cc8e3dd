"""The outbox in SQL: order by key, what is told together, limits, what is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.alert import Dispatch, Kept, NoticeState
from monitor.domain.durations import MINUTE_MS
from monitor.domain.notice import NoticeKind
from monitor.store import outbox
from monitor.store.database import Database
from monitor.store.outbox import Outbox
from tests.alerting.stepping import START, incident

OPENED, UPDATED, CLOSED = NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.CLOSED


def notice(kind: NoticeKind = OPENED, at: float = 0, key: str = "inc-a", **more: Any) -> Dispatch:
    at_ms = START + int(at * MINUTE_MS)
    due_ms = more.pop("due_ms", at_ms)
    return Dispatch("r", "route", key, kind, at_ms, at_ms, due_ms, (incident(key, **more),), (kind.value,))


def put(database: Database, *notices: Dispatch, at: float = 0, rows_max: int = 100) -> int:
    with database.write() as connection:
        return outbox.put(connection, notices, START + int(at * MINUTE_MS), rows_max)


def due(database: Database, at: float = 60) -> list[Kept]:
    return Outbox(database).due("r", START + int(at * MINUTE_MS), 10)


def deliver(database: Database, kept: Kept, at: float = 60) -> None:
    with database.write() as connection:
        outbox.delivered(connection, kept, START + int(at * MINUTE_MS))


def said(kept: list[Kept]) -> list[tuple[str, str]]:
    return [(one.dispatch.key, one.dispatch.kind.value) for one in kept]


def test_of_each_key_the_first_and_then_the_next(database: Database) -> None:
    put(database, notice(), notice(key="inc-b"))
    put(database, notice(CLOSED, 5), at=5)
    first = due(database)
    assert said(first) == [("inc-a", "opened"), ("inc-b", "opened")]
    deliver(database, first[0])
    assert said(due(database)) == [("inc-b", "opened"), ("inc-a", "closed")]
    assert first[0].dispatch == notice()


def test_what_is_busy_is_left_alone(database: Database) -> None:
    put(database, notice(), notice(key="inc-b"))
    assert said(Outbox(database).due("r", START, 1, {"inc-a"})) == [("inc-b", "opened")]
    assert Outbox(database).next_due_ms("r", {"inc-a", "inc-b"}) is None


def test_what_follows_an_opening_that_waits_is_told_with_it(database: Database) -> None:
    put(database, notice(due_ms=START + 30_000))
    put(database, notice(UPDATED, 0.2, severity=300.0), at=0.2)
    (one,) = due(database)
    assert (one.dispatch.kind, one.dispatch.incidents[0].severity) == (OPENED, 300.0)
    assert one.dispatch.due_ms == START + 30_000


def test_updates_behind_another_one_are_told_together(database: Database) -> None:
    put(database, notice())
    for at in (5, 6, 7):
        put(database, replace(notice(UPDATED, at), changed=(f"at {at}",)), at=at)
    assert Outbox(database).waiting() == 2
    deliver(database, due(database)[0])
    (update,) = due(database)
    assert update.dispatch.changed == ("at 5", "at 6", "at 7")


def test_what_may_be_under_way_is_not_changed(database: Database) -> None:
    put(database, notice())
    put(database, notice(UPDATED, 5), at=5)  # the opening is due: a courier may have it
    assert Outbox(database).waiting() == 2


def test_what_was_tried_is_not_changed_since_it_may_have_arrived(database: Database) -> None:
    put(database, notice())
    Outbox(database).retry(due(database)[0], "503", START + 90 * MINUTE_MS)
    put(database, notice(UPDATED, 5), at=5)
    assert Outbox(database).waiting() == 2


def test_beyond_the_limit_updates_are_left_out_and_nothing_else(database: Database) -> None:
    put(database, notice(key="inc-a"), notice(key="inc-b"), rows_max=2)
    assert put(database, notice(UPDATED, 5, "inc-a"), notice(UPDATED, 5, "inc-b"), at=5, rows_max=2) == 2
    assert put(database, notice(CLOSED, 6, "inc-a"), notice(key="inc-c"), at=6, rows_max=2) == 0
    assert Outbox(database).waiting() == 4


def test_after_an_opening_that_was_given_up_the_update_opens(database: Database) -> None:
    put(database, notice())
    put(database, notice(UPDATED, 5), notice(CLOSED, 6), at=6)
    with database.write() as connection:
        outbox.give_up(connection, due(database)[0], "404", START + 10 * MINUTE_MS)
    assert said(due(database)) == [("inc-a", "opened")]
    states = [one.state for one in Outbox(database).of_incident("inc-a")]
    assert states == [NoticeState.UNDELIVERABLE, NoticeState.WAITING, NoticeState.WAITING]


def test_what_is_open_is_found_again_for_receivers_that_forget(database: Database) -> None:
    put(database, notice(), notice(key="inc-b"))
    for one in due(database):
        deliver(database, one)
    found = Outbox(database).stale("r", START + 90 * MINUTE_MS, 10)
    assert said(found) == [("inc-a", "opened"), ("inc-b", "opened")]
    put(database, notice(CLOSED, 70), at=70)
    assert said(Outbox(database).stale("r", START + 90 * MINUTE_MS, 10)) == [("inc-b", "opened")]
    deliver(database, found[1], at=95)
    assert Outbox(database).stale("r", START + 90 * MINUTE_MS, 10) == []


def test_what_was_done_with_is_dropped_in_time(database: Database) -> None:
    put(database, notice(), notice(key="inc-b"))
    deliver(database, due(database)[0])
    assert Outbox(database).prune(START + 61 * MINUTE_MS) == 1
    assert Outbox(database).waiting() == 1


def test_a_receiver_that_is_removed_leaves_nothing_waiting(database: Database) -> None:
    put(database, notice())
    with database.write() as connection:
        outbox.drop(connection, "r", START)
    assert due(database) == []
    assert [one.answer for one in Outbox(database).of_incident("inc-a")] == ["the receiver was removed"]


@pytest.mark.parametrize("kind", [OPENED, UPDATED])
def test_what_was_changed_under_way_goes_out_once_more_as_an_update(
    database: Database, kind: NoticeKind
) -> None:
    put(database, replace(notice(kind), due_ms=START + 30_000))
    (read,) = due(database)
    put(database, notice(UPDATED, 0.2), at=0.2)  # the clock was set back
    deliver(database, read)
    assert said(due(database)) == [("inc-a", "updated")]
