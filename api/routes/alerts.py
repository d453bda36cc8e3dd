"""Alerts: routes, receivers, what they would send, and what was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api import alert_shapes as shapes
from api import notice_shapes as notices
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheView
from api.schemas import Health, ListOf
from monitor.domain.destination import Destination
from monitor.domain.route import DEFAULT, Route

router = APIRouter(prefix=PREFIX, tags=["alerts"], responses=PROBLEMS)

Name = Annotated[shapes.Name, Path()]


@router.get("/routes")
def list_routes(view: TheView) -> ListOf[shapes.RouteOut]:
    """Routes in the order in which they are asked; for a team its own."""
    return ListOf(items=[shapes.route_out(one) for one in view.routes()])


@router.post("/routes/preview")
def preview_routes(view: TheView, asked: shapes.PreviewIn) -> notices.PreviewOut:
    """What the last days would have sent if a route were so; decided by the code that decides live, over the
    incidents' transitions as they are stored. Changes nothing."""
    changed = [_checked(asked.name, asked.route)] if asked.name and asked.route is not None else []
    removed = [asked.name] if asked.name else []
    return notices.preview(view.preview(changed, removed, asked.days))


@router.get("/routes/{name}")
def one_route(view: TheView, name: Name) -> shapes.RouteOut:
    """One route."""
    return shapes.route_out(view.route(name))


@router.put("/routes/{name}")
def put_route(view: TheView, actor: TheActor, name: Name, asked: shapes.RouteIn) -> shapes.RouteOut:
    """Declare a route, in the place of the one of that name. Holds for what happens to incidents from now
    on."""
    route = view.check_route(_checked(name, asked))
    before = next((one.to_body() for one in view.routes() if one.name == name), None)
    view.put_route(route, actor.did("route declared", f"route:{name}", before, route.to_body()))
    return shapes.route_out(route)


@router.delete("/routes/{name}")
def drop_route(view: TheView, actor: TheActor, name: Name) -> Health:
    """Take a route back. Those it has told of an incident are told of its end all the same."""
    before = view.route(name)
    view.drop_route(name, actor.did("route removed", f"route:{name}", before.to_body()))
    return Health(status="removed")


@router.get("/receivers")
def list_receivers(view: TheView) -> ListOf[shapes.ReceiverOut]:
    """Receivers by name, and since when one takes no notices; for a team its own."""
    return ListOf(items=[shapes.receiver_out(one) for one in view.receivers()])


@router.get("/receivers/{name}")
def one_receiver(view: TheView, name: Name) -> shapes.ReceiverOut:
    """One receiver."""
    return shapes.receiver_out(view.receiver(name))


@router.put("/receivers/{name}")
def put_receiver(view: TheView, actor: TheActor, name: Name, asked: shapes.ReceiverIn) -> shapes.ReceiverOut:
    """Declare a receiver, in the place of the one of that name; what waits for it goes to the new one."""
    known = next((one for one in view.receivers() if one.name == name), None)
    one = view.alerts.check_receiver(
        Destination(name, asked.kind, asked.settings, asked.team, asked.fallback)
    )
    before = None if known is None else _body(known)
    view.alerts.put_receiver(one, actor.did("receiver declared", f"receiver:{name}", before, _body(one)))
    return shapes.receiver_out(one)


@router.delete("/receivers/{name}")
def drop_receiver(view: TheView, actor: TheActor, name: Name) -> Health:
    """Take a receiver back, with all that waits for it; refused while a route names it."""
    before = view.receiver(name)
    view.alerts.check_unused(name)
    view.alerts.drop_receiver(name, actor.did("receiver removed", f"receiver:{name}", _body(before)))
    return Health(status="removed")


@router.post("/receivers/{name}/test")
def try_receiver(view: TheView, access: TheAccess, actor: TheActor, name: Name) -> shapes.Trial:
    """Send a receiver something that opens and closes at once, and say whether it took it."""
    one = view.receiver(name)
    access.accounts.record(actor.did("receiver tested", f"receiver:{name}", _body(one)))
    answer = view.alerts.test(name)
    return shapes.Trial(delivered=not answer, answer=answer or "taken")


@router.get("/incidents/{incident_id}/notices")
def notices_of(view: TheView, incident_id: Annotated[str, Path(max_length=128)]) -> notices.CorrespondenceOut:
    """What was told of an incident to whom, when, and with which answer; and what was not told, with the
    reason. For a team what its own routes did."""
    return notices.correspondence(view.correspondence(incident_id))


def _checked(name: str, asked: shapes.RouteIn) -> Route:
    if name == DEFAULT and asked.asks:
        raise Problem(422, "the default route has no conditions", kind="invalid-parameter")
    return asked.route(name)


def _body(one: Destination) -> dict[str, object]:
    return {
        "kind": one.kind,
        "settings": dict(one.settings),
        "team": one.team,
        "fallback": one.fallback,
    }
