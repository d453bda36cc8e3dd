"""The picture behind a chart link: drawn when it is asked for, without a login."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.alerting.chart_links import PATH, ChartLinks
from monitor.alerting.signing import NoLink
from monitor.domain.errors import NotFound
from monitor.domain.notice import Picture

_HEADERS = {
    "Cache-Control": "private, max-age=300",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "cross-origin",  # it is shown on the service's page
}


def chart_routes(links: ChartLinks, charts: Callable[[str], tuple[Picture, ...]]) -> list[BaseRoute]:
    """``/chart/{token}``. ``charts`` of an incident's id; raises NotFound."""

    async def show(request: Request) -> Response:
        try:
            incident = links.read(request.path_params["token"])
            pictures = await asyncio.to_thread(charts, incident)
        except (NoLink, NotFound) as error:
            text = str(error) if isinstance(error, NoLink) else "There is no such incident any more."
            return PlainTextResponse(text, 404, {"Cache-Control": "no-store"})
        if not pictures:
            return PlainTextResponse("There is no chart of it.", 404, {"Cache-Control": "no-store"})
        return Response(pictures[0].png, 200, _HEADERS, "image/png")

    return [Route(PATH + "{token}", show, methods=["GET"])]
