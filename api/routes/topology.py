"""How things hang together: the learned graph, declared lineage, changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import relations, schemas
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, TheAccess, TheActor, TheMonitor, TimeMs
from monitor.domain.event import ChangeEvent
from monitor.domain.lineage import Lineage

router = APIRouter(prefix=PREFIX, tags=["topology"], responses=PROBLEMS)

Focus = Annotated[
    str | None,
    Query(pattern="^[0-9a-f]{16}$", description="a series' id, 16 hexadecimal digits: its edges only"),
]
_FOREVER_MS = 2**62
TIES_MAX = 1_000
"""Of what people told, the newest."""


@router.get("/topology")
def list_edges(
    monitor: TheMonitor, focus: Focus = None, limit: Limit = 100, cursor: Cursor = None
) -> relations.TopologyPage:
    """Series that began to be anomalous together beyond chance in the last weeks, with lag and direction;
    beside them what is declared to feed what, and what people confirmed or parted."""
    kept = monitor.relating.kept
    page = kept.edges(focus, from_cursor(cursor), limit)
    edges = [relations.edge(one) for one in page.items]
    first = cursor is None
    return relations.TopologyPage(
        version_ms=kept.version(),
        items=edges,
        lineage=_links(kept.lineage()) if first else [],
        ties=[relations.tie(one) for one in kept.ties()[:TIES_MAX]] if first else [],
        next=to_cursor(page.next),
    )


@router.get("/topology/communities")
def list_communities(monitor: TheMonitor, limit: Limit = 100) -> schemas.ListOf[relations.TopologyCommunity]:
    """The largest communities of the learned graph, with the series that hold each together."""
    found = monitor.relating.communities()[:limit]
    return schemas.ListOf(items=[relations.community(one) for one in found])


@router.get("/lineage")
def declared(monitor: TheMonitor) -> relations.LineageLinks:
    """Every declared link, with the time from which it holds."""
    return relations.LineageLinks(links=_links(monitor.relating.kept.lineage()))


@router.put("/lineage")
def declare(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, lineage: relations.LineageLinks
) -> schemas.Health:
    """Declare what feeds what, in the place of all that was declared before. A new link holds for what begins
    from now on, or from its ``since_ms``: incidents from then on are grouped anew. In the log when
    answered."""
    relating = monitor.relating
    before = relating.kept.lineage()
    after = relating.lineage_of([(one.upstream, one.downstream, one.since_ms) for one in lineage.links])
    gone, new = _beside(before, after), _beside(after, before)
    access.accounts.record(actor.did("lineage declared", "lineage", {"gone": gone}, {"new": new}))
    relating.declare(after)
    return schemas.Health(status="declared")


@router.get("/changes")
def list_changes(
    monitor: TheMonitor, since_ms: TimeMs = None, until_ms: TimeMs = None, limit: Limit = 100
) -> schemas.ListOf[relations.ChangeOut]:
    """Changes that were told of, the newest first."""
    until = until_ms if until_ms is not None else _FOREVER_MS
    found = monitor.relating.kept.changes(since_ms or 0, until, limit)
    return schemas.ListOf(items=[relations.change(one) for one in found])


@router.post("/changes")
def tell_change(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, change: relations.ChangeIn
) -> relations.ChangeOut:
    """Tell of a change: a deployment, a new configuration, a holiday. Shown beside incidents near it; the
    same again has no second effect. In the log when answered."""
    texts = (change.title, change.kind, *change.tags, *change.tags.values())
    if not all(text.isprintable() and len(text) <= 512 for text in texts):
        raise Problem(422, "control characters, or longer than 512", kind="invalid-parameter")
    at_ms = change.at_ms if change.at_ms is not None else monitor.now_ms()
    event = ChangeEvent(at_ms, change.kind, change.title, tuple(sorted(change.tags.items())))
    access.accounts.record(actor.did("change told", f"change:{event.id}", None, event.to_body()))
    monitor.relating.change(event)
    return relations.change(event)


def _links(lineage: Lineage) -> list[relations.LineageLink]:
    return [
        relations.LineageLink(upstream=one.upstream, downstream=one.downstream, since_ms=one.since_ms)
        for one in lineage.links
    ]


def _beside(one: Lineage, other: Lineage) -> list[list[str | int]]:
    """Links of the one that the other has not."""
    return [[link.upstream, link.downstream, link.since_ms] for link in sorted({*one.links} - {*other.links})]
