"""What becomes of a bucket when no more predictions can come, and when no more outcomes can.

Either way its values go out once, as samples of ordinary series, in the order of buckets: a value that
could still change is shown (`monitor.served.view`) and never judged, so nobody is woken by labels that are
missing. Of a closed bucket these are volume, latency, missing shares, drift and the estimated quality; of a
ripe one the measures of quality, and how far the estimate was off. The share that has labels is shown and no
series, or labels that are missing would be news.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from monitor.domain.served import METRIC, Measure
from monitor.served import estimating, logbins, quality
from monitor.served.drift import MAIN, Reference
from monitor.served.error_drift import error_of
from monitor.served.model import (
    CONFIDENT,
    FEATURES,
    LATENCY,
    NO_FEATURE,
    NO_PREDICTION,
    REFERENCE,
    N,
    ServedModel,
)
from monitor.served.quality import LABELLED, PREDICTED
from monitor.served.sample import Sample

SHOWN = 48
"""Ripe buckets of a cell that are kept to be shown; its series have all of them."""
ZEROS = 24
"""Empty buckets after a version's last prediction for which a volume of 0 is told."""
REFERENCE_LEAST = 300
_OWN_TAGS = ("model", "version", "feature")


@dataclass(frozen=True, slots=True)
class Told:
    """One sample that goes to the intake."""

    metric: str
    tags: tuple[tuple[str, str], ...]
    ts_ms: int
    value: float
    n: float


def advance(model: ServedModel) -> Iterator[Told]:
    """Close and ripen what time has made so."""
    settings = model.settings
    limit = (model.heard_ms - settings.lateness_ms) // settings.bucket_ms
    yield from _close_until(model, limit)
    model.closed = max(model.closed, limit)
    yield from _ripen(model)


def tags_of(model: ServedModel, cell: int, **more: str) -> tuple[tuple[str, str], ...]:
    """Tags of a cell's series: model, version and, as it was sent, the segment."""
    one = model.cells[cell]
    tags = {"model": model.name, "version": model.versions[one.version].name, **more}
    if one.segment is not None:
        key, value = one.segment
        tags[f"segment_{key}" if key in _OWN_TAGS else key] = value
    return tuple(sorted(tags.items()))


def where(model: ServedModel, cell: int) -> str:
    segment = model.cells[cell].segment
    return "" if segment is None else "=".join(segment)


# -- predictions ------------------------------------------------------------------------------------


def _close_until(model: ServedModel, limit: int) -> Iterator[Told]:
    over = [bucket for bucket in model.filling.buckets() if bucket < limit]
    for bucket in over:
        yield from _empty(model, bucket)
        yield from _close(model, bucket, newest=bucket == over[-1])
        model.closed = bucket + 1
    yield from _empty(model, limit)


def _empty(model: ServedModel, until: int) -> Iterator[Told]:
    """Zeros of the buckets from ``closed`` on in which nothing came, of versions that were just in use."""
    size = model.settings.bucket_ms
    for cell, one in enumerate(model.cells):
        if one.segment is not None:
            continue
        last = model.versions[one.version].last_ms // size
        for bucket in range(max(model.closed, last + 1), min(until, last + 1 + ZEROS)):
            yield Told(METRIC + "predictions", tags_of(model, cell), bucket * size, 0.0, np.nan)


def _close(model: ServedModel, bucket: int, newest: bool) -> Iterator[Told]:
    cells = model.filling.cells(bucket)
    for version in model.versions:
        version.calibration.reach(bucket)
        version.losses.reach(bucket)
    for cell in cells:
        yield from _close_cell(model, bucket, cell, newest)
    for place in {model.cells[cell].version for cell in cells}:
        model.versions[place].referred += 1
    model.filling.drop(bucket)


def _close_cell(model: ServedModel, bucket: int, cell: int, newest: bool) -> Iterator[Told]:
    counts = model.filling.row(bucket, cell)
    assert counts is not None
    ts_ms, tags = bucket * model.settings.bucket_ms, tags_of(model, cell)
    n = float(counts[N])
    yield Told(METRIC + "predictions", tags, ts_ms, n, np.nan)
    latency = counts[LATENCY:CONFIDENT]
    timed = float(latency.sum())
    for name, share in (("latency_p50_ms", 0.5), ("latency_p99_ms", 0.99)):
        value = logbins.quantile(latency, share)
        if value is not None:
            yield Told(METRIC + name, tags, ts_ms, value, timed)
    if counts[FEATURES]:
        missing = float(counts[NO_FEATURE] / counts[FEATURES])
        yield Told(METRIC + "missing_feature_share", tags, ts_ms, missing, float(counts[FEATURES]))
    yield Told(METRIC + "missing_prediction_share", tags, ts_ms, float(counts[NO_PREDICTION]) / n, n)
    sample = model.samples.pop((bucket, cell))
    yield from _drift(model, bucket, cell, sample, newest)
    estimate = estimating.estimate(model, bucket, cell, sample)
    assert model.task is not None
    for name, value, cases in estimating.samples(model.task, estimate):
        yield Told(METRIC + name, tags, ts_ms, value, cases)
    body = {"estimate": None if estimate is None else estimate.to_body()}
    model.shown.setdefault(cell, OrderedDict())[bucket] = msgspec.msgpack.encode(body)


