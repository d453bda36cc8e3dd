"""Sources that are polled: as they stand, as they are declared, and what one would take in."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Path

from api import source_preview
from api import source_shapes as shapes
from api.problems import unavailable
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheMonitor
from api.schemas import Health
from collectors.pulled import SourceFailed

router = APIRouter(prefix=PREFIX, tags=["sources"], responses=PROBLEMS)

Name = Annotated[shapes.Name, Path()]
PREVIEWS = 4
"""At once; each holds a request's thread until its source has answered."""

_previews = BoundedSemaphore(PREVIEWS)


@router.get("/sources")
def list_sources(monitor: TheMonitor) -> shapes.Sources:
    """Every source that is polled: its state, when it last answered, and why it last did not; and whether the
    file that declares them is right."""
    items = [shapes.source(one) for one in monitor.polling.statuses()]
    return shapes.Sources(items=items, trouble=monitor.sources.trouble)


@router.get("/sources/{name}")
def one_source(monitor: TheMonitor, name: Name) -> shapes.Declared:
    """How a source is declared; secrets are named there, and never shown."""
    kind, settings = monitor.sources.declaration(name)
    return shapes.Declared(name=name, kind=kind, settings=settings)


@router.post("/sources", status_code=201)
def add_source(monitor: TheMonitor, access: TheAccess, actor: TheActor, asked: shapes.New) -> shapes.Declared:
    """Declare a source; it is asked from now on."""
    monitor.sources.checked(asked.kind, asked.name, asked.settings, new=True).source.close()
    after = {"kind": asked.kind, "settings": asked.settings}
    access.accounts.record(actor.did("source declared", f"source:{asked.name}", None, after))
    monitor.sources.put(asked.kind, asked.name, asked.settings, new=True)
    return one_source(monitor, asked.name)


@router.put("/sources/{name}")
def put_source(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, name: Name, asked: shapes.Said
) -> shapes.Declared:
    """Declare a source that is there otherwise; it goes on where it was read to."""
    kind, settings = monitor.sources.declaration(name)
    monitor.sources.checked(asked.kind, name, asked.settings).source.close()
    before = {"kind": kind, "settings": settings}
    after = {"kind": asked.kind, "settings": asked.settings}
    access.accounts.record(actor.did("source declared", f"source:{name}", before, after))
    monitor.sources.put(asked.kind, name, asked.settings, new=False)
    return one_source(monitor, name)


@router.delete("/sources/{name}")
def drop_source(monitor: TheMonitor, access: TheAccess, actor: TheActor, name: Name) -> Health:
    """Ask a source no more. Its series stay; where it was read to is remembered, should it come back."""
    kind, settings = monitor.sources.declaration(name)
    before = {"kind": kind, "settings": settings}
    access.accounts.record(actor.did("source removed", f"source:{name}", before))
    monitor.sources.remove(name)
    return Health(status="removed")


@router.post("/sources/preview")
def preview_source(monitor: TheMonitor, asked: shapes.Preview) -> shapes.Previewed:
    """The first samples of the newest span that a source declared so would hand over. Keeps nothing."""
    one = monitor.sources.checked(asked.kind, asked.name, asked.settings)
    if not _previews.acquire(blocking=False):
        one.source.close()
        raise unavailable(f"{PREVIEWS} sources are tried already", 5, "overloaded")
    try:
        found = source_preview.newest(one)
    except SourceFailed as error:
        return shapes.Previewed(error=str(error), samples=0, series=0, refused={}, rows=[])
    finally:
        _previews.release()
    return shapes.Previewed(
        error="",
        samples=len(found.batch),
        series=len(found.batch.identities),
        refused={reject.reason: reject.count for reject in found.rejects},
        rows=[shapes.Row(**row) for row in source_preview.rows(found, asked.rows)],
    )
