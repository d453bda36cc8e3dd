"""Answers of the control plane as Pydantic models: what OpenAPI says, and what the page is typed by.

Times are integer epoch milliseconds named ``*_ms``; anomalies and incidents carry RFC 3339 text beside.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from monitor.domain.durations import DAY_MS

T = TypeVar("T")
Row = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ListOf(Answer, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following page, or null at the end."""

    items: list[T]
    next: str | None = None


class Problem(Answer):
    """problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class SampleError(Answer):
    """Why a sample was refused, and where it stood (an index from 0, or an NDJSON line from 1)."""

    reason: str
    detail: str
    index: int | None = None
    line: int | None = None


class SamplesKept(Answer):
    """What became of one request's samples; on disk when this is answered."""

    accepted: int
    rejected: int
    errors: list[SampleError]
    repeated: bool


class SampleIn(Answer):
    metric: str
    tags: dict[str, str] = {}
    timestamp: str | int = Field(description="RFC 3339, or epoch milliseconds")
    value: float
    n: float | None = None


class SamplesIn(Answer):
    samples: list[SampleIn]
    mode: Literal["live", "backfill"] | None = None


class Series(Answer):
    id: str = Field(description="fingerprint, 16 hexadecimal digits")
    series: str
    metric: str
    tags: dict[str, str]
    class_: str | None = Field(default=None, alias="class")
    cadence_ms: int | None = None
    seasons_ms: list[int] = []
    champion: str | None = None
    challenger: str | None = None
    threshold: str | None = None
    final_buckets: int = 0
    last_ms: int | None = Field(
        default=None,
        description="start of the newest bucket with a value, final or not; while the cadence is not known, "
        "the time of the newest sample",
    )
    stage: Literal["learning", "provisional", "trusted"] = "learning"
    next_stage: Literal["provisional", "trusted"] | None = Field(
        default=None, description="null: it has the last one"
    )
    next_stage_buckets: int | None = Field(default=None, description="final buckets more that it takes")
    next_stage_ms: int | None = Field(
        default=None, description="event time of it, if no bucket until then stays empty"
    )
    timezone: str | None = None
    pinned: bool = Field(
        default=False, description="true: after an undo, passes keep its models until the contest is opened"
    )


class WideBand(Answer):
    """Where values of a series without a model may be expected; nothing is judged by it."""

    lower: float
    upper: float
    own_values: int
    siblings: int = Field(description="series of the same metric that it was worked out from")


class SeriesDetail(Series):
    wide_band: WideBand | None = Field(default=None, description="while it is learning")


class Lives(Answer):
    """What a series lives by: families of its models, threshold, class, seasons in buckets."""

    champion: str
    challenger: str
    threshold: str
    metric_class: str
    periods: list[int]


class JournalEntry(Answer):
    """One change of what a series lives by, in force from ``at_ms`` on."""

    at_ms: int
    buckets: int = Field(description="final buckets until then")
    cause: Literal["learning pass", "undo", "contest opened again", "frozen", "rolled back"]
    before: Lives | None = Field(description="null: there was no model")
    after: Lives
    reasons: list[str]
    losses: dict[str, float] = Field(description="candidate: loss in nats a value, the best few")
    undoable: bool = Field(description="true: undo would restore what this entry replaced")


class Journal(Answer):
    """The newest change first."""

    series_id: str
    entries: list[JournalEntry]


class Columns(Answer):
    """One entry a final bucket in every column, oldest first; null where there is none."""

    ts_ms: list[int]
    value: list[float | None]
    n: list[float | None]
    expected: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    score: list[float | None]
    verdict: list[str]
    model: list[str]


class Revisions(Answer):
    """Samples that came after their bucket was final, by their own time; when each arrived."""

    ts_ms: list[int]
    value: list[float | None]
    n: list[float | None]
    arrival_ms: list[int]


class Observations(Answer):
    """``buckets``: final ones of the span, where `whole` was asked for."""

    series: Series
    buckets: int | None
    columns: Columns
    revisions: Revisions


class Foretold(Answer):
    """One entry a final bucket in every column, oldest first."""

    ts_ms: list[int]
    expected: list[float | None]
    lower: list[float | None]
    upper: list[float | None]


class Challenger(Answer):
    """``model`` null where there is none yet."""

    model: str | None
    columns: Foretold


class Anomaly(Answer):
    id: str
    series_id: str
    series: str
    metric: str
    tags: dict[str, str]
    kind: str
    direction: int
    onset: str
    onset_ms: int
    peak_ms: int
    last_ms: int = Field(description="start of its newest anomalous bucket")
    end: str | None
    end_ms: int | None
    score: float | None
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    buckets: int
    cadence_ms: int = Field(description="length of a bucket")
    incident_id: str | None
    without_incident: str = Field(description="why it is in none and founds none; empty where it is in one")
    muted_until_ms: int | None = Field(
        description="end of the mute that keeps it out of incidents; it begins one then if it goes on"
    )
    value_text: str = Field(description="value in its unit; empty where nothing came")
    expected_text: str = Field(description="expected in its unit; empty where nothing was")
    size: float | None = Field(description="value minus expected at the peak")
    percent: float | None = Field(description="size in percent of expected; null where that is 0 or tiny")
    unusual: str = Field(description="beside the series' own last days; empty where they were not looked at")
    judged_by: str | None = Field(description="family of the model")
    judged_since_ms: int | None
    judged_since_known: bool = Field(description="false: perhaps it has judged for longer")
    ground: str = Field(description="what made it an anomaly")
    normal: str = Field(description="what would have made it normal")
    normal_lower: float | None
    normal_upper: float | None
    text: str = Field(description="all of it in sentences")
    labels: list[str] = Field(description="what rules of what was said of it and of spans that touch it")
    conflict: bool = Field(description="true: people say different things of it")