def _drift(model: ServedModel, bucket: int, cell: int, sample: Sample, newest: bool) -> Iterator[Told]:
    """``newest``: all distances and words are wanted, as it will be shown."""
    version = model.versions[model.cells[cell].version]
    reference = model.references.get(cell)
    whole = model.references.get(_whole(model, cell))
    growing = version.referred < model.settings.reference_buckets
    if growing or whole is None or len(whole) < REFERENCE_LEAST:
        model.references.setdefault(cell, Sample(REFERENCE)).merge(sample)
        return
    if reference is None:
        return
    known = model.compared_with.get(cell)
    if known is None:
        known = model.compared_with[cell] = Reference(reference)
    found = known.compared(model.features, sample, where(model, cell), whole=newest)
    if found and newest:
        model.newest_drift[cell] = (bucket, msgspec.msgpack.encode([one.to_body() for one in found]))
    ts_ms = bucket * model.settings.bucket_ms
    for one in found:
        tags = tags_of(model, cell, feature=one.feature)
        yield Told(METRIC + "drift", tags, ts_ms, one.distances[MAIN].excess, float(one.n))


def _whole(model: ServedModel, cell: int) -> int:
    version = model.cells[cell].version
    return next(
        place for place, one in enumerate(model.cells) if one.version == version and one.segment is None
    )


# -- outcomes ---------------------------------------------------------------------------------------


def _ripen(model: ServedModel) -> Iterator[Told]:
    settings = model.settings
    for bucket in model.waiting.buckets():
        if bucket >= model.closed:
            break
        due_ms = (bucket + 1) * settings.bucket_ms + settings.maturity_ms
        if model.labelled_ms < due_ms and not _complete(model, bucket):
            break
        for cell in model.waiting.cells(bucket):
            yield from _ripen_cell(model, bucket, cell)
        model.waiting.drop(bucket)
        model.ripe = bucket + 1


def _complete(model: ServedModel, bucket: int) -> bool:
    """Has every prediction its outcome? Then nothing can change, however long one might wait."""
    for cell in model.waiting.cells(bucket):
        counts = model.waiting.row(bucket, cell)
        assert counts is not None
        if counts[LABELLED] < counts[PREDICTED]:
            return False
    return True


def _ripen_cell(model: ServedModel, bucket: int, cell: int) -> Iterator[Told]:
    counts = model.waiting.row(bucket, cell)
    assert counts is not None
    ts_ms, tags = bucket * model.settings.bucket_ms, tags_of(model, cell)
    found = measures(model, counts)
    for name, measure in found.items():
        yield Told(METRIC + name, tags, ts_ms, measure.value, measure.n)
    errors = estimating.learn(model, bucket, cell, counts, found)
    for name, error in errors.items():
        assert model.task is not None
        yield Told(METRIC + name, tags, ts_ms, error, found[quality.MAIN[model.task]].n)
    if model.cells[cell].segment is None:
        yield from _error_drift(model, bucket, cell, found)
    body = shown_body(model, cell, bucket)
    if body.get("estimate"):
        estimating.add_errors(body["estimate"], errors)
    body |= values_body(counts, found)
    shown = model.shown[cell]
    shown[bucket] = msgspec.msgpack.encode(body)
    ripe = [one for one in shown if one <= bucket]
    for one in ripe[:-SHOWN]:
        del shown[one]


def _error_drift(model: ServedModel, bucket: int, cell: int, found: Mapping[str, Measure]) -> Iterator[Told]:
    assert model.task is not None
    error = error_of(model.task, found)
    if error is None:
        return
    ts_ms = bucket * model.settings.bucket_ms
    drift = model.versions[model.cells[cell].version].error_drift
    way = drift.take(ts_ms, *error, model.settings.reference_buckets)
    if way is not None:
        cases = found[quality.MAIN[model.task]].n
        yield Told(METRIC + "error_drift", tags_of(model, cell), ts_ms, way, cases)


# -- shown ------------------------------------------------------------------------------------------


def measures(model: ServedModel, counts: quality.Integers) -> dict[str, Measure]:
    assert model.task is not None
    return quality.measures(model.task, counts, model.positive, model.binary, model.settings.top)


def values_body(counts: quality.Integers, found: Mapping[str, Measure]) -> dict[str, Any]:
    """What is shown of the counters of outcomes, ripe or not, and of the measures they give."""
    values = {
        name: {"value": one.value, "n": one.n, "lower": one.lower, "upper": one.upper}
        for name, one in found.items()
    }
    predictions, labelled = int(counts[PREDICTED]), int(counts[LABELLED])
    return {
        "predictions": predictions,
        "labelled": labelled,
        "coverage": labelled / predictions if predictions else 0.0,
        "values": values,
    }


def shown_body(model: ServedModel, cell: int, bucket: int) -> dict[str, Any]:
    shown = model.shown.get(cell)
    kept = None if shown is None else shown.get(bucket)
    return {} if kept is None else dict(msgspec.msgpack.decode(kept))
