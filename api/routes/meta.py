"""Watchkeeper itself: how it does, what is wrong, freeze and thaw, and the way back."""

from __future__ import annotations

from fastapi import APIRouter

from api import meta_shapes as shapes
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheMonitor

router = APIRouter(prefix=f"{PREFIX}/meta", tags=["meta"], responses=PROBLEMS)


@router.get("")
def how_it_does(monitor: TheMonitor) -> shapes.Meta:
    """The own series ``watchkeeper.*`` by metric, the meta-incidents that are open, and whether passes may
    change models now."""
    return shapes.meta(monitor)


@router.post("/freeze")
def freeze(monitor: TheMonitor, access: TheAccess, actor: TheActor, body: shapes.FreezeIn) -> shapes.Frozen:
    """From here on passes change no models of series that have one, until somebody unfreezes."""
    access.accounts.record(actor.did("models frozen", "meta", None, body.model_dump()))
    return shapes.Frozen(frozen=monitor.overseeing.freeze_by(actor.name, body.reason).reason or None)


@router.post("/unfreeze")
def unfreeze(monitor: TheMonitor, access: TheAccess, actor: TheActor) -> shapes.Frozen:
    """Passes may change models again, also while the meta-incidents that are open now go on."""
    before = {"frozen": monitor.overseeing.freeze.reason}
    access.accounts.record(actor.did("models unfrozen", "meta", before))
    return shapes.Frozen(frozen=monitor.overseeing.unfreeze().reason or None)


@router.post("/rollback")
def roll_back(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, body: shapes.RollbackIn
) -> shapes.RolledBack:
    """Give every series back exactly what its newest change of models replaced, where a pass made that since
    a time, and close its contest. With ``dry_run`` only says which. Some 0.2 ms a series."""
    if body.dry_run:
        found = monitor.overseeing.changed_since(body.since_ms, body.family)
    else:
        access.accounts.record(actor.did("models rolled back", "meta", None, body.model_dump()))
        found = monitor.overseeing.roll_back(body.since_ms, body.family)
    return shapes.RolledBack(dry_run=body.dry_run, items=[shapes.changed(one) for one in found])


@router.post("/reopen", status_code=204)
def reopen(monitor: TheMonitor, access: TheAccess, actor: TheActor, body: shapes.ReopenIn) -> None:
    """Let passes choose the models of series again that were rolled back since a time."""
    access.accounts.record(actor.did("contests opened", "meta", None, body.model_dump()))
    monitor.overseeing.reopen(body.since_ms, body.family)
