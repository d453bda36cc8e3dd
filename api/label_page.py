"""The page behind a label link: what would be set, and a button that sets it. No script, no login."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.access.actor import Actor
from monitor.alerting.label_links import PATH, LabelLink, LabelLinks
from monitor.alerting.signing import NoLink
from monitor.alerting.text import shown
from monitor.domain.audit import Deed
from monitor.domain.errors import NotFound
from monitor.domain.labels import Said
from monitor.service import Monitor

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · Watchkeeper</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_FORM = """<p>{incident}</p>
<p>Label: <strong>{label}</strong></p>
<form method="post"><button>Set this label</button></form>
<p><small>It will be written down as set by {user}. It can be taken back by whoever is logged in.</small></p>
"""


Record = Callable[[str, dict[str, str]], None]
"""Writes into the audit log: of what, and what is there after it."""


class Labels(Protocol):
    """``title`` of an incident, or NotFound. ``set`` says a label of it and returns when that is in the log;
    the same by the same is said once. ``record`` writes into the audit log before."""

    def title(self, incident: str) -> str: ...

    def set(self, incident: str, label: str, user: str, record: Record) -> None: ...


def label_routes(links: LabelLinks, labels: Labels, audit: Callable[[Deed], None]) -> list[BaseRoute]:
    """``/label/{token}``: GET shows, POST sets."""
    page = _LabelPage(links, labels, audit)
    return [
        Route(PATH + "{token}", page.show, methods=["GET"]),
        Route(PATH + "{token}", page.set, methods=["POST"]),
    ]


class IncidentLabels:
    """`Labels` as the Monitor keeps them."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def title(self, incident: str) -> str:
        found, _ = self._monitor.recounting.incident(incident)
        return found.title

    def set(self, incident: str, label: str, user: str, record: Record) -> None:
        labelling = self._monitor.labelling
        said = labelling.prepared(labelling.whole(incident), Said(label), user)
        record(f"label:{said.id}", {"label": label, "incident": incident})
        labelling.tell(said)


class _LabelPage:
    def __init__(self, links: LabelLinks, labels: Labels, audit: Callable[[Deed], None]) -> None:
        self._links = links
        self._labels = labels
        self._audit = audit

    async def show(self, request: Request) -> Response:
        try:
            link, title = await self._found(request)
        except (NoLink, NotFound) as error:
            return _gone(error)
        form = _FORM.format(incident=_text(title), label=_text(link.label), user=_text(link.user))
        return _page("Set a label", form)

    async def set(self, request: Request) -> Response:
        try:
            link, title = await self._found(request)
            await asyncio.to_thread(self._set, link, request)
        except (NoLink, NotFound) as error:
            return _gone(error)
        body = f"<p>{_text(title)}</p>\n<p>Label: <strong>{_text(link.label)}</strong></p>"
        return _page("The label is set", body)

    async def _found(self, request: Request) -> tuple[LabelLink, str]:
        link = self._links.read(request.path_params["token"])
        return link, await asyncio.to_thread(self._labels.title, link.incident)

    def _set(self, link: LabelLink, request: Request) -> None:
        address = request.client.host if request.client is not None else ""
        by = Actor(link.user, address, request.state.request_id)

        def record(object: str, after: dict[str, str]) -> None:
            self._audit(by.did("label set by a link", object, None, after))

        self._labels.set(link.incident, link.label, link.user, record)


def _gone(error: NoLink | NotFound) -> Response:
    text = str(error) if isinstance(error, NoLink) else "There is no such incident any more."
    return _page("No label is set", f"<p>{_text(text)}</p>", 404)


def _page(title: str, body: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(title=title, body=body), status, {"Cache-Control": "no-store"})


def _text(text: str) -> str:
    return escape(shown(text))
