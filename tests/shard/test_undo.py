"""Undo gives a series back exactly what it lived by, and the journal says what happened."""

from __future__ import annotations

import numpy as np
import pytest

from learners.select import Choice, Window, choose
from learners.synthetic import stream
from monitor.domain.durations import HOUR_MS
from monitor.domain.observation import COLUMNS
from monitor.domain.records import Control, Kind
from monitor.domain.switch import Cause, Switch
from monitor.shard.assignment import Assignment
from tests.shard.driving import START, Run, st

COUNT = 128


def held(name: str = "seasonal") -> tuple[Run, np.ndarray]:
    """A series that waits for its second pass, with what is to come for it."""
    y = stream(name, 400, 3).y
    run = Run(assigns=False)
    for part in (slice(0, 34), slice(34, 130)):
        run.send(START + HOUR_MS * np.arange(400)[part], y[part])
        if part.start == 0:
            run.assign()
    assert run.shard.common["flags"][0] & st.HELD
    return run, y


def other(name: str = "weekly") -> Choice:
    """What a pass might choose of quite other values: other models, a season of 168 slots."""
    y = stream(name, 1_008, 5).y
    return choose(Window(np.arange(len(y)), y, np.full(len(y), np.nan), HOUR_MS))


def assigned(run: Run, **what: object) -> tuple[Switch, ...]:
    item = Assignment(0, int(run.shard.clocks["final_n"][0]), **what)  # type: ignore[arg-type]
    run.apply(Control(Kind.ASSIGN, {"items": [item.to_body()]}))
    return run.applied[-1].switches


def rest(run: Run, y: np.ndarray) -> None:
    run.send(START + HOUR_MS * np.arange(400)[130:], y[130:])


@pytest.mark.parametrize("name", ["seasonal", "count", "smooth"])
def test_undone_at_once_it_is_as_if_the_switch_had_never_been(name: str) -> None:
    run, y = held(name)
    never = run.copied()
    assigned(never, choice=None, models=False)
    (switch,) = assigned(run, choice=other())
    assert switch.former is not None
    assert switch.before != switch.after
    (undone,) = assigned(run, choice=None, pinned=True, former=switch.former)
    assert undone.cause is Cause.UNDO
    assert (undone.before, undone.after) == (switch.after, switch.before)
    never.shard.common["flags"][0] |= st.PINNED
    assert run.digest() == never.digest()
    run.due.clear()
    for one in (run, never):
        one.assigns = True
        rest(one, y)
    for column in COLUMNS:
        np.testing.assert_array_equal(
            getattr(run.observations(), column), getattr(never.observations(), column)
        )
    assert run.digest() == never.digest()


def test_undone_later_it_goes_on_from_where_the_models_stood() -> None:
    run, y = held()
    at_switch = run.copied()
    assigned(at_switch, choice=None, models=False)
    (switch,) = assigned(run, choice=other())
    run.send(START + HOUR_MS * np.arange(400)[130:200], y[130:200])
    (undone,) = assigned(run, choice=None, pinned=True, former=switch.former)
    assert undone.buckets == int(run.shard.clocks["final_n"][0])
    for one in (run, at_switch):
        one.shard.common["flags"][0] |= st.PINNED
    for k in range(2):
        mine, theirs = run.shard.bank._chosen(0, k), at_switch.shard.bank._chosen(0, k)
        assert mine.record == theirs.record
        np.testing.assert_array_equal(mine.season, theirs.season)


def test_passes_change_nothing_until_the_contest_is_opened_again() -> None:
    run, y = held()
    (switch,) = assigned(run, choice=other())
    assigned(run, choice=None, pinned=True, former=switch.former)
    run.due.clear()
    rest(run, y)
    run.assigns = True
    before = run.shard.bank.lived(0)
    run.shard.common["flags"][0] |= st.HELD
    assert assigned(run, choice=other()) == ()
    assert run.shard.bank.lived(0).champion.record == before.champion.record
    (opened,) = assigned(run, choice=None, models=False, pinned=False)
    assert opened.cause is Cause.CONTEST
    run.shard.common["flags"][0] |= st.HELD
    (again,) = assigned(run, choice=other())
    assert again.cause is Cause.LEARNED
    assert again.reasons[-1].startswith(next(iter(again.losses)))


def test_undoing_an_undo_goes_forward_again() -> None:
    run, _ = held()
    (switch,) = assigned(run, choice=other())
    new = run.shard.bank.lived(0)
    (undone,) = assigned(run, choice=None, pinned=True, former=switch.former)
    assigned(run, choice=None, pinned=True, former=undone.former)
    back = run.shard.bank.lived(0)
    assert back.champion.record == new.champion.record
    np.testing.assert_array_equal(back.champion.season, new.champion.season)


def test_a_person_s_word_for_a_row_that_is_gone_is_nothing() -> None:
    run, _ = held()
    (switch,) = assigned(run, choice=other())
    run.apply(Control(Kind.FORGET, {"rows": [0]}))
    assert assigned(run, choice=None, pinned=True, former=switch.former) == ()
    assert assigned(run, choice=None, pinned=False) == ()
