"""The newest learned graph, declared lineage and changes, in SQL. Projections: the log says them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, tuple_

from monitor.domain.acts import Tie
from monitor.domain.errors import BadRequest
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import Incident, SimilarIncident
from monitor.domain.lineage import Lineage, Link
from monitor.domain.paging import Page
from monitor.domain.topology import Edge, LearnedEdge
from monitor.store.acts import holding
from monitor.store.database import Database
from monitor.store.rows import series_id
from monitor.store.similar import similar
from monitor.store.tables import CHANGES, LINEAGE, TOPOLOGY_EDGES, TOPOLOGY_VERSIONS
from monitor.store.upsert import insert_new

_ROWS = 10_000
_KEPT_VERSIONS = 400
LARGEST_PAGE = 1_000


class TopologyStore:
    """Written by one thread, read by many."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int | None:
        """The day up to which the stored graph knows, as its first millisecond: the last that has edges."""
        with self._database.read() as connection:
            found = connection.execute(select(func.max(TOPOLOGY_VERSIONS.c.version))).scalar_one()
        return None if found is None else int(found)

    def ties(self) -> list[Tie]:
        """What people said of pairs of series and did not take back, the newest first."""
        return [tie for act in reversed(holding(self._database)) for tie in act.ties]

    def write(self, version: int, edges: Iterable[Edge]) -> None:
        """Put these edges in the place of those before, in one transaction; without any those stay."""
        edges, count = iter(edges), 0
        first = next(edges, None)
        if first is None:
            return
        with self._database.write() as connection:
            connection.execute(delete(TOPOLOGY_EDGES))
            rows: list[dict[str, Any]] = []
            for edge in chain([first], edges):
                rows.append(
                    {
                        "source": series_id(edge.source),
                        "target": series_id(edge.target),
                        "source_name": str(edge.source),
                        "target_name": str(edge.target),
                        "decades": edge.decades,
                        "lag_ms": edge.lag_ms,
                        "count": edge.count,
                        "of": edge.of,
                        "last_ms": edge.last_ms,
                    }
                )
                count += 1
                if len(rows) >= _ROWS:
                    connection.execute(TOPOLOGY_EDGES.insert(), rows)
                    rows = []
            if rows:
                connection.execute(TOPOLOGY_EDGES.insert(), rows)
            known = TOPOLOGY_VERSIONS.c.version
            connection.execute(delete(TOPOLOGY_VERSIONS).where(known >= version))
            connection.execute(TOPOLOGY_VERSIONS.insert(), {"version": version, "edges": count})
            kept = select(known).order_by(known.desc()).limit(1).offset(_KEPT_VERSIONS)
            oldest = connection.execute(kept).scalar()
            if oldest is not None:
                connection.execute(delete(TOPOLOGY_VERSIONS).where(known <= oldest))

    def forget(self, series_id: str) -> None:
        """A series is no more."""
        columns = TOPOLOGY_EDGES.c
        ends = or_(columns.source == series_id, columns.target == series_id)
        with self._database.write() as connection:
            connection.execute(delete(TOPOLOGY_EDGES).where(ends))

    def edges(self, focus: str | None = None, after: str = "", limit: int = 100) -> Page[LearnedEdge]:
        """Edges by (source, target), those of one series where ``focus`` is its id. Raises BadRequest for a
        cursor that is none."""
        columns, size = TOPOLOGY_EDGES.c, min(max(limit, 1), LARGEST_PAGE)
        wanted = select(TOPOLOGY_EDGES).order_by(columns.source, columns.target).limit(size + 1)
        if focus is not None:
            wanted = wanted.where(or_(columns.source == focus, columns.target == focus))
        if after:
            source, separator, target = after.partition("-")
            if not separator or not after.isascii() or len(after) > 40:
                raise BadRequest("cursor is not one that was handed out")
            wanted = wanted.where(tuple_(columns.source, columns.target) > tuple_(source, target))
        with self._database.read() as connection:
            found = [LearnedEdge(**row) for row in connection.execute(wanted).mappings()]
        following = f"{found[size - 1].source}-{found[size - 1].target}" if len(found) > size else None
        return Page(found[:size], following)

    def among(self, ids: Iterable[str]) -> list[LearnedEdge]:
        """Edges with both ends among these series' ids; up to some hundred of them."""
        wanted = sorted(set(ids))[:500]
        columns = TOPOLOGY_EDGES.c
        both = select(TOPOLOGY_EDGES).where(columns.source.in_(wanted), columns.target.in_(wanted))
        with self._database.read() as connection:
            return [LearnedEdge(**row) for row in connection.execute(both).mappings()]

    def lineage(self) -> Lineage:
        with self._database.read() as connection:
            return Lineage(Link(**row) for row in connection.execute(select(LINEAGE)).mappings())

    def declare(self, links: Sequence[Link]) -> None:
        """Put these links in the place of all that were declared."""
        with self._database.write() as connection:
            connection.execute(delete(LINEAGE))
            _insert(connection, links)

    def tell(self, change: ChangeEvent) -> None:
        """Keep a change; the same one again changes nothing."""
        row = change.to_body() | {"id": change.id, "tags": [list(tag) for tag in change.tags]}
        with self._database.write() as connection:
            insert_new(connection, CHANGES, [row])

    def similar(self, incident: Incident) -> list[SimilarIncident]:
        """Earlier incidents of the same team and much the same series, the most alike first."""
        with self._database.read() as connection:
            return similar(connection, incident)

    def changes(self, from_ms: int, until_ms: int, limit: int = 100) -> list[ChangeEvent]:
        """Those with from_ms <= at < until_ms, the newest first."""
        at_ms = CHANGES.c.at_ms
        wanted = select(CHANGES).where(at_ms >= from_ms, at_ms < until_ms)
        wanted = wanted.order_by(at_ms.desc(), CHANGES.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        return [ChangeEvent(r.at_ms, r.kind, r.title, tuple((k, v) for k, v in r.tags)) for r in rows]


def _insert(connection: Connection, links: Sequence[Link]) -> None:
    rows = [
        {"upstream": one.upstream, "downstream": one.downstream, "since_ms": one.since_ms} for one in links
    ]
    if rows:
        connection.execute(LINEAGE.insert(), rows)
