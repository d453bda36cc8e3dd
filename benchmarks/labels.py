"""What labels are worth: public streams with known faults, the first half of each labelled as a person would.

Every anomaly that was raised in the first half is called true or a false alarm, an hour after it ended; in
a second run the faults that were missed there are labelled too. What counts is the second half: false
alarms, and faults in which an anomaly began (or at most `APART` points before). Beside it: the best single
raise of the threshold that the first half allows at no more than `LOSS_ALLOWED` of the faults; a placebo, as
many labels, shuffled; and what the ranking that the same labels teach leaves of notices. Of the development
half also labels that are given earlier or later. Streams of a folder are siblings: the folder is the metric,
the name a tag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks import labelled_notices as notices
from benchmarks.figure import Figure
from benchmarks.measures import APART, spans_of
from benchmarks.real import FILES, Labelled, folder, labelled
from benchmarks.real import start as shortened
from collectors.files import chunks, merged_in_time
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.batch import SampleBatch
from monitor.domain.durations import HOUR_MS
from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.domain.shape import Shape, level_of, missed, shape_of
from monitor.settings import Settings
from monitor.shadow import Shadow

TITLE = "Labels on public streams, development half: the first half labelled, the second measured"
LOSS_ALLOWED = 0.02
PLACEBOS = 5
SHARES = (0.35, 0.65)
"""After which labels are given beside the half, where rules are chosen."""
_LEVELS = np.arange(5.0, 20.05, 0.1)
_CHUNK = 50_000
_SILENT = (AnomalyKind.NO_DATA, AnomalyKind.ENDED, AnomalyKind.ABSORBED_DRIFT)
Say = Callable[[Shadow], list[Label]]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What counts begins at ``from_ms``; labels are given at ``cut_ms``, after a share of it. ``faults`` as
    spans [from, to) of event time; one that begins ``early_ms`` before a fault has found it."""

    identity: Identity
    one: Labelled
    from_ms: int
    cut_ms: int
    early_ms: int
    faults: tuple[tuple[int, int], ...]

    @staticmethod
    def of(one: Labelled, share: float = 0.5) -> Stream:
        series = one.series
        metric, _, name = one.metric.partition("/")
        at = lambda bucket: series.start_ms + bucket * series.cadence_ms  # noqa: E731
        faults = tuple((at(span.start), at(span.end)) for span in spans_of(one.label))
        identity = Identity.of(metric, {"stream": name} if name else {})
        cut = int(series.warm + share * (len(series.value) - series.warm))
        return Stream(identity, one, at(series.warm), at(cut), APART * series.cadence_ms, faults)

    def hit(self, anomaly: Anomaly) -> tuple[int, int] | None:
        """The fault that an anomaly has found."""
        for fault in self.faults:
            if fault[0] - self.early_ms <= anomaly.onset_ms < fault[1]:
                return fault
        return None


@dataclass(frozen=True, slots=True)
class Result:
    """False alarms, and faults met, of all."""

    false_alarms: int
    met: int
    faults: int

    def __add__(self, other: Result) -> Result:
        sums = (self.false_alarms + other.false_alarms, self.met + other.met, self.faults + other.faults)
        return Result(*sums)

    @property
    def recall(self) -> float:
        return self.met / self.faults if self.faults else 0.0


def run(toy: bool) -> list[Figure]:
    return figures(toy, held_back=False)


def figures(toy: bool, *, held_back: bool) -> list[Figure]:
    """Measures of each file and of all; one figure that says so where the folder is not there."""
    there = [name for name in FILES if (folder() / f"{name}.parquet").exists()]
    told = [Figure("files found", len(there), f"of {len(FILES)}")]
    totals: dict[str, Result] = {}
    for name in there[:1] if toy else there:
        many = labelled(name, held_back)
        many = [shortened(one) for one in many[:1]] if toy else many
        found = ways([Stream.of(one) for one in many], 1 if toy else PLACEBOS)
        for share in () if held_back else SHARES:
            found |= _at(share, [Stream.of(one, share) for one in many])
        for way, result in found.items():
            told += _measures(f"{name}, {way}", result)
            totals[way] = totals.get(way, Result(0, 0, 0)) + result
    for way, result in totals.items():
        told += _measures(f"all, {way}", result)
    return told + _gains(totals)


