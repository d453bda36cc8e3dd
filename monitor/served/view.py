"""What is shown of a served model: plain values, of buckets that are ripe and of those that are not."""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import NotFound
from monitor.domain.series import Identity
from monitor.domain.served import METRIC, Phase, Task
from monitor.served import closing, logbins, quality
from monitor.served.model import Cell, N, ServedModel, Version

Body = dict[str, Any]


def summary(model: ServedModel) -> Body:
    """A model in a list; of its newest version."""
    version = _newest(model)
    cell = model.cells.index(Cell(version, None)) if model.versions else -1
    ripe = [bucket for bucket in model.shown.get(cell, ()) if bucket < model.ripe]
    quality_of, at_ms, main = None, None, quality.MAIN[model.task or Task.CLASSIFICATION]
    for bucket in reversed(ripe):
        quality_of = closing.shown_body(model, cell, bucket).get("values", {}).get(main)
        if quality_of is not None:
            at_ms = bucket * model.settings.bucket_ms
            break
    closed = list(model.shown.get(cell, ()))
    newest = closing.shown_body(model, cell, closed[-1]) if closed else {}
    return {
        "name": model.name,
        "task": (model.task or Task.CLASSIFICATION).value,
        "version": model.versions[version].name if model.versions else "",
        "versions": len(model.versions),
        "first_ms": min((one.first_ms for one in model.versions), default=0),
        "last_ms": max((one.last_ms for one in model.versions), default=0),
        "predictions": sum(one.predictions for one in model.versions),
        "labelled": sum(one.labelled for one in model.versions),
        "measure": main,
        "quality": quality_of,
        "quality_ms": at_ms,
        "estimate": newest.get("estimate"),
        "error_drift": _error_drift(model, version),
        "drifted": [one["text"] for one in _drifts(model, version) if one["drifted"]],
    }


def detail(model: ServedModel, version: str | None, segment: str | None, limit: int) -> Body:
    """One model with up to ``limit`` buckets of a version (the newest) and a segment, as key=value (the
    whole). Raises NotFound."""
    place = _newest(model) if version is None else _place(model, version)
    cell = _cell(model, place, segment)
    buckets = sorted({*_buckets(model, cell)}, reverse=True)[:limit]
    delays = {f"p{share}": logbins.quantile(model.delays, share / 100) for share in (50, 90, 99)}
    return {
        **summary(model),
        "settings": model.settings.to_body(),
        "each": [_version(model, at, one) for at, one in enumerate(model.versions)],
        "shown_version": model.versions[place].name,
        "shown_segment": segment,
        "buckets": [_bucket(model, cell, bucket) for bucket in buckets],
        "delay_ms": {
            name: round(minutes * MINUTE_MS) for name, minutes in delays.items() if minutes is not None
        },
        "counts": dict(model.counts),
    }


def _newest(model: ServedModel) -> int:
    return max(range(len(model.versions)), key=lambda at: model.versions[at].last_ms, default=0)


def _place(model: ServedModel, version: str) -> int:
    for at, one in enumerate(model.versions):
        if one.name == version:
            return at
    raise NotFound("no such version")


def _cell(model: ServedModel, version: int, segment: str | None) -> int:
    for at, cell in enumerate(model.cells):
        if cell.version == version and (closing.where(model, at) or None) == segment:
            return at
    raise NotFound("no such segment")


def _version(model: ServedModel, place: int, version: Version) -> Body:
    mine = [at for at, cell in enumerate(model.cells) if cell.version == place]
    whole = next(at for at in mine if model.cells[at].segment is None)
    tags = dict(closing.tags_of(model, whole))
    names = (*quality_names(model), "predictions", "latency_p99_ms", *estimated_names(model))
    return {
        "version": version.name,
        "first_ms": version.first_ms,
        "last_ms": version.last_ms,
        "predictions": version.predictions,
        "labelled": version.labelled,
        "reference": _reference(model, whole, version),
        "segments": sorted(closing.where(model, at) for at in mine if model.cells[at].segment is not None),
        "series": {METRIC + name: f"{Identity.of(METRIC + name, tags).fingerprint():016x}" for name in names},
    }


def quality_names(model: ServedModel) -> tuple[str, ...]:
    """Measures of the model's task."""
    return {
        Task.CLASSIFICATION: (
            "accuracy",
            "precision",
            "recall",
            "f1",
            "auc",
            "log_loss",
            "brier",
            "calibration_error",
        ),
        Task.REGRESSION: ("mae", "rmse", "mape", "bias"),
        Task.RANKING: ("hit_rate", "ndcg"),
    }[model.task or Task.CLASSIFICATION]


def estimated_names(model: ServedModel) -> tuple[str, ...]:
    """What is estimated without labels."""
    return {
        Task.CLASSIFICATION: ("estimated_accuracy",),
        Task.REGRESSION: ("estimated_mae", "estimated_rmse"),
        Task.RANKING: (),
    }[model.task or Task.CLASSIFICATION]


def _reference(model: ServedModel, whole: int, version: Version) -> str:
    sample = model.references.get(whole)
    kept, seen = (0, 0) if sample is None else (len(sample), sample.seen)
    needed = model.settings.reference_buckets
    if version.referred < needed:
        return f"not complete: {version.referred} of its first {needed} buckets, {seen} predictions so far"
    if kept < closing.REFERENCE_LEAST:
        return f"not complete: {seen} predictions so far, at least {closing.REFERENCE_LEAST} are needed"
    return f"{kept} of the {seen} predictions of its first buckets"


def _error_drift(model: ServedModel, version: int) -> Body | None:
    report = model.versions[version].error_drift.report if model.versions else None
    return None if report is None else report.to_body()


def _drifts(model: ServedModel, version: int) -> list[Body]:
    """Of the newest bucket of the version's cells, those that drifted first, the strongest first."""
    found: list[Body] = []
    newest = max((bucket for bucket, _ in model.newest_drift.values()), default=-1)
    for cell, (bucket, packed) in model.newest_drift.items():
        if bucket == newest and model.cells[cell].version == version:
            segment = closing.where(model, cell) or None
            found += [{**one, "segment": segment} for one in msgspec.msgpack.decode(packed)]
    return sorted(found, key=lambda one: -one["distances"]["jensen_shannon"]["excess"])


def _buckets(model: ServedModel, cell: int) -> list[int]:
    open_ones = [bucket for bucket in model.waiting.buckets() if model.waiting.row(bucket, cell) is not None]
    return [*model.shown.get(cell, ()), *open_ones]


def _bucket(model: ServedModel, cell: int, bucket: int) -> Body:
    body = closing.shown_body(model, cell, bucket)
    counts = model.waiting.row(bucket, cell)
    if counts is not None:
        body |= closing.values_body(counts, closing.measures(model, counts))
    filling = model.filling.row(bucket, cell)
    phase = Phase.MATURE if counts is None else Phase.IMMATURE if filling is None else Phase.FILLING
    if filling is not None:
        body["predictions"] = int(filling[N])
    drift = model.newest_drift.get(cell)
    told = msgspec.msgpack.decode(drift[1]) if drift is not None and drift[0] == bucket else []
    segment = closing.where(model, cell) or None
    return {
        "predictions": 0,
        "labelled": 0,
        "coverage": 0.0,
        "values": {},
        "estimate": None,
        **body,
        "start_ms": bucket * model.settings.bucket_ms,
        "phase": phase.value,
        "drift": [{**one, "segment": segment} for one in told],
    }
