"""Ten thousand healthy series of mixed classes, a week each at one minute, through shard and learning passes:
how often does it cry wolf, beside the 3-sigma rule in the same run, and does it see what is planted?

One series in a hundred (of the small form's 500: one in eight) carries one spike and one level shift, on
other days each, from the third day on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from benchmarks.drive import Drive, Driven, Opened
from benchmarks.figure import Figure
from benchmarks.measures import events
from benchmarks.peers import RULE_WINDOW_MS, rolling_sigma
from learners.faults import LASTING, Fault, kinds_of, plant
from learners.processes import BLOCK, CLASSES, Process
from monitor.domain.durations import MINUTE_MS

TITLE = "Null run: healthy series of mixed classes at one minute, a week each, learning passes included"
NULL_CLASSES = tuple(name for name, law in CLASSES.items() if law.cadence_ms == MINUTE_MS)
WEEK = 7 * 1440
SHIFT_WITHIN = 10
_SEED = 20_261_126
_GROUP = 25  # series of a class in one shard
_SETTLED_FROM = 1440
_DAY, _WEEKEND = 1440, 5  # the run begins on a Monday
_SPIKE_FROM, _SHIFT_FROM, _TO = 2 * 1440, 4 * 1440 + 720, WEEK - 200


@dataclass(frozen=True, slots=True)
class Size:
    """``planted``: of so many series of a class one carries faults."""

    per_class: int
    planted: int
    buckets: int = WEEK
    workers: int = 2


FULL = Size(10_000 // len(NULL_CLASSES), 100)
SMALL = Size(500 // len(NULL_CLASSES), 8)
TOY = Size(2, 2, 2 * 1440, 1)


@dataclass(slots=True)
class Counts:
    """Of one class; all but ``planted`` and ``found`` are those of series without faults. ``inside``: buckets
    that are part of anomalies, since one that never ends is only one."""

    series: int = 0
    anomalies: int = 0
    first_day: int = 0
    inside: int = 0
    rule: int = 0
    by_series: list[int] = field(default_factory=list)
    causes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class _Task:
    """``series`` of each class from the ``first`` on."""

    first: int
    series: int
    buckets: int
    planted: int  # one in so many


def run(toy: bool) -> list[Figure]:
    return figures(measured(TOY if toy else SMALL), TOY if toy else SMALL)


def measured(size: Size) -> dict[str, Counts]:
    """Counts by class."""
    tasks = [
        _Task(first, min(_GROUP, size.per_class - first), size.buckets, size.planted)
        for first in range(0, size.per_class, _GROUP)
    ]
    total = {name: Counts() for name in NULL_CLASSES}
    for part in _results(tasks, size.workers):
        for name, counts in part.items():
            total[name].add(counts)
    return total


def _results(tasks: list[_Task], workers: int) -> Iterator[dict[str, Counts]]:
    if workers == 1 or len(tasks) == 1:
        yield from map(_group, tasks)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_group, tasks)


def faults_of(name: str, row: int, seed: int, buckets: int = WEEK) -> list[Fault]:
    """The faults that a planted series gets: a spike, and later a level shift, where its class can."""
    rng = np.random.default_rng([_SEED, seed, 7])
    scale = buckets / WEEK
    spans = {"spike": (_SPIKE_FROM, _SHIFT_FROM - 200, 1), "level shift": (_SHIFT_FROM, _TO, LASTING)}
    found = []
    for kind, (low, high, length) in spans.items():
        start = int(rng.integers(int(low * scale), int(high * scale) - length))
        if kind in kinds_of(name):
            found.append(Fault(kind, row, start, length))
    return found


def _group(task: _Task) -> dict[str, Counts]:
    names = NULL_CLASSES
    sources = [iter(Process(name, task.series, _SEED + task.first)) for name in names]
    planted: list[list[Fault]] = []
    for name in names:
        rows = [row for row in range(task.series) if (task.first + row) % task.planted == task.planted - 1]
        planted.append([f for row in rows for f in faults_of(name, row, task.first + row, task.buckets)])
    drive = Drive(len(names) * task.series, task.buckets, MINUTE_MS)
    for first in range(0, task.buckets, BLOCK):
        values, counts = [], []
        for source, faults in zip(sources, planted, strict=True):
            block = next(source)
            plant(block, faults)
            values.append(block.value)
            counts.append(block.n if block.n is not None else np.full(block.value.shape, np.nan))
        drive.send(first, np.concatenate(values), np.concatenate(counts))
    driven = drive.end()
    return {
        name: _counted(driven, drive.values, planted[k], slice(k * task.series, (k + 1) * task.series))
        for k, name in enumerate(names)
    }


def _counted(driven: Driven, values: NDArray[np.float64], faults: list[Fault], rows: slice) -> Counts:
    counts = Counts()
    carry = {fault.row for fault in faults}
    by_row: dict[int, list[Opened]] = {}
    for one in driven.opened:
        by_row.setdefault(one.row - rows.start, []).append(one)
    for row in range(rows.stop - rows.start):
        told = by_row.get(row, [])
        if row in carry:
            continue
        counts.series += 1
        counts.anomalies += len(told)
        counts.by_series.append(len(told))
        counts.first_day += sum(one.onset < _SETTLED_FROM for one in told)
        counts.inside += int(np.count_nonzero(driven.flagged[rows.start + row]))
        counts.causes.update((one.cause, one.model, one.metric_class) for one in told)
        with np.errstate(invalid="ignore"):
            rule = rolling_sigma(values[rows.start + row], RULE_WINDOW_MS // MINUTE_MS) > 3.0
        counts.rule += len(events(rule))
    for fault in faults:
        within = 1 if fault.kind == "spike" else SHIFT_WITHIN
        met = any(fault.start <= one.onset < fault.start + within for one in by_row.get(fault.row, []))
        working = fault.start // _DAY < _WEEKEND
        for kind in (fault.kind, f"{fault.kind}, working days")[: 1 + working]:
            counts.planted[kind] += 1
            counts.found[kind] += met
    return counts


def figures(found: dict[str, Counts], size: Size) -> list[Figure]:
    weeks = size.buckets / WEEK
    total = Counts()
    for counts in found.values():
        total.add(counts)
    series = total.series * weeks
    told = [
        Figure(
            "anomalies per series and week",
            total.anomalies / series,
            "a week",
            0.1,
            True,
            f"{total.series:,} series without faults, {total.first_day / series:.3g} of it on the first day",
        ),
        Figure("time inside anomalies", 100.0 * total.inside / (total.series * size.buckets), "%"),
        Figure("series with none", 100.0 * total.by_series.count(0) / total.series, "%"),
        Figure(
            "3-sigma rule per series and week", total.rule / series, "a week", note="events, day's window"
        ),
        _recall(total, "spike", 95.0),
        _recall(total, "level shift", 90.0),
    ]
    for name, counts in found.items():
        weeks_of = max(counts.series * weeks, 1e-9)
        causes = ", ".join(f"{n} {' / '.join(why)}" for why, n in counts.causes.most_common(3))
        seen = ", ".join(f"{kind} {counts.found[kind]} of {n}" for kind, n in sorted(counts.planted.items()))
        inside = counts.inside / max(counts.series * size.buckets, 1)
        rule = f"rule {counts.rule / weeks_of:.3g}; {inside:.1%} of the time inside"
        note = "; ".join(part for part in (rule, seen, causes) if part)
        told.append(Figure(f"anomalies: {name}", counts.anomalies / weeks_of, "a week", None, True, note))
    return told


def _recall(total: Counts, kind: str, goal: float) -> Figure:
    share = 100.0 * total.found[kind] / max(total.planted[kind], 1)
    within = "at its bucket" if kind == "spike" else f"within {SHIFT_WITHIN} buckets"
    working = f"{kind}, working days"
    weekdays = f"working days {total.found[working]} of {total.planted[working]}"
    note = f"of {total.planted[kind]}, {within}; {weekdays}"
    return Figure(f"recall: {kind}", share, "%", goal, note=note)
