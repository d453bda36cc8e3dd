"""Absorbed drift through the shard: one change, whatever else goes on; the reference in snapshots and
replays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.drift.reference import Reference
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.records import Control, Kind
from monitor.shard import state as st
from monitor.shard.absorbed import told_already
from tests.shard.driving import START, Run, Told, noise, play

BEFORE, DAYS = 35, 90


def drifting(cadence: int, seed: int = 1, days: int = DAYS) -> NDArray[np.float64]:
    """0.1 scales a day for 30 days on a level with noise of scale 1, then the level that was reached."""
    at = np.arange(days * DAY_MS // cadence) * cadence / DAY_MS
    return noise(len(at), seed) + np.clip(0.1 * (at - BEFORE), 0.0, 3.0)


def drifts(run: Run) -> list[Told]:
    return [one for one in run.told() if one.kind == "absorbed drift"]


def reference(run: Run, row: int = 0) -> Reference:
    return Reference.of(run.shard.references[row].tobytes())


@pytest.mark.parametrize("cadence", [HOUR_MS, 5 * MINUTE_MS])
def test_a_ramp_that_the_band_absorbs_is_told_once(cadence: int) -> None:
    run = play(drifting(cadence), cadence)
    (one,) = drifts(run)
    assert run.told() == [one], "the band stays silent"
    assert (one.change, one.direction) == ("closed", 1)
    day = (one.at_ms - START) / DAY_MS
    assert BEFORE + 14 < day < BEFORE + 36
    assert (one.onset_ms - START) / DAY_MS < BEFORE + 1
    assert one.end_ms == one.last_ms + cadence
    assert one.buckets == (one.end_ms - one.onset_ms) // cadence
    assert one.level >= 5.0
    assert run.shard.common["episode"][0] == -1


def test_pauses_and_cuts_change_nothing() -> None:
    values = drifting(HOUR_MS)
    whole, parts = play(values, HOUR_MS), Run()
    for at in range(0, len(values), 100):
        piece = slice(at, min(at + 100, len(values)))
        parts.send(START + HOUR_MS * np.arange(piece.start, piece.stop), values[piece])
        parts.resume()
    assert parts.outcome() == whole.outcome()
    assert parts.digest() == whole.digest()
    assert reference(parts) == reference(whole)
    assert reference(whole).unit > 0.0


def test_a_replay_of_the_log_tells_the_same() -> None:
    first = Run(assigns=False)
    entries: list[Control] = []
    play(drifting(HOUR_MS), HOUR_MS, run=first)
    while first.due:
        before = len(first.applied)
        row = first.due.pop()
        entries.append(first.assignment([row]))
        first.apply(entries[-1])
        assert len(first.applied) == before + 1
    again = Run(assigns=False)
    play(drifting(HOUR_MS), HOUR_MS, run=again)
    for entry in entries:
        again.apply(entry)
    assert again.outcome() == first.outcome()
    assert again.digest() == first.digest()
    assert len(drifts(again)) == 1


def test_an_open_anomaly_goes_on_beside_the_report() -> None:
    values = drifting(HOUR_MS)
    when = int((drifts(play(values, HOUR_MS))[0].last_ms - START) // HOUR_MS)
    values[when - 2 : when + 4] += 30.0
    run = play(values, HOUR_MS)
    (one,) = drifts(run)
    spike = [told for told in run.told() if told.kind == "spike"]
    assert spike[0].change == "opened"
    assert spike[0].at_ms <= one.at_ms < spike[-1].at_ms
    assert spike[-1].change == "closed"
    assert spike[-1].buckets == 6


def test_a_level_shift_was_told_and_is_no_drift() -> None:
    values = noise(24 * 120)
    values[24 * 50 :] += 12.0
    run = play(values, HOUR_MS)
    assert {one.kind for one in run.told()} <= {"spike", "level shift"}
    assert run.told(0, "closed")[-1].kind == "level shift"
    assert reference(run).offset + reference(run).unit * reference(run).level == pytest.approx(112.0, abs=0.5)


def test_only_shifts_that_lasted_renew_the_reference() -> None:
    changes = np.zeros(5, st.CHANGE)
    changes["row"] = np.arange(5)
    changes["kind"] = [st.LEVEL_SHIFT, st.LEVEL_SHIFT, st.LEVEL_SHIFT, st.SPIKE, st.LEVEL_SHIFT]
    changes["change"] = [st.CLOSED, st.UPDATED, st.CLOSED, st.CLOSED, st.CLOSED]
    changes["end_ms"] = [7 * DAY_MS, -1, 7 * DAY_MS - 1, 9 * DAY_MS, 8 * DAY_MS]
    assert told_already(changes)["row"].tolist() == [0, 4]


def test_a_forgotten_series_leaves_no_reference_behind() -> None:
    run = play(noise(24 * 60), HOUR_MS)
    assert reference(run).unit > 0.0
    run.apply(Control(Kind.FORGET, {"rows": [0]}))
    assert reference(run) == Reference()
