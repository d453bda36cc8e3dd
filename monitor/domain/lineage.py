"""Declared lineage: what feeds what, from table to feature to model to service to KPI.

A link says that trouble upstream may show downstream. Its ends are selectors: a metric name or pattern
(``*`` stands for any characters), and tags that a series must have: ``latency{service=web}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from monitor.domain.declared import matches
from monitor.domain.errors import BadRequest
from monitor.domain.series import Identity
from monitor.domain.topology import Key

HOPS = 2
"""How far apart along declared links two series may be to count as related: what is between may be well."""
LONGEST = 512
_REMEMBERED_MAX = 65_536


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """``upstream`` feeds ``downstream``, for anomalies that begin from ``since_ms`` on."""

    upstream: str
    downstream: str
    since_ms: int = 0


@lru_cache(maxsize=4_096)
def selector(text: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The metric pattern and the tags of a selector. Raises BadRequest.

    >>> selector("latency{service=web,zone=a}")[0], sorted(selector("latency{service=web,zone=a}")[1])
    ('latency', [('service', 'web'), ('zone', 'a')])
    """
    metric, brace, inner = text.partition("{")
    if not metric or len(text) > LONGEST or not text.isprintable():
        raise BadRequest(f"lineage: {text[:64]!r} names no series")
    if not brace:
        return metric, frozenset()
    if not inner.endswith("}"):
        raise BadRequest(f"lineage: {text[:64]!r} has no closing brace")
    tags = set()
    for piece in filter(None, inner[:-1].split(",")):
        key, equals, value = piece.partition("=")
        if not equals or not key:
            raise BadRequest(f"lineage: {piece[:64]!r} is no tag=value")
        tags.add((key, value))
    return metric, frozenset(tags)


class Lineage:
    """Links, and which series they relate. Immutable; asking costs a microsecond once a series is known.

    >>> lineage = Lineage([Link("features.*", "model.accuracy"), Link("model.accuracy", "orders")])
    >>> lineage.near(Identity.of("features.age"), 0)
    {'features.*': 0, 'model.accuracy': 1, 'orders': 2}
    """

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self.links = tuple(sorted(set(links)))
        self._next: dict[str, list[tuple[str, int]]] = {}
        for link in self.links:
            for end, other in ((link.upstream, link.downstream), (link.downstream, link.upstream)):
                selector(end)
                self._next.setdefault(end, []).append((other, link.since_ms))
        self._feeds = {(link.upstream, link.downstream): link.since_ms for link in reversed(self.links)}
        self._nodes: dict[Identity, tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.links)

    def nodes(self, series: Identity) -> tuple[str, ...]:
        """The selectors that a series fits, in order of their text."""
        if not self.links:
            return ()
        found = self._nodes.get(series)
        if found is None:
            if len(self._nodes) >= _REMEMBERED_MAX:
                self._nodes.clear()
            found = self._nodes[series] = tuple(n for n in sorted(self._next) if _fits(n, series))
        return found

    def near(self, series: Identity, at_ms: int, hops: int = HOPS) -> Mapping[str, int]:
        """Selectors that links which hold at ``at_ms`` lead to, up or down, with the number of links."""
        found = dict.fromkeys(self.nodes(series), 0)
        edge = list(found)
        for steps in range(1, hops + 1):
            reached = [o for node in edge for o, since in self._next[node] if since <= at_ms]
            edge = [node for node in dict.fromkeys(reached) if node not in found]
            found |= dict.fromkeys(edge, steps)
        return found

    def upstream(self, series: Identity, at_ms: int) -> frozenset[str]:
        """Every selector that feeds this series, over any number of links."""
        found: set[str] = set()
        edge = list(self.nodes(series))
        while edge:
            edge = [
                up
                for (up, down), since in self._feeds.items()
                if down in edge and since <= at_ms and up not in found
            ]
            found.update(edge)
        return frozenset(found)


def node_key(node: str) -> Key:
    return ("lineage", node)


def _fits(node: str, series: Identity) -> bool:
    metric, tags = selector(node)
    return matches(metric, series.metric) and tags <= set(series.tags)