def ways(streams: Sequence[Stream], placebos: int) -> dict[str, Result]:
    """Each way to use the labels, with what it gave in the second half."""
    said: list[tuple[Anomaly, bool]] = []
    unnoticed: list[Label] = []

    def look(shadow: Shadow) -> list[Label]:
        said.extend(_raised(streams, shadow))
        unnoticed.extend(_unnoticed(streams, shadow))
        return []

    plain = play(streams, look)
    labels = [label_of(one, true) for one, true in said]
    quieted = play(streams, lambda _: labels)
    ranker = notices.taught(said)
    found = {
        "no labels": judge(streams, plain),
        "labels": judge(streams, quieted),
        "labels, notices": judge(streams, notices.told(ranker, quieted)),
        "no labels, notices": judge(streams, notices.told(ranker, plain)),
        "labels, also of what was missed": judge(streams, play(streams, lambda _: [*labels, *unnoticed])),
    }
    level = best_raise(streams, said)
    raised = [one for one in plain if level_of(one.score) >= level]
    found["one threshold for all"] = judge(streams, raised)
    rng = np.random.default_rng(5)
    for number in range(1, placebos + 1):
        mixed = rng.permutation(np.array([true for _, true in said], np.bool_)).tolist()
        shuffled = [label_of(one, true) for (one, _), true in zip(said, mixed, strict=True)]
        found[f"placebo {number}"] = judge(streams, play(streams, partial(_same, shuffled)))
    return found


def _at(share: float, streams: Sequence[Stream]) -> dict[str, Result]:
    plain = play(streams, lambda _: [])
    labels = play(streams, lambda shadow: [label_of(one, true) for one, true in _raised(streams, shadow)])
    after = f"after {100.0 * share:.0f} %"
    return {f"{after}, no labels": judge(streams, plain), f"{after}, labels": judge(streams, labels)}


def play(streams: Sequence[Stream], say: Say) -> list[Anomaly]:
    """Everything through one shard, with what is said between the halves; all anomalies."""
    settings = Settings()
    with Shadow(settings.default_timezone, settings.limits) as shadow:
        end_ms = max(_end_ms(stream) for stream in streams)
        for later in (False, True):
            batch = _batch(streams, later)
            for part in chunks(batch, merged_in_time(batch), _CHUNK):
                shadow.feed(part, end_ms)
            shadow.settle()
            if not later:
                for label in say(shadow):
                    shadow.tell(Control(Kind.LABEL, label.to_body()))
        shadow.tell(Tick(end_ms, complete=True))
        shadow.settle()
        return list(shadow.anomalies.values())


def judge(streams: Sequence[Stream], anomalies: Sequence[Anomaly], later: bool = True) -> Result:
    """Of the second half, or of the first."""
    of = {stream.identity: stream for stream in streams}
    false_alarms, met = 0, set()
    for one in anomalies:
        stream = of[one.series]
        if one.kind in _SILENT or not _inside(stream, one.onset_ms, later):
            continue
        fault = stream.hit(one)
        if fault is None:
            false_alarms += 1
        else:
            met.add((one.series, fault))
    faults = {(s.identity, fault) for s in streams for fault in s.faults if _inside(s, fault[0], later)}
    return Result(false_alarms, len(met & faults), len(faults))


def best_raise(streams: Sequence[Stream], said: Sequence[tuple[Anomaly, bool]]) -> float:
    """The level that leaves the fewest false alarms in the first half at a loss of `LOSS_ALLOWED` at most."""
    whole = judge(streams, [one for one, _ in said], later=False)
    best = _LEVELS[0]
    for level in _LEVELS:
        some = [one for one, _ in said if level_of(one.score) >= level]
        if judge(streams, some, later=False).recall >= whole.recall - LOSS_ALLOWED:
            best = level
    return float(best)


def _inside(stream: Stream, at_ms: int, later: bool) -> bool:
    return at_ms >= stream.cut_ms if later else stream.from_ms <= at_ms < stream.cut_ms


def _end_ms(stream: Stream) -> int:
    series = stream.one.series
    return series.start_ms + len(series.value) * series.cadence_ms


