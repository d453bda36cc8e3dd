"""What a shard does with the assignments of a record: passes' choices, and what a person undid.

Both hold from the place of the record in the log on, and each change of what a series lives by is told as a
switch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from learners.drift import reference
from monitor.shard import state as st
from monitor.shard.absorbed import change_of
from monitor.shard.assignment import Assignment, place
from monitor.shard.episodes import close_all
from monitor.shard.feeding import make_room_to_mark
from monitor.shard.former import Was, restore, switched, was
from monitor.shard.pool import mark
from monitor.shard.shard import Shard


def assign(shard: Shard, assignments: Iterable[Assignment]) -> None:
    for item in assignments:
        if item.pinned is not None:
            _told_by_person(shard, item)
        elif _waits(shard, item):
            _chosen_by_pass(shard, item)


def _waits(shard: Shard, item: Assignment) -> bool:
    row = item.row
    if row >= shard.rows or not shard.common["flags"][row] & st.HELD:
        return False
    return int(shard.clocks["final_n"][row]) == item.final_n


def _chosen_by_pass(shard: Shard, item: Assignment) -> None:
    """The series goes on where it stood when it was held. Of one that is pinned nothing but drift is told."""
    row = item.row
    if shard.common["flags"][row] & st.PINNED:
        item = replace(item, choice=None, models=False, former=None, bars=None)
    before = _was(shard, item)
    place(shard.bank, shard.profiles, shard.clocks, item)
    if item.former is not None:
        restore(shard.bank, shard.profiles, shard.clocks, row, item.former)
    shard.locate()
    _note(shard, item, before)
    _compare(shard, item)
    if item.models or item.former is not None:
        _end_anomaly(shard, row)
    shard.common["flags"][row] &= ~st.HELD & 0xFF
    make_room_to_mark(shard)
    mark(shard.directory[0], row)


def _told_by_person(shard: Shard, item: Assignment) -> None:
    """Undo, or the contest opened again; at the place of the record in the log, like a declaration."""
    row = item.row
    if row >= shard.rows or not shard.common["flags"][row] & st.LIVE:
        return
    before = _was(shard, item)
    if item.pinned:
        shard.common["flags"][row] |= st.PINNED
    else:
        shard.common["flags"][row] &= ~st.PINNED & 0xFF
    if item.former is not None:
        restore(shard.bank, shard.profiles, shard.clocks, row, item.former)
        shard.locate()
        _end_anomaly(shard, row)
    _note(shard, item, before)


def _was(shard: Shard, item: Assignment) -> Was:
    row = item.row
    return was(shard.bank, shard.common[row], shard.profiles[row], shard.clocks[row], item)


def _note(shard: Shard, item: Assignment, before: Was) -> None:
    row = item.row
    following = shard.newest_final(row) + 1
    told = switched(item, before, shard.common[row], shard.profiles[row], shard.clocks[row], following)
    if told is not None:
        shard.results.switches.append(told)
    shard.probation.heard(item, told, int(shard.clocks["cadence"][row]))


def _compare(shard: Shard, item: Assignment) -> None:
    """The reference as the pass left it, and the drift that it found."""
    if item.reference is not None:
        shard.references[item.row] = np.frombuffer(item.reference, reference.dtype)[0]
    if item.absorbed is not None:
        cadence_ms = int(shard.clocks["cadence"][item.row])
        shard.results.tell(change_of(item.row, cadence_ms, item.absorbed))


def _end_anomaly(shard: Shard, row: int) -> None:
    """New models ask anew whether the series is as it should be."""
    if int(shard.common["episode"][row]) >= 0:
        shard.results.make_room_to_tell()
        close_all(shard.directory[0], row, shard.final_ms(row))
