"""The application: hot route as plain ASGI, control plane by FastAPI, the page, a guard around all."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route

from api import page, problems
from api.guard import Guard
from api.ingest import SampleIntake
from api.openapi import describe
from api.probe import Probe
from api.routes import explain, incidents, metrics, series, server, topology
from api.routes.common import PREFIX
from collectors.arrow_stream import ArrowDecoder
from collectors.base import Decoder
from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder, NdjsonDecoder
from monitor.service import Monitor, State

log = logging.getLogger(__name__)

_HUNG = "the engine does not answer"


def create_app(
    monitor: Monitor, decoders: Mapping[str, Decoder] | None = None, dist: Path = page.DIST
) -> FastAPI:
    """The application of one Monitor, which it starts (on a thread: ``/live`` answers at once) and
    stops with itself. A Monitor that runs already is stopped by whoever started it."""
    samples = SampleIntake(
        monitor, decoders or default_decoders(monitor.settings.limits.samples_per_request_max)
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        owned = monitor.state is State.NEW
        starting = asyncio.create_task(_start(monitor)) if owned else None
        try:
            yield
        finally:
            if starting is not None:
                await asyncio.to_thread(monitor.stop)
                await starting
            samples.close()

    app = FastAPI(
        title="Watchkeeper",
        version=monitor.version or "0",
        description="A self-hosted monitor for models and metrics.",
        lifespan=lifespan,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.monitor = monitor
    app.state.readiness = Probe(monitor.not_ready, _HUNG)
    problems.install(app)
    app.router.routes.append(Route(f"{PREFIX}/samples", samples, name="samples", include_in_schema=False))
    for router in (incidents, explain, series, metrics, topology, server):
        app.include_router(router.router, prefix=PREFIX)
    app.include_router(server.health)
    app.router.routes.extend(page.page_routes(dist))
    app.add_middleware(Guard, monitor=monitor)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def default_decoders(samples_max: int) -> dict[str, Decoder]:
    """One decoder a content type, over one memory of series names, hashed with a key of this process."""
    keys = WireKeys(seed=secrets.randbits(64))
    return {
        "application/json": JsonDecoder(keys, samples_max=samples_max),
        "application/x-ndjson": NdjsonDecoder(keys, samples_max=samples_max),
        "application/vnd.apache.arrow.stream": ArrowDecoder(keys, samples_max=samples_max),
    }


async def _start(monitor: Monitor) -> None:
    try:
        await asyncio.to_thread(monitor.start)
    except Exception:
        log.exception("recovery failed; the server answers /live and /ready only")
