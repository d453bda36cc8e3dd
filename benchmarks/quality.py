"""Faults of every kind planted into every class of series: who finds which, how soon, at what price.

A cell is one class with one kind of fault: a few series, warm for half of their length, then `FAULTS` faults
of that kind each, far apart. What is said in the warm half does not count. "none" is the class without
faults.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.detectors import DETECTORS, EVERY, SLOW, SYSTEM, Flags, Series
from benchmarks.drive import START_MS, whole
from benchmarks.figure import Figure
from benchmarks.measures import Span, Tally, tally
from learners.faults import KINDS, Fault, kinds_of, length_of, plant
from learners.processes import CLASSES, Block, Process
from monitor.domain.durations import DAY_MS, MINUTE_MS

TITLE = "Planted faults by class and kind: default system, baseline families alone, peers"
NONE = "none"
FAULTS = 3
_SEED = 77
_BUCKETS = {MINUTE_MS: 10_080, 5 * MINUTE_MS: 6_048, 60 * MINUTE_MS: 4_032}


@dataclass(frozen=True, slots=True)
class Size:
    """``series`` a cell; River's detectors get the first ``slow`` of them, and one class in ``sparse``."""

    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    series: int
    slow: int
    shrink: int = 1


FULL = Size(tuple(CLASSES), (*KINDS, NONE), 3, 1)
TOY = Size(("gaussian", "ratio", "daily, 1 h"), ("spike", "missing", NONE), 1, 1, 4)
_SLOW_KINDS = ("spike", "level shift", NONE)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one detector did; ``firsts`` tallies the first fault of each series alone."""

    detector: str
    metric_class: str
    kind: str
    tally: Tally
    firsts: Tally


def run(toy: bool) -> list[Figure]:
    return figures(cells(TOY if toy else FULL))


def cells(size: Size) -> list[Cell]:
    """Every detector on every cell; one class after another."""
    found: list[Cell] = []
    for name in size.classes:
        kinds = [k for k in (*kinds_of(name), NONE) if k in size.kinds]
        planted = {kind: _planted(name, kind, size) for kind in kinds}
        found += _class_cells(name, planted, size)
    return found


def buckets_of(name: str, shrink: int = 1) -> int:
    """Length of a series; two seasons at least."""
    law = CLASSES[name]
    whole = max(_BUCKETS[law.cadence_ms] // shrink, 2 * law.period)
    return -(-whole // 48) * 48


def _planted(name: str, kind: str, size: Size) -> tuple[Block, list[Fault]]:
    buckets = buckets_of(name, size.shrink)
    seed = _SEED + 1 + (*KINDS, NONE).index(kind)
    block = Process(name, size.series, seed).whole(buckets)
    if kind == NONE:
        return block, []
    rng = np.random.default_rng([seed, list(CLASSES).index(name), 11])
    length = length_of(kind, name)
    room = (buckets - buckets // 2) // FAULTS
    faults = [
        Fault(
            kind, row, buckets // 2 + k * room + int(rng.integers(room // 8, room // 2 - length // 2)), length
        )
        for row in range(size.series)
        for k in range(FAULTS)
    ]
    plant(block, faults, CLASSES[name].period)
    return block, faults


def _class_cells(name: str, planted: dict[str, tuple[Block, list[Fault]]], size: Size) -> Iterable[Cell]:
    cadence = CLASSES[name].cadence_ms
    of_kind: dict[str, list[Series]] = {}
    for kind, (block, _) in planted.items():
        n = block.n if block.n is not None else [None] * size.series
        of_kind[kind] = [
            Series(value, block.value.shape[1] // 2, cadence, START_MS, n[row])
            for row, value in enumerate(block.value)
        ]
    for detector in EVERY:
        slow = detector in SLOW
        kinds = [k for k in planted if not slow or k in _SLOW_KINDS]
        some = {kind: of_kind[kind][: size.slow if slow else None] for kind in kinds}
        flat = [one for kind in kinds for one in some[kind]]
        flags = iter((SLOW if slow else DETECTORS)[detector](flat))
        for kind in kinds:
            flagged = [next(flags) for _ in some[kind]]
            if detector == SYSTEM and kind == "missing":
                flagged = _with_no_data(planted[kind][0], flagged, cadence)
            yield _cell(detector, name, kind, flagged, planted[kind][1])


def _with_no_data(block: Block, flagged: list[Flags], cadence_ms: int) -> list[Flags]:
    """A back-test has no row where nothing was sent: when "no data" opened is asked of the shard."""
    for one in whole(block, cadence_ms).opened:
        if one.cause == "no data":
            flagged[one.row][min(one.known, len(flagged[one.row]) - 1)] = True
    return flagged


def _cell(detector: str, name: str, kind: str, flagged: list[Flags], faults: list[Fault]) -> Cell:
    count = partial(tally, cadence_ms=CLASSES[name].cadence_ms, early=0)
    every, firsts = Tally(), Tally()
    for row, flags in enumerate(flagged):
        half = len(flags) // 2
        spans = [Span(f.start - half, f.end - half) for f in faults if f.row == row]
        every.add(count(flags[half:], spans))
        firsts.add(count(flags[half : half + spans[0].end], spans[:1]) if spans else Tally())
    return Cell(detector, name, kind, every, firsts)


def select(found: Iterable[Cell], **wanted: str) -> Tally:
    """The sum over cells with these attributes."""
    return Tally.of(c.tally for c in found if all(getattr(c, key) == value for key, value in wanted.items()))


def figures(found: list[Cell]) -> list[Figure]:
    told: list[Figure] = []
    for detector in EVERY:
        mine = [c for c in found if c.detector == detector]
        told += _measures(
            detector, Tally.of(c.tally for c in mine), "part of the streams" * (detector in SLOW)
        )
    system = [c for c in found if c.detector == SYSTEM]
    for name in dict.fromkeys(c.metric_class for c in system):
        told += _measures(f"{SYSTEM}, {name}", select(system, metric_class=name), _by_kind(system, name))
    for kind in dict.fromkeys(c.kind for c in system):
        told += _measures(f"{SYSTEM}, {kind}", select(system, kind=kind), "")
    return told


def _by_kind(found: list[Cell], name: str) -> str:
    cells = [c for c in found if c.metric_class == name and c.kind != NONE]
    return ", ".join(f"{c.kind} {c.tally.met}/{c.tally.spans}" for c in cells)


def _measures(name: str, all_of: Tally, note: str) -> list[Figure]:
    told = [Figure(f"{name}: false alarms", all_of.false_per_week, "a series and week")]
    if not all_of.spans:
        return told
    told += [
        Figure(f"{name}: recall", 100.0 * all_of.recall, "%", note=note),
        Figure(f"{name}: precision", 100.0 * all_of.precision, "%"),
        Figure(f"{name}: event F1", all_of.event_f1, ""),
        Figure(f"{name}: delay-F1", all_of.delay_f1, "", note="k = 7"),
        Figure(f"{name}: false alarms by point", all_of.false_per_10k, "in 10,000 points"),
    ]
    if all_of.delays:
        told.append(
            Figure(f"{name}: delay", all_of.delay(0.5), "points", note=f"p90 {all_of.delay(0.9):.0f}")
        )
    return told


def days_of(name: str) -> float:
    """How long a series of class ``name`` is."""
    return buckets_of(name) * CLASSES[name].cadence_ms / DAY_MS
