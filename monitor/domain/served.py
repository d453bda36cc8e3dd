"""Served models in words and plain values: what they are declared to be, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from monitor.domain.durations import DAY_MS, HOUR_MS

MATURITY_MS_MAX = 14 * DAY_MS
SEGMENT, FEATURE = "segment.", "feature."
"""How columns of a batch are called, before the name of what they hold."""


METRIC = "model."
_SHARE = {"kind": "ratio", "unit": "share", "aggregation": "mean"}
_GOOD = {**_SHARE, "polarity": "down"}
_LOSS = {"kind": "gauge", "polarity": "up"}
DECLARATIONS: Mapping[str, Mapping[str, Any]] = {
    "predictions": {"kind": "delta", "unit": "predictions", "aggregation": "sum"},
    "latency_p50_ms": {"kind": "gauge", "unit": "ms", "polarity": "up"},
    "latency_p99_ms": {"kind": "gauge", "unit": "ms", "polarity": "up"},
    "missing_feature_share": {**_SHARE, "polarity": "up"},
    "missing_prediction_share": {**_SHARE, "polarity": "up"},
    "drift": {"kind": "gauge", "unit": "distance", "polarity": "up", "min_change_absolute": 0.05},
    "error_drift": {"kind": "gauge", "polarity": "up", "min_change_absolute": 0.9, "static_upper": 0.999},
    "estimated_accuracy": {"kind": "gauge", "unit": "share", "polarity": "down"},
    "estimate_error": {"kind": "gauge"},  # below 0, too, where no share is
    "estimated_mae": _LOSS,
    "estimated_rmse": _LOSS,
    "mae_estimate_error": {"kind": "gauge"},
    "rmse_estimate_error": {"kind": "gauge"},
    "accuracy": _GOOD,
    "precision": _GOOD,
    "recall": _GOOD,
    "f1": {"kind": "gauge", "unit": "share", "polarity": "down"},
    "auc": {"kind": "gauge", "unit": "share", "polarity": "down"},
    "log_loss": _LOSS,
    "brier": _LOSS,
    "calibration_error": _LOSS,
    "mae": _LOSS,
    "rmse": _LOSS,
    "mape": {**_LOSS, "unit": "share"},
    "bias": {"kind": "gauge"},
    "hit_rate": _GOOD,
    "ndcg": {"kind": "gauge", "unit": "share", "polarity": "down"},
}
"""What is said of each metric of served models where nobody has said anything: by name after `METRIC`."""


class Task(StrEnum):
    """What a model answers; decides which measures of quality it has."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    RANKING = "ranking"


class Phase(StrEnum):
    """Of one bucket of a model: predictions still come, outcomes still come, nothing can change."""

    FILLING = "filling"
    IMMATURE = "immature"
    MATURE = "mature"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What was declared of a model, or holds where nothing was.

    ``task`` None: seen from its first predictions. ``positive``: the class that ``score`` is the probability
    of. ``bucket_ms``: the grid of its series. ``lateness_ms``: how long after a bucket's end a prediction
    still counts; ``maturity_ms``: how long an outcome does. ``reference_buckets``: the first so many are what
    drift is measured against. ``top``: places of a ranking that count.
    """

    task: Task | None = None
    positive: str = "1"
    bucket_ms: int = HOUR_MS
    lateness_ms: int = HOUR_MS
    maturity_ms: int = MATURITY_MS_MAX
    reference_buckets: int = 24
    top: int = 10

    def to_body(self) -> dict[str, Any]:
        return asdict(self) | {"task": None if self.task is None else self.task.value}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> ModelSettings:
        known = {field.name for field in fields(ModelSettings)}
        given = {name: value for name, value in body.items() if name in known and value is not None}
        if "task" in given:
            given["task"] = Task(given["task"])
        return ModelSettings(**given)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with what is behind it: ``n`` cases (effective, where they were sampled), and the interval in
    which nineteen of twenty such measurements would hold the truth; None where there is no law for one."""

    value: float
    n: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a distribution is from the reference, by one measure.

    ``chance``: what so few cases reach by chance in one of a thousand drawings; ``excess``: how far it is
    beyond that, 0 if it is not. ``p``: probability of such a distance by chance."""

    value: float
    chance: float
    p: float

    @property
    def excess(self) -> float:
        return max(0.0, self.value - self.chance)
