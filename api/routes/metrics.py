"""Metrics: which there are, and what each is declared to be."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api import schemas
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, TheAccess, TheActor, TheMonitor, TheView
from monitor.domain.declared import Body, Declared
from monitor.domain.errors import NotFound
from monitor.domain.paging import page_of

router = APIRouter(prefix=f"{PREFIX}/metrics", tags=["metrics"], responses=PROBLEMS)

_NAME_BYTES_MAX = 512
Name = Annotated[str, Path(max_length=_NAME_BYTES_MAX)]


@router.get("")
def list_metrics(view: TheView, limit: Limit = 100, cursor: Cursor = None) -> schemas.ListOf[schemas.Metric]:
    """Metrics by name, those seen and those declared, patterns too."""
    declared = Declared(view.declarations())
    after = from_cursor(cursor)
    names = sorted(name for name in {*view.metric_names(), *view.declared_names()} if name > after)
    page = page_of(names[: limit + 1], limit, lambda name: name)
    items = [_metric(name, declared) for name in page.items]
    return schemas.ListOf(items=items, next=to_cursor(page.next))


@router.get("/{name:path}")
def one_metric(view: TheView, name: Name) -> schemas.Metric:
    """What holds for one metric, and under which name or pattern it was declared; null where a thing is left
    to be learned."""
    declared = Declared(view.declarations())
    if name not in view.declared_names() and name not in view.metric_names():
        raise NotFound("no such metric")
    return _metric(name, declared)


@router.put("/{name:path}")
def declare_metric(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, name: Name, declaration: schemas.Declaration
) -> schemas.Metric:
    """Say what a metric is; where the name has a ``*``, what every metric is that fits it and has no
    declaration of its own or by a more specific pattern. An empty declaration takes the one before it back.
    In the log of every shard when this is answered."""
    if not name.isprintable() or len(name.encode("utf-8", "replace")) > _NAME_BYTES_MAX:
        raise Problem(422, "name: control characters, or longer than 512 bytes", kind="bad-name")
    values = declaration.model_dump(exclude_none=True)
    lower, upper = declaration.static_lower, declaration.static_upper
    if lower is not None and upper is not None and lower >= upper:
        raise Problem(422, "static_lower: must lie below static_upper", kind="invalid-parameter")
    before = monitor.declaring.metrics().get(name)
    monitor.declaring.check_metric(name, values)
    access.accounts.record(actor.did("metric declared", f"metric:{name}", before, values))
    monitor.declaring.metric(name, values)
    return schemas.Metric(name=name, declared_by=name if values else None, **values)


def _metric(name: str, declared: Declared) -> schemas.Metric:
    return schemas.Metric(name=name, declared_by=declared.holding(name), **_known(declared.of(name)))


def _known(declaration: Body) -> schemas.Row:
    return {key: value for key, value in declaration.items() if key in schemas.Declaration.model_fields}
