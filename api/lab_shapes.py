"""Shapes of the lab: points to try, detectors, and what each called."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer, Finite, Model, NotNegative
from api.shapes import columns
from monitor.lab import DETECTORS_MAX, POINTS_MAX, Called, Detector, Points

Ascending = Annotated[int, Field(ge=0, le=41_024_448_000_000)]
Tail = Literal["extreme_value", "conformal", "noncentral_t", "scaled_minmax", "sigma"]


class DetectorIn(BaseModel):
    """What is left out is chosen as the system chooses it."""

    model_config = ConfigDict(extra="forbid")

    model: Model | None = None
    threshold: Tail | None = None

    def detector(self) -> Detector:
        return Detector(self.model, self.threshold)


class LabIn(BaseModel):
    """``series``: under what is declared of it, with its cadence."""

    model_config = ConfigDict(extra="forbid")

    series: (
        Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="a series' id, 16 hexadecimal digits")]
        | None
    ) = None
    ts_ms: Annotated[list[Ascending], Field(min_length=1, max_length=POINTS_MAX)]
    value: Annotated[list[Finite], Field(min_length=1, max_length=POINTS_MAX)]
    n: Annotated[list[NotNegative | None], Field(max_length=POINTS_MAX)] | None = None
    detectors: Annotated[list[DetectorIn], Field(min_length=1, max_length=DETECTORS_MAX)]

    def points(self) -> Points:
        n = None if self.n is None else np.array([np.nan if x is None else x for x in self.n], np.float64)
        return Points(np.array(self.ts_ms, np.int64), np.array(self.value, np.float64), n)


class SpanOut(Answer):
    """An anomaly; ``end_ms`` null where it is open at the last point."""

    kind: str
    from_ms: int
    end_ms: int | None


class CalledOut(Answer):
    """One entry a final bucket in every column; ``told``: part of an anomaly; ``models``: which family
    judged, from which bucket on."""

    ts_ms: list[int]
    expected: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    score: list[float | None]
    told: list[bool]
    models: list[tuple[int, str]]
    anomalies: list[SpanOut]


class LabOut(Answer):
    """By detector, in the order they were asked for."""

    detectors: list[CalledOut]


class CsvPoints(Answer):
    """One series of a file. ``names``: all there are in it, at most some; ``label`` null where the file has
    none, else 1 for an anomaly, 0 for none, -1 where it does not say; ``left_out``: rows and points."""

    names: list[str]
    name: str
    ts_ms: list[int]
    value: list[float]
    label: list[int] | None
    left_out: int


def called(one: Called) -> CalledOut:
    shown = {name: getattr(one.columns, name) for name in ("ts_ms", "expected", "lower", "upper", "score")}
    spans = [SpanOut(kind=a.kind.value, from_ms=a.begin_ms, end_ms=a.end_ms) for a in one.anomalies]
    return CalledOut(
        **{name: columns({name: _short(column)})[name] for name, column in shown.items()},
        told=one.told.tolist(),
        models=_changes(one),
        anomalies=spans,
    )


def _short(column: NDArray[np.generic]) -> NDArray[np.generic]:
    """Six digits, which is more than a chart shows and a third of the bytes."""
    if column.dtype.kind != "f":
        return column
    wide = column.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 5 - np.floor(np.log10(np.abs(wide)))
    scale = 10.0 ** np.clip(np.where(np.isfinite(digits), digits, 0.0), -300, 300)
    return np.asarray(np.where(np.isfinite(wide), np.round(wide * scale) / scale, wide))


def _changes(one: Called) -> list[tuple[int, str]]:
    model, ts_ms = one.columns.model, one.columns.ts_ms
    if not len(model):
        return []
    first = np.flatnonzero(np.concatenate([[True], model[1:] != model[:-1]]))
    names = columns({"model": model[first]})["model"]
    return list(zip(ts_ms[first].tolist(), names, strict=True))
