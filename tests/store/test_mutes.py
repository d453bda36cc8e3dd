"""Stored mutes and calendars: repeats change nothing, and what is ended stays so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain.calendar import Calendar, Mode, Span
from monitor.domain.mute import Mute, Selector
from monitor.store.database import Database
from monitor.store.mutes import MuteStore

MUTE = Mute("m1", Selector("a*", (("k", "v"),)), 1_000, 2_000, "ann", "why")
DAYS = Calendar("c1", "DE", "file", Mode.SUPPRESS_ALERT, Selector(), (Span(1, 2, "x"),), "ann")


def test_what_was_told_comes_back(database: Database) -> None:
    store = MuteStore(database)
    assert (store.mutes(), store.calendars()) == ([], [])
    store.tell_mute({"mute": MUTE.to_body()})
    store.tell_calendar({"calendar": DAYS.to_body()})
    for one in (store, MuteStore(database)):
        assert (one.mutes(), one.calendars()) == ([MUTE], [DAYS])
    store.tell_calendar({"removed": "c1", "at_ms": 5, "by": "bob"})
    store.tell_calendar({"calendar": DAYS.to_body()})
    assert store.calendars() == MuteStore(database).calendars() == []


STEPS: list[dict[str, Any]] = [
    {"mute": MUTE.to_body()},
    {"mute": replace(MUTE, id="m2").to_body()},
    {"ended": "m1", "at_ms": 1_500, "by": "bob"},
]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2), max_size=6))
def test_repeats_change_nothing(database: Database, again: list[int]) -> None:
    store = MuteStore(database)
    for body in (*STEPS, *(STEPS[place] for place in again)):
        store.tell_mute(body)
    assert store.mutes() == [replace(MUTE, ended_ms=1_500), replace(MUTE, id="m2")]


def test_whoever_writes_may_ask(database: Database) -> None:
    """Alerts are decided within a transaction, by mutes that may be told at the same time."""
    store = MuteStore(database)
    store.tell_mute({"mute": MUTE.to_body()})
    with database.write():
        assert len(store.mutes()) == 1
