"""Sources that are polled, as they stand."""

from __future__ import annotations

from fastapi import APIRouter

from api import schemas, source_shapes
from api.routes.common import PROBLEMS, TheMonitor

router = APIRouter(tags=["sources"], responses=PROBLEMS)


@router.get("/sources")
def list_sources(monitor: TheMonitor) -> schemas.ListOf[source_shapes.Source]:
    """Every source that is polled: its state, when it last answered, and why it last did not."""
    return schemas.ListOf(items=[source_shapes.source(one) for one in monitor.polling.statuses()])
