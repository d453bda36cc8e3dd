"""The page: files that the build put into ``api/ui/dist``, or one plain page where it was left out."""

from __future__ import annotations

import os
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PathLike = str | os.PathLike[str]

DIST = Path(__file__).parent / "ui" / "dist"

_PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Watchkeeper</title></head>
<body><h1>Watchkeeper</h1>
<p>The server runs. Its page was not built into this installation (NO_UI=1); everything is in the API:</p>
<ul>
<li><a href="/api/v1/incidents">incidents</a></li>
<li><a href="/api/v1/anomalies">anomalies</a></li>
<li><a href="/api/v1/series">series</a></li>
<li><a href="/api/v1/status">status</a></li>
<li><a href="/openapi.json">openapi.json</a></li>
</ul></body></html>
"""


def page_routes(dist: Path = DIST) -> list[BaseRoute]:
    """``/`` and ``/assets/*``. Assets carry their hash in their names, so they may be kept for ever."""
    index = dist / "index.html"

    async def page(_: Request) -> Response:
        if index.is_file():
            return FileResponse(index, media_type="text/html")
        return HTMLResponse(_PLAIN)

    routes: list[BaseRoute] = [Route("/", page, methods=["GET"], name="page")]
    if (dist / "assets").is_dir():
        routes.append(Mount("/assets", _Assets(directory=dist / "assets"), name="assets"))
    icons = [dist / name for name in ("favicon.svg", "favicon.ico") if (dist / name).is_file()]
    routes.extend(Route(f"/{icon.name}", _file(icon), methods=["GET"], name=icon.name) for icon in icons)
    return routes


def _file(path: Path):  # type: ignore[no-untyped-def]
    async def answer(_: Request) -> Response:
        return FileResponse(path)

    return answer


class _Assets(StaticFiles):
    """Packed by gzip where the build made such a file and whoever asks takes it."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        packed = f"{full_path}.gz"
        taken = "gzip" in Headers(scope=scope).get("accept-encoding", "") and os.path.isfile(packed)
        path, stat = (packed, os.stat(packed)) if taken else (full_path, stat_result)
        response = super().file_response(path, stat, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        if taken:
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = guess_type(full_path)[0] or "application/octet-stream"
        return response