def _batch(streams: Sequence[Stream], later: bool) -> SampleBatch:
    prints, times, values = [], [], []
    for stream in streams:
        series = stream.one.series
        ts_ms = series.start_ms + np.arange(len(series.value), dtype=np.int64) * series.cadence_ms
        there = np.isfinite(series.value) & ((ts_ms >= stream.cut_ms) == later)
        times.append(ts_ms[there])
        values.append(series.value[there])
        prints.append(np.full(int(there.sum()), stream.identity.fingerprint(), np.uint64))
    return SampleBatch(
        fingerprint=np.concatenate(prints),
        ts_ms=np.concatenate(times),
        value=np.concatenate(values),
        n=None,
        identities={s.identity.fingerprint(): s.identity.canonical() for s in streams},
    )


def _raised(streams: Sequence[Stream], shadow: Shadow) -> list[tuple[Anomaly, bool]]:
    """What was raised so far and counts, and whether it was true."""
    of = {stream.identity: stream for stream in streams}
    found = [one for one in shadow.anomalies.values() if one.onset_ms >= of[one.series].from_ms]
    return sorted(
        ((one, of[one.series].hit(one) is not None) for one in found), key=lambda told: told[0].onset_ms
    )


def _unnoticed(streams: Sequence[Stream], shadow: Shadow) -> list[Label]:
    """A label for each fault so far in which no anomaly began."""
    noticed = {(one.series, streams_hit) for one, streams_hit in _hits(streams, shadow)}
    found = []
    for stream in streams:
        id = f"{stream.identity.fingerprint():016x}"
        for fault in stream.faults:
            if not stream.from_ms <= fault[0] < stream.cut_ms or (stream.identity, fault) in noticed:
                continue
            columns = shadow.engine.ask(
                0, "observations", id=id, from_ms=fault[0], to_ms=fault[1], max_points=_CHUNK
            )
            shape = missed(id, stream.identity.metric, fault, columns)
            if shape is not None:
                found.append(_said(f"{id}-{fault[0]:x}-m", Said.TRUE, shape))
    return found


def _hits(streams: Sequence[Stream], shadow: Shadow) -> list[tuple[Anomaly, tuple[int, int] | None]]:
    of = {stream.identity: stream for stream in streams}
    return [(one, of[one.series].hit(one)) for one in shadow.anomalies.values()]


def label_of(one: Anomaly, true: bool) -> Label:
    """What a person says of an anomaly, an hour after it ended."""
    return _said(one.id, Said.TRUE if true else Said.FALSE_ALARM, shape_of(one))


def _said(id: str, said: Said, shape: Shape | None) -> Label:
    from_ms, to_ms = (shape.from_ms, shape.to_ms) if shape is not None else (0, 1)
    series = shape.series if shape is not None else ""
    target = Target(TargetKind.ANOMALY, id, from_ms, to_ms, anomaly_id=id, series_id=series)
    shapes = (shape,) if shape is not None else ()
    return Label(f"label-{id}", said, target, "user:ann", "", to_ms + HOUR_MS, shapes=shapes)


def _same(labels: list[Label], shadow: Shadow) -> list[Label]:
    return labels


def _gains(totals: Mapping[str, Result]) -> list[Figure]:
    """What labels changed against none, in percent of the false alarms and in points of recall."""
    if not totals:
        return []
    none, labels = totals["no labels"], totals["labels"]
    placebo = [one for way, one in totals.items() if way.startswith("placebo")]
    fewer = [none.false_alarms - one.false_alarms for one in (labels, *placebo)]
    whole = max(none.false_alarms, 1)
    return [
        Figure("fewer false alarms", max(100.0 * fewer[0] / whole, 0.0), "%", goal=50.0),
        Figure(
            "recall lost", max(100.0 * (none.recall - labels.recall), 0.0), "points", goal=2.0, at_most=True
        ),
        Figure("fewer with a placebo", max(100.0 * float(np.mean(fewer[1:])) / whole, 0.0), "%"),
    ]


def _measures(name: str, result: Result) -> list[Figure]:
    note = f"{result.met} of {result.faults}"
    return [
        Figure(f"{name}: false alarms", result.false_alarms, ""),
        Figure(f"{name}: recall", 100.0 * result.recall, "%", note=note),
    ]
