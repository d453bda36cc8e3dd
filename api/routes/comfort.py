"""Comfort calibration: how many anomalies other thresholds would have brought, for the owner to pick."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Text, TheView
from api.schemas import Answer
from monitor.comforting import DAYS_MAX, Comfort
from monitor.domain.comfort import OPENS_AT, SCORES
from monitor.domain.mute import Selector

router = APIRouter(prefix=PREFIX, tags=["series"], responses=PROBLEMS)

Score = Annotated[float, Query(ge=1.0, lt=100.0)]


class ThresholdOut(Answer):
    """What would have been with this score. ``series``: those with a run; ``excess``: summed distance outside
    the band in the metric's units, null where the set is of several metrics."""

    score: float
    runs: int
    series: int
    excess: float | None


class RunOut(Answer):
    """There for every threshold up to its score."""

    series_id: str
    series: str
    from_ms: int
    to_ms: int
    score: float
    excess: float


class ComfortOut(Answer):
    """``series``: how many were looked at, ``truncated``: more fit; ``runs``: of the lowest threshold the 500
    with the highest scores; ``opens_at``: the score at which an anomaly opens now."""

    from_ms: int
    to_ms: int
    opens_at: float = OPENS_AT
    series: int
    metrics: int
    truncated: bool
    thresholds: list[ThresholdOut]
    runs: list[RunOut]


@router.get("/comfort")
def comfort(
    view: TheView,
    metric: Text = None,
    tag: Annotated[list[Annotated[str, Query(max_length=512)]], Query(max_length=40)] = [],  # noqa: B006
    route: Annotated[str | None, Query(max_length=128)] = None,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 14,
    score: Annotated[list[Score], Query(max_length=60, description="thresholds, from 0 to 100")] = [],  # noqa: B006
) -> ComfortOut:
    """For a range of thresholds, how many runs of values reached them over the last days of event time, and
    by how much they lay outside their band: of the series of a metric or pattern with all of these tags
    (key=value, `*` stands for any characters), or of those that a route asks for. Minimum change, duration
    and labels, which also decide, are left out. Changes nothing."""
    if route is not None and (metric is not None or tag):
        raise Problem(422, "either a route, or a metric and tags", kind="invalid-parameter")
    scores = score or SCORES
    if route is not None:
        return _out(view.comfort_of_route(route, days, scores))
    if any("=" not in one for one in tag):
        raise Problem(422, "tag: key=value is expected", kind="invalid-parameter")
    pairs = tuple(sorted((key, value) for key, _, value in (one.partition("=") for one in tag)))
    return _out(view.comfort(Selector(metric or "*", pairs).checked(), days, scores))


def _out(found: Comfort) -> ComfortOut:
    names = ("score", "runs", "series", "excess")
    return ComfortOut(
        from_ms=found.from_ms,
        to_ms=found.to_ms,
        series=found.series,
        metrics=found.metrics,
        truncated=found.truncated,
        thresholds=[ThresholdOut(**{name: getattr(one, name) for name in names}) for one in found.thresholds],
        runs=[
            RunOut(
                series_id=row["id"],
                series=row["series"],
                from_ms=run.from_ms,
                to_ms=run.to_ms,
                score=run.score,
                excess=run.excess,
            )
            for row, run in found.runs
        ],
    )
