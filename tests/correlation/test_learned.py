"""The learned graph: what was planted is found, whatever the order; what is usual is no storm."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.correlation.learned import Bar, Graph, learn
from monitor.correlation.network import communities
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.series import Identity
from monitor.domain.topology import LearnedEdge, Onset

START = 1_700_006_400_000 // DAY_MS * DAY_MS
END = START + 28 * DAY_MS


def series(name: str) -> Identity:
    return Identity.of(f"m.{name}", {"host": name})


def at(name: str, *minutes: int) -> list[Onset]:
    return [Onset(series(name), START + minute * MINUTE_MS, MINUTE_MS) for minute in minutes]


def world(groups: int = 6, each: int = 8, seed: int = 3) -> list[Onset]:
    random = np.random.default_rng(seed)
    found = []
    for group in range(groups):
        causes = random.integers(0, 28 * 1440 - 60, 5)
        for member in range(each):
            kept = causes[random.random(5) < 0.8] + 3 * member
            own = random.integers(0, 28 * 1440, 3)
            found += at(f"{group}-{member}", *kept.tolist(), *own.tolist())
    return found


def test_planted_groups_are_found_and_nothing_else() -> None:
    graph = learn(world(), START, END)
    edges = list(graph.edges())
    same = [e.source.metric[2] == e.target.metric[2] for e in edges]
    assert len(edges) > 100
    assert sum(same) >= 0.97 * len(edges)


def test_the_one_that_goes_before_is_the_source() -> None:
    for edge in learn(world(), START, END, Bar(count_min=3)).edges():
        first, then = (int(s.metric[-1]) for s in (edge.source, edge.target))
        if edge.source.metric[2] == edge.target.metric[2]:
            assert first < then
            assert abs(edge.lag_ms - 3 * (then - first) * MINUTE_MS) <= 10 * MINUTE_MS
            assert edge.count <= edge.of


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_onsets_does_not_matter(random: object) -> None:
    onsets = world(groups=2)
    shuffled = list(onsets)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (learn(some, START, END) for some in (onsets, shuffled))
    assert list(one.edges()) == list(other.edges())


def test_neighbours_and_edges_say_the_same() -> None:
    graph = learn(world(), START, END)
    pairs = {frozenset((e.source, e.target)): e for e in graph.edges()}
    seen = set()
    for one in {onset.series for onset in world()}:
        decades = []
        for other in graph.neighbours(one):
            edge = graph.edge(one, other)
            assert edge is not None
            assert edge == graph.edge(other, one) == pairs[frozenset((one, other))]
            assert edge.other(one) == other
            decades.append(edge.decades)
            seen.add(frozenset((one, other)))
        assert decades == sorted(decades, reverse=True)
    assert seen == set(pairs)
    assert graph.edge(series("none"), series("0-0")) is None


def test_a_series_keeps_few_edges() -> None:
    crowd = [onset for k in range(40) for onset in at(f"h{k}", *(d * 1440 + k // 10 for d in range(6)))]
    graph = learn(crowd, START, END, Bar(most=5))
    kept = [len(graph.neighbours(series(f"h{k}"))) for k in range(40)]
    assert len(graph) <= 40 * 5
    assert min(kept) >= 5


def test_a_storm_a_fortnight_ago_is_not_usual() -> None:
    storm = [onset for k in range(100) for onset in at("a", 10_000 + k)]
    calm = at("a", *(d * 1440 + 5 for d in range(28)))
    assert learn(storm, START, END).usual(("metric", "m.a")) == 0.0
    assert learn(calm + storm, START, END).usual(("metric", "m.a")) == 1.0


def test_nothing_is_learned_from_nothing() -> None:
    graph: Graph = learn([], START, END)
    assert (len(graph), graph.neighbours(series("a")), graph.usual(("metric", "m"))) == (0, [], 0.0)


def test_communities_are_the_groups() -> None:
    edges = [
        LearnedEdge("", "", str(e.source), str(e.target), e.decades, e.lag_ms, e.count, e.of, e.last_ms)
        for e in learn(world(), START, END, Bar(count_min=3)).edges()
    ]
    found = communities(edges)
    assert found == communities(reversed(edges)) or len(found) >= 6
    largest = found[:6]
    assert all(len({name[2] for name in one.members}) == 1 for one in largest)
    assert all(set(one.hubs) <= set(one.members) for one in largest)
