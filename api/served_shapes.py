"""Answers about served models: models, their versions, and buckets with measures, intervals and drift."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer
from monitor.domain.durations import DAY_MS, MINUTE_MS


class ServedValue(Answer):
    """A measure, the cases behind it, and its interval of 95 %."""

    value: float
    n: float
    lower: float | None = None
    upper: float | None = None


class ServedRmse(ServedValue):
    """As estimated. ``error``: estimate minus truth, once outcomes are there."""

    error: float | None = None


class ServedEstimate(Answer):
    """Quality as estimated without labels. ``error``: estimate minus truth, once labels are there."""

    measure: Literal["accuracy", "mae"] = "accuracy"
    n: int = Field(0, description="predictions it is of")

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    trusted: bool
    why: str = Field(description="why it cannot be trusted; empty where it can")
    error: float | None = None
    rmse: ServedRmse | None = Field(None, description="beside a mae")


class ServedDistance(Answer):
    value: float
    chance: float = Field(description="reached by chance in one of a thousand drawings of so few cases")
    excess: float
    p: float


class ServedDrift(Answer):
    """One feature (or ``prediction``, ``score``) of one segment, against the reference."""

    feature: str
    segment: str | None = None
    n: int
    drifted: bool
    distances: dict[str, ServedDistance] = Field(
        description="psi, jensen_shannon, and kolmogorov_smirnov and wasserstein or chi_squared"
    )
    text: str


class ServedErrorDrift(Answer):
    """The last lasting change of a version's error that was found, against its first buckets."""

    at_ms: int = Field(description="the bucket in which it was certain")
    detector: Literal["ADWIN", "Page-Hinkley"]
    reference: float = Field(description="the error of the first buckets: 1 - accuracy, mae or 1 - hit_rate")
    error: float = Field(description="a mean of the last buckets, when it was certain")
    text: str


class ServedBucket(Answer):
    """One bucket of one version and segment; values may change until it is ``mature``."""

    start_ms: int
    phase: Literal["filling", "immature", "mature"]
    predictions: int
    labelled: int
    coverage: float = Field(description="share of predictions that have their outcome")
    values: dict[str, ServedValue]
    estimate: ServedEstimate | None = None
    drift: list[ServedDrift] = []


class ServedVersion(Answer):
    version: str
    first_ms: int
    last_ms: int
    predictions: int
    labelled: int
    reference: str = Field(description="what drift is measured against, or what is still missing for that")
    segments: list[str] = Field(description="as key=value; the whole is not among them")
    series: dict[str, str] = Field(description="series of the whole version: id by metric")


class ServedModel(Answer):
    """A model in a list. ``quality`` is that of the newest mature bucket, by ``measure``."""

    name: str
    task: Literal["classification", "regression", "ranking"]
    version: str = Field(description="the newest")
    versions: int
    first_ms: int
    last_ms: int
    predictions: int
    labelled: int
    measure: str
    quality: ServedValue | None = None
    quality_ms: int | None = None
    estimate: ServedEstimate | None = None
    error_drift: ServedErrorDrift | None = None
    drifted: list[str] = Field(description="what has drifted in the newest bucket, in words")


class ServedModelSettings(BaseModel):
    """What a model is; whatever is left out has its default."""

    model_config = ConfigDict(extra="forbid")

    task: Literal["classification", "regression", "ranking"] | None = None
    positive: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    bucket_ms: Annotated[int, Field(ge=MINUTE_MS, le=DAY_MS)] | None = None
    lateness_ms: Annotated[int, Field(ge=0, le=DAY_MS)] | None = None
    maturity_ms: Annotated[int, Field(ge=0, le=14 * DAY_MS)] | None = None
    reference_buckets: Annotated[int, Field(ge=1, le=1_000)] | None = None
    top: Annotated[int, Field(ge=1, le=10)] | None = None


class ServedModelDetail(ServedModel):
    """One model with its buckets, the newest first, of one version and one segment."""

    settings: ServedModelSettings
    each: list[ServedVersion]
    shown_version: str
    shown_segment: str | None = None
    buckets: list[ServedBucket]
    delay_ms: dict[str, int] = Field(description="p50, p90 and p99 of how long outcomes took, so far")
    counts: dict[str, int] = Field(description="predictions and outcomes that count nowhere, by reason")
