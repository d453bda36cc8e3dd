"""The learned edges as a graph of networkx, made when somebody asks: communities and their hubs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from monitor.domain.topology import LearnedEdge

SEED = 1
HUBS = 3


@dataclass(frozen=True, slots=True)
class Community:
    """Series by name, and those of them with the heaviest edges."""

    members: tuple[str, ...]
    hubs: tuple[str, ...]


def network(edges: Iterable[LearnedEdge]) -> nx.Graph:
    """Series' names as nodes, an edge's decades as its weight.

    >>> edge = LearnedEdge("0a", "0b", "orders", "payments", 6.5, 60_000, 3, 4, 0)
    >>> network([edge]).edges["orders", "payments"]["weight"]
    6.5
    """
    graph = nx.Graph()
    for edge in edges:
        graph.add_edge(edge.source_name, edge.target_name, weight=edge.decades, lag_ms=edge.lag_ms)
    return graph


def communities(edges: Iterable[LearnedEdge]) -> list[Community]:
    """Louvain communities, the largest first; a function of the edges, since the seed is fixed."""
    graph = network(edges)
    strength = dict(graph.degree(weight="weight"))
    found = [
        Community(tuple(sorted(part)), tuple(sorted(part, key=lambda name: (-strength[name], name))[:HUBS]))
        for part in nx.community.louvain_communities(graph, weight="weight", seed=SEED)
    ]
    return sorted(found, key=lambda one: (-len(one.members), one.members))
