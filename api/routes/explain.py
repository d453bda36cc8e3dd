"""Why a series shows what it shows at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import explained, shapes
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, TIME_MS_MAX, TheView
from collectors.times import rfc3339_ms

router = APIRouter(prefix=PREFIX, tags=["explain"], responses=PROBLEMS)

Which = Annotated[str, Query(max_length=2_048, description="an id, a metric, or metric{tag=value,…}")]
When = Annotated[str, Query(max_length=64, description="RFC 3339, or epoch milliseconds")]


@router.get("/explain")
def explain(view: TheView, series: Which, at: When) -> explained.Explanation:
    """The one reason for what a series shows at a time: in band, learning, below minimum change, an anomaly,
    missing, late, not final …, with value, expectation, band, size, how unusual it is, which model judged it
    and since when, what would have been normal, and where nobody was told of it, why."""
    found = view.explain(series, _moment_ms(at))
    covering = shapes.anomalies(view, [found.placed])[0] if found.placed is not None else None
    return explained.shape(found, covering, view.holds(found.placed))


def _moment_ms(text: str) -> int:
    """
    >>> _moment_ms("1360350000000"), _moment_ms("2013-02-08T14:00:00-05:00")
    (1360350000000, 1360350000000)
    """
    ts_ms = int(text) if text.isascii() and text.isdigit() else rfc3339_ms(text)
    if ts_ms is None or ts_ms > TIME_MS_MAX:
        raise Problem(422, "at: RFC 3339 or epoch milliseconds", kind="invalid-parameter")
    return ts_ms