class Suspect(Answer):
    series_id: str
    series: str
    metric: str
    tags: dict[str, str]
    onset_ms: int
    score: float
    why: str


class Contributor(Answer):
    tag: str
    value: str
    count: int
    total: int
    decades: float = Field(default=0.0, description="−log10 of the chance of so many (hypergeometric)")
    text: str


class Likely(Answer):
    """By what people said of others: how likely they act on this one, and why, the strongest reason first."""

    chance: float
    reasons: list[str]


class Incident(Answer):
    id: str
    state: str
    title: str
    start: str
    start_ms: int
    end: str | None
    end_ms: int | None
    score: float
    severity: float = Field(description="score × √hours × weight × (1 + log10 series)")
    priority: Literal["P1", "P2", "P3", "P4"]
    reasons: list[str] = Field(description="what the priority is made of")
    opened: bool = Field(description="false: it never was more than pending")
    team: str = Field(description="of all its members; empty: of none")
    unstable: bool = Field(description="true: a series of it comes and goes")
    acknowledged_by: str | None
    acknowledged_ms: int | None = Field(description="by the wall clock")
    kind: str
    direction: int
    member_count: int
    series_count: int
    suspects: list[Suspect]
    contributors: list[Contributor]
    likely: Likely | None = Field(default=None, description="null while the ranking has not proven itself")
    said: list[str] = Field(description="labels of it that hold, the newest first")


class IncidentDetail(Incident):
    members: list[Anomaly]
    merged_into: str | None = None


Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Model = Literal[
    "ema",
    "moving_average",
    "holt_winters",
    "seasonal_profile",
    "kalman",
    "step_level",
    "counts",
    "sparse",
    "binomial",
    "arima",
    "neural",
]
YEAR_MS = 366 * DAY_MS


class Declaration(BaseModel):
    """What a metric is; whatever is left out is learned."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["gauge", "delta", "cumulative", "ratio", "distribution", "maturing"] | None = None
    unit: Annotated[str, Field(max_length=64)] | None = None
    cadence_ms: Annotated[int, Field(gt=0, le=YEAR_MS)] | None = None
    aggregation: Literal["last", "sum", "mean", "count", "min", "max"] | None = None
    timezone: Annotated[str, Field(max_length=64)] | None = None
    polarity: Literal["both", "up", "down"] | None = None
    lateness_ms: Annotated[int, Field(ge=0, le=14 * DAY_MS)] | None = None
    min_change_absolute: NotNegative | None = None
    min_change_relative: NotNegative | None = None
    static_lower: Finite | None = None
    static_upper: Finite | None = None
    threshold: Literal["extreme_value", "conformal", "noncentral_t", "scaled_minmax", "sigma"] | None = Field(
        default=None, description="the law of the tail; extreme_value where none is declared"
    )
    models: Annotated[list[Model], Field(min_length=1, max_length=32)] | None = None
    weight: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] | None = Field(
        default=None, description="how much its trouble matters beside that of others; 1 if not declared"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None and not is_zone(name):
            raise ValueError("no such time zone")
        return name


class Metric(Declaration):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    declared_by: str | None = Field(
        default=None, description="under which name or pattern what holds for it was declared"
    )


class ShardStatus(Answer):
    shard: int
    appended: int
    applied: int
    checkpointed: int
    lag_samples: int
    series: int
    samples: int
    late: int
    duplicate: int
    conflict: int
    held: int
    tag_values: int
    time_zones: int
    declarations: int
    log_bytes: int
    state_bytes: int
    clock_ms: int
    log_ok: bool
    lag_bytes: int
    lag_ms: int
    trouble: list[str]


class LimitUse(Answer):
    name: str
    value: float
    used: float | None
    hits: int


class Unreachable(Answer):
    """A receiver that takes no notices."""

    name: str
    since_ms: int
    trouble: str


class AlertStatus(Answer):
    notices_waiting: int
    unreachable: list[Unreachable]


class Status(Answer):
    version: str
    auth: str
    engine: str
    shards: list[ShardStatus]
    limits: list[LimitUse]
    series: int | None = Field(description="null for those bound to a team: it would have to be counted")
    incidents_open: int
    alerts: AlertStatus | None = Field(description="null for those bound to a team")
    sources_trouble: str = Field(default="", description="why the file of sources does not hold; else empty")


class Health(Answer):
    status: str


def is_zone(name: str) -> bool:
    """Whether the time zone database knows the name.

    >>> is_zone("Europe/Berlin"), is_zone("../etc/passwd")
    (True, False)
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def rfc3339(ts_ms: int) -> str:
    """UTC text of a time, with milliseconds only where there are some.

    >>> rfc3339(1360350000000), rfc3339(1360350000250)
    ('2013-02-08T19:00:00Z', '2013-02-08T19:00:00.250Z')
    """
    when = _EPOCH + timedelta(milliseconds=ts_ms)
    precision = "milliseconds" if ts_ms % 1000 else "seconds"
    return when.isoformat(timespec=precision).replace("+00:00", "Z")
