"""Served models: which there are, how good they are, and what is declared of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api import schemas
from api import served_shapes as shapes
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, Text, TheAccess, TheActor, TheView
from monitor.domain.paging import page_of
from monitor.domain.served import ModelSettings

router = APIRouter(prefix=f"{PREFIX}/models", tags=["models"], responses=PROBLEMS)

Name = Annotated[str, Path(min_length=1, max_length=256)]
Buckets = Annotated[int, Query(ge=1, le=400, description="most buckets in the answer")]


@router.get("")
def list_models(
    view: TheView, limit: Limit = 100, cursor: Cursor = None
) -> schemas.ListOf[shapes.ServedModel]:
    """Models whose predictions came, by name."""
    after = from_cursor(cursor)
    listed = [one for one in view.models() if one["name"] > after]
    page = page_of(listed[: limit + 1], limit, lambda one: str(one["name"]))
    items = [shapes.ServedModel.model_validate(one) for one in page.items]
    return schemas.ListOf(items=items, next=to_cursor(page.next))


@router.get("/{name}")
def one_model(
    view: TheView, name: Name, version: Text = None, segment: Text = None, buckets: Buckets = 48
) -> shapes.ServedModelDetail:
    """One model, with the buckets of a version (the newest) and a segment, as ``key=value`` (the whole): the
    newest first. Values of a bucket that is not mature may change; they carry n and an interval."""
    found = view.model(name, version, segment, buckets)
    return shapes.ServedModelDetail.model_validate(found)


@router.put("/{name}")
def declare_model(
    view: TheView, access: TheAccess, actor: TheActor, name: Name, settings: shapes.ServedModelSettings
) -> shapes.ServedModelSettings:
    """Say what a model is, best before its first prediction: of a model that is known task, positive class
    and bucket stay as they are. In the log when this is answered."""
    if not name.isprintable():
        raise Problem(422, "name: control characters", kind="bad-name")
    wanted = ModelSettings.from_body(settings.model_dump(exclude_none=True))
    before = view.model_settings(name)
    access.accounts.record(actor.did("model declared", f"model:{name}", before.to_body(), wanted.to_body()))
    view.declare_model(name, wanted)
    return shapes.ServedModelSettings.model_validate(view.model_settings(name).to_body())
