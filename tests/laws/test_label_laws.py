"""Laws of labels in the shard: they hold at their place of the log, replay exactly, and leave nothing
behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings

from monitor.domain.influence import votes
from monitor.domain.labels import Label, Said
from monitor.domain.shape import Shape, Statistic
from tests.laws.test_shard_laws import NAMES, Stream, feed, pieces, run_of, streams
from tests.shard.driving import Run
from tests.shard.labelling import label, shape_of, tell, undo

FEW = settings(max_examples=8)
VERDICTS = (Said.TRUE, Said.FALSE_ALARM, Said.EXPECTED, Said.NEW_NORMAL)


@dataclass
class Script:
    """Parts of a stream, and after each the labels that are set and the ids of those taken back."""

    parts: list[Stream]
    set: list[list[Label]]
    undone: list[list[str]]


def script(stream: Stream, rng: np.random.Generator, verdicts: Sequence[Said], back: bool) -> Script:
    """Labels of what was told by then, as if somebody had sat beside it."""
    run, made = run_of(), Script(pieces(stream, rng), [], [])
    known: list[Label] = []
    for part in made.parts:
        feed(run, part)
        told = [(row, one) for row in range(len(NAMES)) for one in run.told(row, "opened")]
        fresh: list[Label] = []
        for _ in range(int(rng.integers(0, 4)) if told else 0):
            row, one = told[int(rng.integers(len(told)))]
            statistic = list(Statistic)[int(rng.integers(3))]
            shape = shape_of(run, one, float(rng.uniform(1.0, 40.0)), row, statistic)
            said = verdicts[int(rng.integers(len(verdicts)))]
            of, user = f"{row}-{one.onset_ms}", f"user:{rng.integers(3)}"
            fresh.append(label(f"l{len(known) + len(fresh)}", said, shape, of=of, user=user))
        gone = [old.id for old in known if back and rng.random() < 0.3]
        made.set.append(fresh)
        made.undone.append(gone)
        known = [old for old in known if old.id not in gone] + fresh
        for each in fresh:
            tell(run, each)
        for id in gone:
            undo(run, id)
    return made


def played(made: Script, rng: np.random.Generator | None = None, resume: bool = False) -> Run:
    """With ``rng`` each part is cut further."""
    run = run_of()
    for part, fresh, gone in zip(made.parts, made.set, made.undone, strict=True):
        for piece in pieces(part, rng) if rng is not None else [part]:
            feed(run, piece)
        if resume:
            run.resume()
        for one in fresh:
            tell(run, one)
        for id in gone:
            undo(run, id)
        if resume:
            before = run.digest()
            run.resume()
            assert run.digest() == before
    return run


@FEW
@given(streams())
def test_how_samples_between_labels_are_cut_changes_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    log = script(stream, rng, VERDICTS, back=True)
    one, many = played(log), played(log, rng)
    assert many.outcome() == one.outcome()
    assert many.digest() == one.digest()


@FEW
@given(streams())
def test_snapshot_and_resume_between_labels_change_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    log = script(stream, rng, VERDICTS, back=True)
    one, paused = played(log), played(log, resume=True)
    assert paused.outcome() == one.outcome()
    assert paused.digest() == one.digest()


@FEW
@given(streams())
def test_false_alarms_taken_back_leave_nothing_behind(made: tuple[Stream, np.random.Generator]) -> None:
    """Whatever came between: quiet anomalies are followed as others are."""
    stream, rng = made
    log = script(stream, rng, (Said.FALSE_ALARM,), back=True)
    run, never = played(log), run_of()
    for part in log.parts:
        feed(never, part)
    for one in [one.id for fresh in log.set for one in fresh]:
        undo(run, one)
    assert run.digest() == never.digest()


@FEW
@given(streams())
def test_labels_taken_back_at_once_leave_nothing_behind(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    log = script(stream, rng, (Said.TRUE, Said.FALSE_ALARM, Said.EXPECTED), back=False)
    run, never = run_of(), run_of()
    for part, fresh in zip(log.parts, log.set, strict=True):
        for each in (run, never):
            feed(each, part)
        for one in fresh:
            tell(run, one)
        for place in rng.permutation(len(fresh)):
            undo(run, fresh[int(place)].id)
    assert run.outcome() == never.outcome()
    assert run.digest() == never.digest()


@FEW
@given(streams())
def test_what_is_told_with_false_alarms_is_part_of_what_is_told_without(
    made: tuple[Stream, np.random.Generator],
) -> None:
    stream, rng = made
    log = script(stream, rng, (Said.FALSE_ALARM,), back=False)
    run, never = played(log), run_of()
    for part in log.parts:
        feed(never, part)
    for row in range(len(NAMES)):
        with_labels = {(one.onset_ms, one.kind) for one in run.told(row, "closed")}
        assert with_labels <= {(one.onset_ms, one.kind) for one in never.told(row, "closed")}


def test_votes_are_a_function_of_the_labels_in_force() -> None:
    rng = np.random.default_rng(3)
    shape = Shape("0b", "orders", Statistic.VALUE, 1, 6.0, 1.0, 1, False, 0, 1)
    many = [
        label(f"l{i}", VERDICTS[int(rng.integers(4))], shape, of=f"t{rng.integers(9)}", user=f"u{i % 2}")
        for i in range(60)
    ]
    ordered = [Label.from_body(one.to_body(), position) for position, one in enumerate(many, start=1)]
    for gone in range(60):
        rest = [one for one in ordered if one.position != gone + 1]
        anew = [Label.from_body(one.to_body(), position) for position, one in enumerate(rest, start=1)]
        assert [v.label.id for v in votes(rest)] == [v.label.id for v in votes(anew)]
