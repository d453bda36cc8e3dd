"""A shard is a deterministic state machine: ``apply(shard, entry) -> Applied``, in a straight line.

Event time only: no wall clock, no randomness. The same entries in the same order give the same state and
the same results, however samples are cut into batches, and whatever the order of arrival inside the
lateness bound. About 100-200 ns a sample.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import Mode
from monitor.domain.records import Entry, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.shard import heeding
from monitor.shard.absorbed import emptied, told_already
from monitor.shard.assigning import assign
from monitor.shard.assignment import Assignment
from monitor.shard.declaring import declare
from monitor.shard.feeding import advance, drain, feed
from monitor.shard.pauses import told as told_of_pause
from monitor.shard.results import Applied
from monitor.shard.shard import Shard

_NO_N: NDArray[np.float64] = np.full(1, np.nan)


def apply(shard: Shard, entry: Entry) -> Applied:
    """Apply the entry of one log record. Never raises on what the intake has accepted."""
    shard.renewed = []
    if isinstance(entry, Samples):
        _samples(shard, entry)
    elif isinstance(entry, Tick):
        advance(shard, entry)
    elif entry.kind == Kind.ASSIGN:
        assign(shard, [Assignment.from_body(body) for body in entry.body["items"]])
    elif entry.kind == Kind.METRIC:
        declare(shard, entry.body["name"], entry.body["declaration"])
    elif entry.kind == Kind.FORGET:
        _forget(shard, entry.body["rows"])
    elif entry.kind == Kind.LABEL:
        heeding.told(shard, entry.body)
    elif entry.kind in (Kind.MUTE, Kind.CALENDAR):
        told_of_pause(shard.pauses, entry.body, entry.body.get("rows", ()))
        shard.locate()
    drain(shard)
    if shard.unheard:
        heeding.heed(shard)
    applied = shard.results.take()
    _compare_anew(shard, applied.changes)
    return applied


def _samples(shard: Shard, entry: Samples) -> None:
    for row, canonical in entry.new_series:
        shard.admit(row, Identity.from_canonical(canonical))
    n = entry.n if entry.n is not None else _NO_N
    if len(entry) == len(n) == 1 and entry.n is None:
        n = np.full(2, np.nan)
    feed(shard, entry.row, entry.ts_ms, entry.value, n, entry.mode == Mode.BACKFILL)


def _forget(shard: Shard, rows: Iterable[int]) -> None:
    for row in rows:
        if row < shard.rows:
            shard.clear(row)
    shard.labelled.forget(rows)
    shard.unheard |= len(shard.labelled) > 0


def _compare_anew(shard: Shard, changes: NDArray[np.void]) -> None:
    """A level shift that has been told needs no reference from before it any more."""
    for shift in told_already(changes) if len(changes) else ():
        zone = int(shard.rules.table["zone"][shard.clocks["rule"][shift["row"]]])
        (civil_ms,) = shard.rules.zones.civil(zone, shift["end_ms"].reshape(1))
        shard.references[shift["row"]] = emptied(int(civil_ms))
