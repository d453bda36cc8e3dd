"""What is known of series when an anomaly begins: the graph learned from the weeks before that day.

A day has one graph of each team, a function of that team's onsets before it, so grouping stays a function of
the set of anomalies, and no team learns of another. Days that not every shard has reached yet use the graph
of the last day that all have reached; when they have, those days are grouped again with their own
(docs/adr/0019).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS
from monitor.domain.lineage import Lineage
from monitor.domain.series import Identity
from monitor.domain.topology import UNTOLD, Edge, Key, Learned, Onset
from monitor.incidents.rules import Rules
from monitor.incidents.ties import Ties

Learn = Callable[[Sequence[Onset], int, int], Learned]
"""The graph of onsets with from <= begin < until."""

_KEPT = 8
"""Days with graphs in memory: a sweep goes from day to day, and recalls four."""
_NEVER = 2**62


def onset_of(anomaly: Anomaly) -> Onset | None:
    """What the graph is told of an anomaly; nothing of an end, a drift told weeks later, or what is muted:
    it begins when a window ends."""
    if anomaly.kind in UNTOLD or anomaly.muted_until_ms is not None:
        return None
    return Onset(anomaly.series, anomaly.begin_ms, anomaly.cadence_ms, anomaly.team)


class Relations:
    """Graphs by day, made when they are asked for; the last few are kept. Not thread-safe.

    ``onsets(from_ms, until_ms)`` gives what began then, in any order.
    """

    def __init__(
        self,
        rules: Rules,
        learn: Learn | None = None,
        lineage: Lineage | None = None,
        onsets: Callable[[int, int], Sequence[Onset]] = lambda _from, _until: (),
        frontier_ms: int = -_NEVER,
        ties: Ties | None = None,
    ) -> None:
        self._rules = rules
        self._learn = learn
        self.lineage = lineage or Lineage()
        self.ties = ties or Ties()
        self._onsets = onsets
        self._graphs: OrderedDict[int, Mapping[str, Learned]] = OrderedDict()
        self._known: dict[tuple[int, str, Identity], tuple[Identity, ...]] = {}
        self.day_ms = day_of(frontier_ms)

    def reach(self, frontier_ms: int) -> int:
        """All shards have reached ``frontier_ms``, which is less than before where a shard is heard of for
        the first time. The first onset whose graph is another now; never, if there is none."""
        before, self.day_ms = self.day_ms, day_of(frontier_ms)
        if self._learn is None or before == self.day_ms:
            return _NEVER
        return min(before, self.day_ms) + DAY_MS

    def hear(self, begin_ms: int) -> tuple[int, int]:
        """An anomaly that began then is new, or gone. The first and last onset whose graph, made before, may
        be another by it; those graphs are dropped. (never, before ever) where there is none."""
        first = day_of(begin_ms + self._rules.settled_ms) + DAY_MS
        last = first + self._rules.learned_ms + DAY_MS
        for day_ms in [d for d in self._graphs if first <= d <= last]:
            del self._graphs[day_ms]
        self._let_go()
        if self._learn is None or first > self.day_ms:
            return _NEVER, -_NEVER
        # Members of the last of those days draw others in for less than a cap.
        return first, _NEVER if last > self.day_ms else last + self._rules.cap_ms

    def graphs(self, begin_ms: int) -> Mapping[str, Learned] | None:
        """By team, those of the day of ``begin_ms``, or of the last day that all shards have reached. A team
        has none where nothing of it began; nobody has where nothing is learned."""
        if self._learn is None or self.day_ms <= -_NEVER:
            return None
        day_ms = min(day_of(begin_ms), self.day_ms)
        graphs = self._graphs.get(day_ms)
        if graphs is not None:
            self._graphs.move_to_end(day_ms)
        else:
            until_ms = day_ms - self._rules.settled_ms
            from_ms = until_ms - self._rules.learned_ms
            of: dict[str, list[Onset]] = {}
            for onset in self._onsets(from_ms, until_ms):
                of.setdefault(onset.team, []).append(onset)
            graphs = {team: self._learn(of[team], from_ms, until_ms) for team in sorted(of)}
            self._graphs[day_ms] = graphs
            self._let_go()
        return graphs

    def edges(self, begin_ms: int) -> Iterator[Edge]:
        """Every team's; of two series that have moved from one team to another together, the first team's."""
        graphs = self.graphs(begin_ms) or {}
        seen: set[frozenset[Identity]] = set()
        for graph in graphs.values():
            for edge in graph.edges():
                pair = frozenset((edge.source, edge.target))
                if pair not in seen:
                    yield edge
                    if len(graphs) > 1:
                        seen.add(pair)

    def _graph(self, team: str, begin_ms: int) -> Learned | None:
        return (self.graphs(begin_ms) or {}).get(team)

    def _let_go(self) -> None:
        """Of all but the graphs that were used last, and of what is known by others."""
        while len(self._graphs) > _KEPT:
            self._graphs.popitem(last=False)
        self._known = {at: of for at, of in self._known.items() if at[0] in self._graphs}

    def neighbours(self, series: Identity, team: str, begin_ms: int) -> tuple[Identity, ...]:
        """Those of a series that is known to its team's graph or not, strongest first."""
        graph = self._graph(team, begin_ms)
        if graph is None:
            return ()
        at = min(day_of(begin_ms), self.day_ms), team, series
        found = self._known.get(at)
        if found is None:
            found = self._known[at] = tuple(graph.neighbours(series))
        return found

    def is_known(self, series: Identity, team: str, begin_ms: int) -> bool:
        return len(self.neighbours(series, team, begin_ms)) >= self._rules.known_edges

    def edge(self, one: Identity, other: Identity, team: str, begin_ms: int) -> Edge | None:
        graph = self._graph(team, begin_ms)
        return graph.edge(one, other) if graph is not None else None

    def onsets_of(self, series: Identity, team: str, begin_ms: int) -> Sequence[int]:
        """When a series began in the weeks that the graph is learned from, in order."""
        graph = self._graph(team, begin_ms)
        return graph.onsets_of(series) if graph is not None else ()

    def observed_ms(self, team: str, begin_ms: int) -> int:
        """How long a time those onsets are from, at most; a day at least."""
        graph = self._graph(team, begin_ms)
        return graph.observed_ms if graph is not None else DAY_MS

    def rate(self, key: Key, team: str, begin_ms: int) -> float:
        """Onsets a millisecond, on a usual day, of a team's series with that key; half a one in
        ``learned_ms`` more than were seen, since none seen does not mean that there are none."""
        graph = self._graph(team, begin_ms)
        usual = graph.usual(key) if graph is not None else 0.0
        return usual / DAY_MS + 0.5 / self._rules.learned_ms

    def near(self, series: Identity, begin_ms: int) -> Mapping[str, int]:
        return self.lineage.near(series, begin_ms)


def frontier_of(clocks_ms: Collection[int], patience_ms: int) -> int:
    """Up to where every shard has been heard; one that is further behind than ``patience_ms`` is not waited
    for, nor one that has seen no sample.

    >>> frontier_of([100, 90, 0], 50), frontier_of([100, 20], 50), frontier_of([], 50) < 0
    (90, 50, True)
    """
    told = [clock for clock in clocks_ms if clock > 0]
    return max(min(told), max(told) - patience_ms) if told else -_NEVER


def day_of(at_ms: int) -> int:
    """The begin of its day in UTC."""
    return at_ms // DAY_MS * DAY_MS


def onsets_among(anomalies: Iterable[Anomaly]) -> list[Onset]:
    return [onset for onset in map(onset_of, anomalies) if onset is not None]
