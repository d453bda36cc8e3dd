"""What is said of a bucket before its outcomes come, by the model's task, and what is learned when they have.

Classification: accuracy by confidence (`monitor.served.estimate`). Regression: the error by what was
predicted (`monitor.served.loss`). Ranking: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from monitor.domain.served import Measure, Task
from monitor.served import loss, quality
from monitor.served.drift import column
from monitor.served.estimate import Estimate
from monitor.served.model import CONFIDENT, NO_PREDICTION, PREDICTION, N, ServedModel
from monitor.served.past import Miss
from monitor.served.quality import MAIN, Integers
from monitor.served.sample import Sample

SERIES: Mapping[Task, str] = {
    Task.CLASSIFICATION: "estimated_accuracy",
    Task.REGRESSION: "estimated_mae",
}
ERRORS: Mapping[Task, str] = {
    Task.CLASSIFICATION: "estimate_error",
    Task.REGRESSION: "mae_estimate_error",
}
RMSE_ERROR = "rmse_estimate_error"
_NO_PAIRS = np.empty((0, 3))


def estimate(model: ServedModel, bucket: int, cell: int, sample: Sample) -> Estimate | None:
    """Of a closed bucket; ``sample``: rows of its features. None where the task has no estimate."""
    counts = model.filling.row(bucket, cell)
    assert counts is not None
    version = model.versions[model.cells[cell].version]
    if model.task is Task.CLASSIFICATION:
        found = version.calibration.estimate(counts[CONFIDENT:])
    elif model.task is Task.REGRESSION:
        predicted = column(sample, model.column_of(PREDICTION))
        numbers = int(counts[N] - counts[NO_PREDICTION])
        found = version.losses.estimate(predicted[~np.isnan(predicted)], numbers)
    else:
        return None
    if found.value is not None:
        rmse = () if found.rmse is None else found.rmse[:1]
        model.estimates[bucket, cell] = (found.value, found.error, *rmse)
    return found


def samples(task: Task, found: Estimate | None) -> Iterator[tuple[str, float, float]]:
    """Name, value and n of what is told of an estimate."""
    if found is None or found.value is None:
        return
    # A gap would be news; a value of one case weighs nothing.
    cases = float(found.n) if found.trusted else 1.0
    yield SERIES[task], found.value, cases
    if found.rmse is not None:
        yield "estimated_rmse", found.rmse[0], cases


def learn(
    model: ServedModel, bucket: int, cell: int, counts: Integers, found: Mapping[str, Measure]
) -> dict[str, float]:
    """A bucket is ripe: how far its estimates were off, by the names of their series. What its cases teach is
    kept until it would be mature if every label took as long as it may."""
    assert model.task is not None
    estimated = model.estimates.pop((bucket, cell), None)
    truth = found.get(MAIN[model.task])
    errors: dict[str, float] = {}
    if estimated is not None and truth is not None:
        errors[ERRORS[model.task]] = estimated[0] - truth.value
        if len(estimated) > 2 and "rmse" in found:
            errors[RMSE_ERROR] = estimated[2] - found["rmse"].value
    if model.cells[cell].segment is not None:
        return errors
    settings = model.settings
    usable_from = bucket + 1 - (-settings.maturity_ms // settings.bucket_ms)
    place = model.cells[cell].version
    version = model.versions[place]
    miss: Miss | None = None
    if estimated is not None and truth is not None:
        error = estimated[0] - truth.value
        miss = (error, estimated[1])
        if model.task is Task.REGRESSION:
            miss = loss.relative(error, estimated[1], estimated[0], truth.value)
    if model.task is Task.CLASSIFICATION:
        version.calibration.past.mature(usable_from, quality.confidences(counts).copy(), miss)
    elif model.task is Task.REGRESSION:
        pairs = model.pairs.pop((bucket, place), None)
        if pairs is not None or miss is not None:
            version.losses.past.mature(usable_from, _NO_PAIRS if pairs is None else pairs.values, miss)
    return errors


def add_errors(body: dict[str, Any], errors: Mapping[str, float]) -> None:
    """To what is shown of an estimate: how far it turned out to be off."""
    for name, error in errors.items():
        (body["rmse"] if name == RMSE_ERROR else body)["error"] = error
