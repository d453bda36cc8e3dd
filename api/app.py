"""The application: hot route as plain ASGI, control plane by FastAPI, the page, a guard around all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.routing import Route

from api import page, problems
from api.access.access import Access
from api.access.gate import Gate
from api.access.login import login_routes
from api.chart_page import chart_routes
from api.control_body import ControlBodies
from api.dialects.table import dialects
from api.doors import Doors
from api.guard import Guard
from api.ingest import IngestRoute, Intake
from api.label_page import IncidentLabels, label_routes
from api.openapi import describe
from api.predictions import outcome_intake, prediction_intake
from api.probe import Probe
from api.routes import (
    acts,
    alerts,
    budgets,
    comfort,
    explain,
    incidents,
    lab,
    labels,
    meta,
    metrics,
    models,
    mutes,
    people,
    ranking,
    series,
    server,
    sources,
    teams,
    topology,
)
from api.routes.common import PREFIX
from api.statsd import StatsdListener
from monitor.service import Monitor, State
from monitor.settings import Settings

if TYPE_CHECKING:
    from api.access.sign_on import SignOn

log = logging.getLogger(__name__)

_ROUTERS = (
    incidents.router,
    acts.router,
    labels.router,
    explain.router,
    series.router,
    metrics.router,
    models.router,
    topology.router,
    lab.router,
    alerts.router,
    budgets.router,
    comfort.router,
    mutes.router,
    server.router,
    server.health,
    sources.router,
    meta.router,
    teams.router,
    people.router,
    ranking.router,
)
_HUNG = "the engine does not answer"


def create_app(
    monitor: Monitor,
    dist: Path = page.DIST,
    access: Access | None = None,
) -> FastAPI:
    """The application of one Monitor, which it starts (on a thread: ``/live`` answers at once) and
    stops with itself. A Monitor that runs already is stopped by whoever started it."""
    access = access or Access(monitor.settings, monitor.accounts)
    doors = Doors(monitor)
    intake = Intake(monitor, doors)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        owned = monitor.state is State.NEW
        starting = asyncio.create_task(_start(monitor)) if owned else None
        access.start()
        statsd = StatsdListener(monitor, monitor.now_ms) if monitor.settings.statsd.enabled else None
        if statsd is not None:
            statsd.start()
        try:
            yield
        finally:
            if statsd is not None:
                await asyncio.to_thread(statsd.stop)
            await asyncio.to_thread(access.close)
            if starting is not None:
                await asyncio.to_thread(monitor.stop)
                await starting
            doors.close()

    app = FastAPI(
        title="Watchkeeper",
        version=monitor.version or "0",
        description="A self-hosted monitor for models and metrics.",
        lifespan=lifespan,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.monitor = monitor
    app.state.access = access
    app.state.readiness = Probe(monitor.not_ready, _HUNG)
    problems.install(app)
    samples_max = monitor.settings.limits.samples_per_request_max
    for path, dialect in dialects(samples_max, monitor.now_ms).items():
        route = IngestRoute(intake, dialect)
        app.router.routes.append(Route(path, route, methods=["POST"], include_in_schema=False))
    for name, make in (("predictions", prediction_intake), ("outcomes", outcome_intake)):
        rows = make(monitor, doors, samples_max)
        app.router.routes.append(Route(f"{PREFIX}/{name}", rows, methods=["POST"], include_in_schema=False))
    hot = {route.path for route in app.router.routes if isinstance(route, Route)}
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)  # included, each would be made anew
    sso = _sign_on(monitor.settings)
    if monitor.label_links is not None:
        audit = monitor.accounts.record
        app.router.routes.extend(label_routes(monitor.label_links, IncidentLabels(monitor), audit))
    if monitor.chart_links is not None:
        app.router.routes.extend(chart_routes(monitor.chart_links, monitor.charts))
    app.router.routes.extend([*login_routes(access, sso), *page.page_routes(dist)])
    gate = Gate(access, lambda: app.router.routes, lambda: RedirectResponse("/login", 303))
    under = f"{PREFIX}/"
    app.add_middleware(ControlBodies, monitor=monitor, budget=doors.budget, under=under, others=hot)
    app.add_middleware(Guard, monitor=monitor, gate=gate)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _sign_on(settings: Settings) -> SignOn | None:
    if settings.auth == "off" or not settings.access.sso.issuer:
        return None
    from api.access.sign_on import sign_on  # loads an HTTP client, which most servers never need

    return sign_on(settings)


async def _start(monitor: Monitor) -> None:
    try:
        await asyncio.to_thread(monitor.start)
    except Exception:
        log.exception("recovery failed; the server answers /live and /ready only")
