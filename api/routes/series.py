"""Series and their observations."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import schemas, shapes
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import (
    PREFIX,
    PROBLEMS,
    Cursor,
    Limit,
    SeriesId,
    Text,
    TheAccess,
    TheActor,
    TheView,
    TimeMs,
)
from monitor.catalogue.order import is_spot

Points = Annotated[int, Query(ge=1, le=11_000)]

router = APIRouter(prefix=f"{PREFIX}/series", tags=["series"], responses=PROBLEMS)


@router.get("")
def list_series(
    view: TheView,
    metric: Text = None,
    q: Text = None,
    tag: Text = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> schemas.ListOf[schemas.Series]:
    """Series by name, without case."""
    after = from_cursor(cursor)
    if after and not is_spot(after):
        raise Problem(400, "the cursor is not one of this server", kind="bad-cursor")
    if tag is not None and "=" not in tag:
        raise Problem(422, "tag: key=value is expected", kind="invalid-parameter")
    page = view.series(metric=metric, q=q, tag=tag, after=after, limit=limit)
    items = [schemas.Series.model_validate(row) for row in page.items]
    return schemas.ListOf(items=items, next=to_cursor(page.next))


@router.get("/{series_id}")
def one_series(view: TheView, series_id: SeriesId) -> schemas.SeriesDetail:
    """One series: what it is taken for, how far its model is and when it will be farther; while it is
    learning, a wide band for its values."""
    row = view.series_one(series_id)
    band = shapes.wide_band(view.wide_band(row))
    return schemas.SeriesDetail.model_validate({**row, "wide_band": band})


@router.delete("/{series_id}", status_code=204)
def delete_series(view: TheView, access: TheAccess, actor: TheActor, series_id: SeriesId) -> None:
    """Forget a series: model, history, anomalies."""
    row = view.series_one(series_id)
    access.accounts.record(actor.did("series deleted", f"series:{series_id}", {"series": row["series"]}))
    view.forget_series(series_id)


@router.get("/{series_id}/journal")
def journal(view: TheView, series_id: SeriesId) -> schemas.Journal:
    """What the series lived by and why that changed."""
    return schemas.Journal.model_validate({"series_id": series_id, "entries": view.journal(series_id)})


@router.post("/{series_id}/undo")
def undo(view: TheView, access: TheAccess, actor: TheActor, series_id: SeriesId) -> schemas.Series:
    """Give the series back exactly what the newest change of its models replaced, and keep that until the
    contest is opened again. Called twice, the second undoes the first."""
    row = view.series_one(series_id)
    if any(entry["undoable"] for entry in view.journal(series_id)):
        said = {"champion": row["champion"], "challenger": row["challenger"]}
        access.accounts.record(actor.did("models undone", f"series:{series_id}", said))
    return schemas.Series.model_validate(view.undo(series_id))


@router.post("/{series_id}/contest")
def open_contest(view: TheView, access: TheAccess, actor: TheActor, series_id: SeriesId) -> schemas.Series:
    """Let learning passes choose the series' models again, from the next one on."""
    if (row := view.series_one(series_id))["pinned"]:
        said = {"champion": row["champion"], "challenger": row["challenger"]}
        access.accounts.record(actor.did("contest opened", f"series:{series_id}", said))
    return schemas.Series.model_validate(view.open_contest(series_id))


@router.get("/{series_id}/observations", response_model=schemas.Observations)
def observations(
    view: TheView,
    series_id: SeriesId,
    from_ms: TimeMs = None,
    to_ms: TimeMs = None,
    max_points: Points = 2_000,
    whole: bool = False,
) -> Response:
    """Final buckets as columns, oldest first: value, forecast, band, score, verdict. And revisions: samples
    that came after their bucket was final, from which nothing was learned. Of a span with more than
    `max_points` buckets the newest; with `whole`, of each stretch of it the lowest and the highest value and
    the highest score."""
    series = schemas.Series.model_validate(view.series_one(series_id))
    span = {"from_ms": from_ms, "to_ms": to_ms, "max_points": max_points}
    columns = dict(view.observations(series_id, **span, whole=whole))
    buckets = columns.pop("buckets", None)
    revisions = view.revisions(series_id, **span)
    # Columns as they are: a Pydantic model of some 100,000 numbers costs ten times their encoding.
    body = {
        "series": series.model_dump(by_alias=True),
        "buckets": buckets,
        "columns": shapes.columns(columns),
        "revisions": shapes.columns(revisions),
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get("/{series_id}/challenger", response_model=schemas.Challenger)
def challenger(
    view: TheView,
    series_id: SeriesId,
    from_ms: TimeMs = None,
    to_ms: TimeMs = None,
    max_points: Points = 2_000,
) -> Response:
    """What the challenger would have expected in the newest buckets of the span: as it is now, run over the
    values once more. It expects each value before it learns from it, but its season knows them all. A second
    for 10,000 buckets at most."""
    found = dict(view.challenger(series_id, from_ms=from_ms, to_ms=to_ms, max_points=max_points))
    model = found.pop("model", None)
    columns = shapes.columns(found) or {name: [] for name in ("ts_ms", "expected", "lower", "upper")}
    return Response(msgspec.json.encode({"model": model, "columns": columns}), media_type="application/json")
