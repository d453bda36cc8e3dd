"""What people tell of how things hang together, and what they ask about it: links, changes, the graph.

Told things are control records in the log: they have their effect where the record is applied, now and in a
replay. Answers come from the stored projections.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.correlation.network import Community, communities
from monitor.domain.acts import Tie
from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import Refused
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import Incident, SimilarIncident
from monitor.domain.lineage import Lineage, Link
from monitor.domain.paging import Page
from monitor.domain.records import Control, Kind
from monitor.domain.topology import LearnedEdge

LINKS_MAX = 10_000
BEFORE_MS = 24 * HOUR_MS
"""How long before an incident's start a change is still shown beside it."""
EDGES_MAX = 200_000


class Kept(Protocol):
    """The stored projections."""

    def version(self) -> int | None: ...

    def edges(self, focus: str | None = None, after: str = "", limit: int = 100) -> Page[LearnedEdge]: ...

    def lineage(self) -> Lineage: ...

    def ties(self) -> list[Tie]: ...

    def similar(self, incident: Incident) -> list[SimilarIncident]: ...

    def changes(self, from_ms: int, until_ms: int, limit: int = 100) -> list[ChangeEvent]: ...


@dataclass(frozen=True, slots=True)
class Relating:
    """``tell`` appends a control record and returns when it is on disk."""

    kept: Kept
    tell: Callable[[Control], None]
    now_ms: Callable[[], int]

    def lineage_of(self, links: Sequence[tuple[str, str, int | None]]) -> Lineage:
        """What (upstream, downstream, since) declare. Without a since, a link that was declared before keeps
        its own, and a new one holds for what begins from now on. Raises BadRequest for a selector that is
        none, and Refused for more links than may be."""
        if len(links) > LINKS_MAX:
            raise Refused(f"at most {LINKS_MAX} links may be declared", "lineage_links_max")
        known = {(link.upstream, link.downstream): link.since_ms for link in self.kept.lineage().links}
        now_ms = self.now_ms()
        whole = {
            (up, down): since if since is not None else known.get((up, down), now_ms)
            for up, down, since in links
        }
        return Lineage(Link(up, down, since) for (up, down), since in whole.items())

    def declare(self, lineage: Lineage) -> None:
        """Put this lineage in the place of all that was declared; in the log when this returns."""
        body = [[link.upstream, link.downstream, link.since_ms] for link in lineage.links]
        self.tell(Control(Kind.LINEAGE, {"links": body}))

    def change(self, change: ChangeEvent) -> None:
        self.tell(Control(Kind.CHANGE, change.to_body()))

    def changes_near(self, incident: Incident) -> list[ChangeEvent]:
        """Those of the day before its start, and those while it went on, the newest first."""
        until_ms = incident.end_ms if incident.end_ms is not None else 2**62
        return self.kept.changes(incident.start_ms - BEFORE_MS, until_ms)

    def communities(self) -> list[Community]:
        """Series that hang together more with each other than with others; see `correlation.network`."""
        found: list[LearnedEdge] = []
        after: str | None = ""
        while after is not None and len(found) < EDGES_MAX:
            page = self.kept.edges(after=after, limit=1_000)
            found += page.items
            after = page.next
        return communities(found)
