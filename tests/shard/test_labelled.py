"""What a label does in the shard: what is told afterwards, and that an undo leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.score import L_OPEN, score
from monitor.domain.anomaly import Verdict
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.influence import DAILY
from monitor.domain.labels import Said
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from monitor.domain.shape import HALF_SCORE, Statistic, level_of
from monitor.shard.judgements import ASKED, CAP, HOLDS_MS, LASTS, SIZE_MARGIN, asked_again
from tests.shard.driving import START, Run, noise, play
from tests.shard.labelling import label, shape_of, tell, undo

FIRST, CUT = 2_000, 2_100
LIKE = FIRST + 1_440


def values(extra: dict[int, float]) -> NDArray[np.float64]:
    """Noise of width 1 with a spike of 14 at `FIRST`, and more."""
    y = noise(5_000)
    for at, size in {FIRST: 14.0, **extra}.items():
        y[at] += size
    return y


def begun(y: NDArray[np.float64], run: Run | None = None) -> Run:
    """Up to just after the first spike, which was told."""
    run = play(y[:CUT], run=run)
    assert [one.onset_ms for one in run.told(0, "opened")] == [START + FIRST * MINUTE_MS]
    return run


def go_on(run: Run, y: NDArray[np.float64], row: int = 0, end: int | None = None) -> list[int]:
    """Feed the rest; the buckets at which anomalies of the row were opened in it."""
    before = len(run.told(row, "opened"))
    part = y[CUT:end]
    run.send(START + MINUTE_MS * (CUT + np.arange(len(part))), part, row)
    return [(one.onset_ms - START) // MINUTE_MS for one in run.told(row, "opened")[before:]]


def test_levels_are_those_of_the_score() -> None:
    assert level_of(score(7.5)) == pytest.approx(7.5)
    assert score(HALF_SCORE) == 50.0
    assert CAP == 2.0 * L_OPEN


def test_a_false_alarm_keeps_its_like_quiet_and_what_is_larger_is_told() -> None:
    y = values({LIKE: 13.0, 4_500: 40.0})
    assert go_on(begun(y), y) == [LIKE, 4_500]
    run = begun(y)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    assert go_on(run, y) == [4_500]
    assert run.verdicts()[LIKE] == Verdict.QUIETED
    assert run.verdicts()[4_500] == Verdict.ANOMALY


def test_the_other_side_and_another_statistic_are_told() -> None:
    y = values({LIKE: -14.0})
    for statistic in Statistic:
        run = begun(y)
        tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0, statistic=statistic)))
        assert go_on(run, y) == [LIKE]


def test_what_lasts_is_told_though_its_start_was_quiet() -> None:
    y = values({})
    y[LIKE:] += 13.0
    run = begun(y)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    begin = LIKE + LASTS + 2
    assert go_on(run, y, end=begin) == []
    assert Verdict.ANOMALY not in run.verdicts()[CUT:]
    run.send(START + MINUTE_MS * (begin + np.arange(60)), y[begin : begin + 60])
    assert [one.onset_ms for one in run.told(0, "opened")][1:] == [START + LIKE * MINUTE_MS]
    assert run.told(0, "updated")[-1].kind == "level shift"


def test_what_is_asked_again_is_told_and_about_one_in_so_many_is() -> None:
    first = START // MINUTE_MS + LIKE
    asked = [after for after in range(1_000) if asked_again(first + after, 1.0)]
    assert 0.75 / ASKED < len(asked) / 1_000 < 1.25 / ASKED
    fewer = [after for after in range(1_000) if asked_again(first + after, 2.0)]
    assert set(fewer) < set(asked)
    assert 0.7 < 2.0 * len(fewer) / len(asked) < 1.3
    again = next(after for after in asked if after > 20)
    y = values({LIKE: 13.0, LIKE + again: 13.0})
    run = begun(y)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    assert go_on(run, y) == [LIKE + again]


@pytest.mark.parametrize(("said_size", "age_ms", "told"), [
    (14.0, 0, False),
    (10.5 / SIZE_MARGIN, 0, True),
    (14.0, HOLDS_MS - 2_880 * MINUTE_MS, False),
    (14.0, HOLDS_MS, True),
])  # fmt: skip
def test_a_label_speaks_of_no_larger_things_and_not_for_ever(
    said_size: float, age_ms: int, told: bool
) -> None:
    y = values({LIKE: 13.0})
    run = begun(y)
    shape = shape_of(run, run.told()[0], said_size)
    older = replace(shape, from_ms=shape.from_ms - age_ms, to_ms=shape.to_ms - age_ms)
    tell(run, label("a", Said.FALSE_ALARM, older))
    assert go_on(run, y) == ([LIKE] if told else [])


@pytest.mark.parametrize(("many", "told"), [(1, True), (2, False)])
def test_what_two_agree_on_reaches_further_in_size_and_time_of_day(many: int, told: bool) -> None:
    elsewhere = LIKE + 300
    y = values({elsewhere: 13.0, LIKE: 18.0})
    run = begun(y)
    for number in range(many):
        tell(run, label(f"l{number}", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    assert go_on(run, y) == ([LIKE, elsewhere] if told else [])


def test_labels_change_what_is_told_and_no_model() -> None:
    y = values({LIKE: 13.0, LIKE + 41: 12.0})
    without, run = begun(y), begun(y)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    go_on(without, y)
    assert go_on(run, y) == []
    assert run.digest() != without.digest()
    undo(run, "a")
    assert run.digest() == without.digest()


def test_an_undo_tells_of_what_is_still_open() -> None:
    y = values({LIKE: 13.0})
    run = begun(y)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    assert go_on(run, y, end=LIKE + 3) == []
    undo(run, "a")
    assert [one.onset_ms for one in run.told(0, "opened")][1:] == [START + LIKE * MINUTE_MS]


def test_one_confirmed_outweighs_one_false_alarm() -> None:
    y = values({LIKE: 13.0})
    run = begun(y)
    shape = shape_of(run, run.told()[0], 14.0)
    tell(run, label("a", Said.FALSE_ALARM, shape))
    tell(run, label("b", Said.TRUE, shape))
    assert go_on(run, y) == [LIKE]


def test_where_people_disagree_nothing_changes() -> None:
    y = values({LIKE: 13.0})
    run = begun(y)
    shape, alone = shape_of(run, run.told()[0], 14.0), run.digest()
    tell(run, label("a", Said.FALSE_ALARM, shape, of="x"))
    tell(run, label("b", Said.TRUE, shape, of="x", user="user:bob"))
    assert run.digest() == alone
    undo(run, "b")
    assert go_on(run, y) == []


def test_a_sibling_has_a_quarter_of_a_say() -> None:
    names = [Identity.of("orders", {"shop": shop}) for shop in "abcde"]
    for told, opened in ((3, [LIKE]), (4, [])):
        run, y = Run(names), values({LIKE: 13.0})
        for row in range(5):
            run.send(START + MINUTE_MS * np.arange(CUT), y[:CUT], row)
        for row in range(1, 1 + told):
            tell(
                run, label(f"l{row}", Said.FALSE_ALARM, shape_of(run, run.told(row, "opened")[0], 14.0, row))
            )
        assert go_on(run, y) == opened


@pytest.mark.parametrize(("confirmed", "false", "told"), [(0, 0, False), (1, 0, True), (1, 1, False)])
def test_a_confirmed_one_does_not_hide_its_equal_of_the_next_day(
    confirmed: int, false: int, told: bool
) -> None:
    """The tail has taken in the first one; whoever confirms it wants to be told again, unless as many of its
    size were false alarms."""
    y = noise(5_000)
    y[[FIRST, LIKE]] = 106.0
    run = begun(y)
    size = float(106.0 - run.observations().expected[FIRST])
    for said, many in ((Said.TRUE, confirmed), (Said.FALSE_ALARM, false)):
        for number in range(many):
            tell(run, label(f"{said}{number}", said, shape_of(run, run.told()[0], size)))
    assert go_on(run, y) == ([LIKE] if told else [])


def test_a_new_normal_is_normal_at_once_until_it_is_taken_back() -> None:
    y = values({})
    y[LIKE:] += 25.0
    run = begun(y)
    go_on(run, y, end=LIKE + 100)
    shift = run.told(0, "opened")[-1]
    assert run.told(0, "closed")[-1].onset_ms != shift.onset_ms
    tell(run, label("a", Said.NEW_NORMAL, shape_of(run, shift, 25.0)))
    assert run.told(0, "closed")[-1].onset_ms == shift.onset_ms
    run.send(START + MINUTE_MS * (LIKE + 100 + np.arange(50)), y[LIKE + 100 : LIKE + 150])
    assert run.verdicts()[-40:] == [Verdict.IN_BAND] * 40
    undo(run, "a")
    run.send(START + MINUTE_MS * (LIKE + 150 + np.arange(50)), y[LIKE + 150 : LIKE + 200])
    assert Verdict.ANOMALY in run.verdicts()[-50:]


def test_hundreds_of_labels_of_one_user_move_no_more_than_a_day_s_worth() -> None:
    y = values({LIKE: 13.0})
    run = begun(y)
    before, shape = run.digest(), shape_of(run, run.told()[0], 14.0)
    for number in range(300):
        tell(run, label(f"l{number}", Said.FALSE_ALARM, shape))
    assert len(run.shard.opinions) == DAILY
    run.resume()
    for number in range(300):
        undo(run, f"l{number}")
    assert run.digest() == before
    assert go_on(run, y) == [LIKE]


def test_what_was_said_of_a_forgotten_series_is_gone() -> None:
    y = values({})
    run = begun(y)
    tell(run, label("a", Said.TRUE, shape_of(run, run.told()[0], 14.0)))
    assert len(run.shard.opinions) == 1
    run.apply(Control(Kind.FORGET, {"rows": [0]}))
    assert len(run.shard.opinions) == len(run.shard.kin) == 0


def test_a_fixed_bound_is_told_whatever_people_said() -> None:
    y = values({LIKE: 13.0})
    run = Run()
    run.declare("orders", static_upper=112.5)
    begun(y, run)
    tell(run, label("a", Said.FALSE_ALARM, shape_of(run, run.told()[0], 14.0)))
    assert LIKE in go_on(run, y)


def test_a_day_is_one_of_the_wall_clock() -> None:
    y = values({})
    run = begun(y)
    shape = shape_of(run, run.told()[0], 14.0)
    for number in range(2 * DAILY):
        tell(run, label(f"l{number}", Said.FALSE_ALARM, shape, at_ms=number % 2 * DAY_MS))
    assert len(run.shard.opinions) == 2 * DAILY
