"""A thousand labels of one user who means harm: all that was rightly raised is called a false alarm.

Spikes and dips are planted into a fleet of several classes, a few a series and half. After the first half
the user says "false alarm" a thousand times, of what was raised, each series in turn, all on one day. What
counts is how many of the faults of the second half are met; and, after all of it is undone, whether the
state is that of before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice

import numpy as np

from benchmarks.detectors import Series
from benchmarks.drive import START_MS
from benchmarks.figure import Figure
from benchmarks.labels import Stream, judge, label_of, play
from benchmarks.real import Labelled
from learners.faults import Fault, length_of, plant
from learners.processes import BLOCK, CLASSES, Process
from monitor.domain.anomaly import Anomaly
from monitor.domain.labels import Label, Target, TargetKind
from monitor.domain.records import Control, Kind
from monitor.shadow import Shadow

TITLE = "A thousand hostile labels of one user: planted faults met, and the state after all are undone"
MANY, FEW = 1_000, 40
_CLASSES = ("gaussian", "autoregressive", "heavy", "poisson")
_SEED = 91
_PER_HALF = 4


def run(toy: bool) -> list[Figure]:
    streams = fleet(2 if toy else 25, 20 * BLOCK if toy else 100 * BLOCK)
    many = FEW if toy else MANY
    raised: list[Anomaly] = []
    states: list[bool] = []

    def look(shadow: Shadow) -> list[Label]:
        raised.extend(sorted(shadow.anomalies.values(), key=lambda one: one.onset_ms))
        return []

    def attack(shadow: Shadow) -> list[Label]:
        before = shadow.engine.ask(0, "digest")
        labels = hostile(raised, many)
        bodies = [label.to_body() for label in labels]
        bodies += [{"undoes": one.id, "user": one.user, "at_ms": one.at_ms} for one in labels]
        for body in bodies:
            shadow.engine.control(Control(Kind.LABEL, body)).result()
        shadow.settle()
        states.append(shadow.engine.ask(0, "digest") == before)
        return labels

    without = judge(streams, play(streams, look))
    under = judge(streams, play(streams, attack))
    return [
        Figure("series", len(streams), ""),
        Figure("labels", many if raised else 0, "", note=f"of {len(raised)} anomalies"),
        Figure("recall without", 100.0 * without.recall, "%", note=f"{without.met} of {without.faults}"),
        Figure("recall under them", 100.0 * under.recall, "%", note=f"{under.met} of {under.faults}"),
        Figure(
            "recall lost", max(100.0 * (without.recall - under.recall), 0.0), "points", goal=5.0, at_most=True
        ),
        Figure("state as before once undone", float(all(states)), "of 1", goal=1.0),
    ]


def fleet(each: int, buckets: int) -> list[Stream]:
    """Streams of every class with their faults, half of them up and half down where that can be."""
    found = []
    for number, name in enumerate(_CLASSES):
        block = Process(name, each, _SEED + number).whole(buckets)
        rng = np.random.default_rng([_SEED, number])
        faults = [
            Fault(kind, row, start, length_of(kind, name))
            for row in range(each)
            for start, kind in zip(_starts(rng, buckets), cycle(("spike", "dip")), strict=False)
        ]
        plant(block, faults, CLASSES[name].period)
        for row in range(each):
            label = np.zeros(buckets, np.bool_)
            for fault in faults:
                if fault.row == row:
                    label[fault.start : fault.end] = True
            cadence = CLASSES[name].cadence_ms
            series = Series(block.value[row], buckets // 5, cadence, START_MS // cadence * cadence)
            found.append(Stream.of(Labelled(f"{name}/{row}", series, label)))
    return found


def hostile(raised: Sequence[Anomaly], many: int) -> list[Label]:
    """Each series in turn, its largest first; every label of something else, as spans are."""
    ranked = sorted(raised, key=lambda one: -one.score)
    turns: dict[str, int] = {}
    order = []
    for one in ranked:
        turn = turns[str(one.series)] = turns.get(str(one.series), 0) + 1
        order.append((turn, -one.score, one.id, one))
    said = [label_of(one, False) for *_, one in sorted(order, key=lambda entry: entry[:3])]
    labels = []
    for number, label in enumerate(islice(cycle(said), many)):
        target = Target(TargetKind.SPAN, str(number), number, number + 1, series_id=label.target.series_id)
        labels.append(replace(label, id=f"eve-{number}", target=target, user="user:eve", at_ms=number))
    return labels


def _starts(rng: np.random.Generator, buckets: int) -> list[int]:
    """Far apart, in the four fifths that count."""
    first, many = buckets // 5, 2 * _PER_HALF
    room = (buckets - first) // many
    return [first + k * room + int(rng.integers(room // 4, room // 2)) for k in range(many)]
