"""The anomalies that new ones may still be grouped with, in sweep order, and their regrouping.

Memory holds every anomaly that began from ``floor_ms`` on (about 1 kB each); older ones are
fetched from the ledger when an event reaches back to them, and let go again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.acts import Anchor
from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Incident, Ledger, PlacedAnomaly
from monitor.domain.lineage import Lineage
from monitor.domain.topology import Bond, Onset
from monitor.domain.windows import Windows, kept_out
from monitor.incidents.grouping import State, Sweep, in_order
from monitor.incidents.relations import Learn, Relations, onset_of, onsets_among
from monitor.incidents.rules import Rules
from monitor.incidents.ties import Ties

_FIRST_CHECK = 64
_NEVER = 2**62


@dataclass(slots=True)
class Node:
    """An anomaly in its place. ``out``: a window keeps it out of incidents."""

    anomaly: Anomaly
    joined: tuple[str, ...] = ()
    incident_id: str | None = None
    bonds: tuple[Bond, ...] = ()
    out: bool = False

    def placed(self) -> PlacedAnomaly:
        return PlacedAnomaly(self.anomaly, self.joined, self.incident_id, self.bonds)

    @staticmethod
    def of(placed: PlacedAnomaly) -> Node:
        return Node(placed.anomaly, placed.joined, placed.incident_id, placed.bonds)


@dataclass(slots=True)
class Span:
    """Onsets whose grouping may differ, or which found an incident now, begin at ``from_ms``; after
    ``until_ms`` the sweep is fed the same as before. ``new``: anomalies not known before, or kept out;
    ``changed``: known ones that are to be written anew."""

    from_ms: int = _NEVER
    until_ms: int = -_NEVER
    new: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)

    def widen(self, before: Anomaly | None, after: Anomaly, rules: Rules) -> None:
        if before is None:
            self.new.add(after.id)
            self.cover(after.begin_ms, after.begin_ms)
        else:
            for reach in (rules.reach_ms, rules.again_ms):
                if (old := reach(before)) != (new := reach(after)):
                    self.cover(min(old, new) + 1, max(old, new))
        if before is not None and rules.opens(before) != rules.opens(after):
            self.cover(after.begin_ms, after.begin_ms)

    def cover(self, from_ms: int, until_ms: int) -> None:
        self.from_ms = min(self.from_ms, from_ms)
        self.until_ms = max(self.until_ms, until_ms)

    @property
    def empty(self) -> bool:
        return self.from_ms == _NEVER


@dataclass(frozen=True, slots=True)
class Regrouped:
    """Whole groups, each by (onset, id), of which some may be other than before; and the ids of
    those that joined other groups than before, or for other reasons."""

    groups: Sequence[Sequence[Node]] = ()
    rejoined: Sequence[str] = ()


class WorkingSet:
    """``nodes`` by anomaly id; ``incidents`` by id, those founded by an anomaly in ``nodes``.

    ``frontier_ms``: the event time that every shard has reached; ``now_ms``: that the newest has.
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: Rules,
        floor_ms: int,
        learn: Learn | None = None,
        lineage: Lineage | None = None,
        frontier_ms: int = -_NEVER,
        ties: Ties | None = None,
        windows: Windows | None = None,
        now_ms: int = -_NEVER,
    ) -> None:
        self._ledger = ledger
        self._rules = rules
        self._windows = windows or Windows()
        self._now_ms = now_ms
        self._muted: set[str] = set()
        self.floor_ms = floor_ms
        self.relations = Relations(rules, learn, lineage, self._onsets, frontier_ms, ties)
        self.nodes: dict[str, Node] = {}
        self.incidents: dict[str, Incident] = {}
        self._order: list[tuple[int, str]] = []
        self._fetch(floor_ms, None)

    def update(
        self, latest: Mapping[str, Anomaly], frontier_ms: int, now_ms: int
    ) -> tuple[Span, dict[str, Node]]:
        """Take in the newest version of each anomaly; fetches what the span reaches back to.

        Returns the span to sweep again, and the anomalies from before the floor, whose change
        matters to their own incident only; those are not kept.
        """
        stored = self._stored(latest)
        span = Span()
        latest = {name: self._kept(anomaly, stored) for name, anomaly in latest.items()}
        for anomaly_id, anomaly in latest.items():
            known = self.nodes.get(anomaly_id) or stored.get(anomaly_id)
            span.widen(known.anomaly if known else None, anomaly, self._rules)
            if known is None and onset_of(anomaly) is not None:
                span.cover(*self.relations.hear(anomaly.begin_ms))
        if (first := self.relations.reach(frontier_ms)) < _NEVER:
            span.cover(first, _NEVER)
        if not span.empty:
            self._reach_back(span.from_ms - self._rules.cap_ms + 1)
        strays: dict[str, Node] = {}
        for anomaly_id, anomaly in latest.items():
            if anomaly_id in self.nodes:
                self.nodes[anomaly_id].anomaly = anomaly
            elif anomaly_id in stored:
                old = stored[anomaly_id]
                strays[anomaly_id] = Node(anomaly, old.joined, old.incident_id, old.bonds)
            else:
                self._admit(Node(anomaly))
                insort(self._order, in_order(anomaly))
        self._now_ms = now_ms
        for anomaly_id in sorted(self._muted):
            self._let_in(self.nodes[anomaly_id], span)
        return span, strays

    def _kept(self, anomaly: Anomaly, stored: Mapping[str, PlacedAnomaly]) -> Anomaly:
        """It keeps the team it began with, and the window: with whom it belongs was decided then."""
        known = self.nodes.get(anomaly.id) or stored.get(anomaly.id)
        if known is None:
            return self._windows.over(anomaly)
        was = known.anomaly
        return replace(anomaly, team=was.team, muted_until_ms=was.muted_until_ms)

    def _admit(self, node: Node) -> None:
        self.nodes[node.anomaly.id] = node
        node.out = kept_out(node.anomaly, self._now_ms)
        if node.anomaly.muted_until_ms is not None:
            self._muted.add(node.anomaly.id)

    def _let_in(self, node: Node, span: Span) -> None:
        """Its window is over and it goes on; or it had ended, as is known now."""
        out = kept_out(node.anomaly, self._now_ms)
        if out != node.out:
            node.out = out
            if not out:
                span.new.add(node.anomaly.id)
            span.cover(node.anomaly.begin_ms, _NEVER)

    def mute(self, windows: Windows, from_ms: int) -> Span:
        """Other windows keep anomalies out that begin from ``from_ms`` on."""
        self._windows = windows
        self._reach_back(from_ms - self._rules.cap_ms + 1)
        span = Span()
        for node in self.nodes.values():
            before, after = node.anomaly, windows.over(node.anomaly)
            if after != before:
                self._reorder(node, after)
                span.changed.append(after.id)
                span.cover(min(before.begin_ms, after.begin_ms), _NEVER)
                for one in (before, after):
                    if onset_of(one) is not None:
                        span.cover(*self.relations.hear(one.begin_ms))
        if not span.empty:
            self._reach_back(span.from_ms - self._rules.cap_ms + 1)
        return span

    def _reorder(self, node: Node, after: Anomaly) -> None:
        del self._order[bisect_left(self._order, in_order(node.anomaly))]
        insort(self._order, in_order(after))
        node.anomaly = after
        self._muted.discard(after.id)
        self._admit(node)

    def remove(self, gone: Sequence[Anomaly], from_ms: int) -> Span:
        """Take anomalies out for good; everything from ``from_ms`` on is to be swept again."""
        self._reach_back(from_ms - self._rules.cap_ms + 1)
        for anomaly in gone:
            del self.nodes[anomaly.id]
            self._muted.discard(anomaly.id)
            del self._order[bisect_left(self._order, in_order(anomaly))]
            self.incidents.pop(Incident.id_of(anomaly.id), None)
            self.relations.hear(anomaly.begin_ms)
        return Span(from_ms, _NEVER)

    def relate(self, from_ms: int, *, lineage: Lineage | None = None, ties: Ties | None = None) -> Span:
        """Other links are declared, or ties taught; they matter to onsets from ``from_ms`` on."""
        if lineage is not None:
            self.relations.lineage = lineage
        if ties is not None:
            self.relations.ties = ties
        self._reach_back(from_ms - self._rules.cap_ms + 1)
        return Span(from_ms, _NEVER)

    def regroup(self, span: Span) -> Regrouped:
        """Sweep from the first decision that may differ until old and new agree for ever.

        O(anomalies in one ``cap_ms`` before the span, in the span, and until agreement).
        """
        if self._at(span.from_ms) == len(self._order):
            return Regrouped()
        was: dict[str, tuple[str, ...]] = {}
        sweep, stop_ms = self._sweep(span, was)
        first = self._at(span.from_ms - self._rules.cap_ms + 1)
        affected = self._nodes(first, self._at(stop_ms + self._rules.cap_ms))
        if stop_ms < _NEVER:
            sweep = Sweep(self._rules, self.relations)
            sweep.recall(((n.anomaly, n.joined) for n in affected if not n.out), _NEVER)
        groups: dict[str, list[Node]] = {}
        alone = [[node] for node in affected if node.out and node.anomaly.begin_ms < stop_ms]
        for node in affected:
            if not node.out:
                groups.setdefault(sweep.root(node.anomaly.id), []).append(node)
        whole = [g for root, g in groups.items() if sweep.whole(root) and g[0].anomaly.begin_ms < stop_ms]
        return Regrouped([*whole, *alone], list(was))

    def groups_with(self, anchors: Collection[Anchor]) -> list[list[Node]]:
        """The whole groups that these anomalies are in, as they are. O(anomalies from one ``cap_ms`` before
        the first of them to one after the last)."""
        known = (self.nodes[a.anomaly_id].anomaly if a.anomaly_id in self.nodes else a for a in anchors)
        times = [one.begin_ms for one in known]
        first_ms, last_ms = min(times) - self._rules.cap_ms + 1, max(times) + self._rules.cap_ms
        self._reach_back(first_ms)
        nodes = [node for node in self._nodes(self._at(first_ms), self._at(last_ms)) if not node.out]
        sweep = Sweep(self._rules, self.relations)
        sweep.recall(((n.anomaly, n.joined) for n in nodes), _NEVER)
        wanted = {anchor.anomaly_id for anchor in anchors}
        roots = {sweep.root(node.anomaly.id) for node in nodes if node.anomaly.id in wanted}
        groups: dict[str, list[Node]] = {root: [] for root in sorted(roots)}
        for node in nodes:
            if (root := sweep.root(node.anomaly.id)) in roots:
                groups[root].append(node)
        return list(groups.values())

    def let_go(self, before_ms: int, most: int) -> None:
        """Forget onsets before ``before_ms``, and the oldest beyond ``most`` anomalies."""
        if len(self._order) - self._at(before_ms) > most:
            before_ms = self._order[-most][0]
        if before_ms <= self.floor_ms:
            return
        cut = self._at(before_ms)
        for _, anomaly_id in self._order[:cut]:
            del self.nodes[anomaly_id]
            self._muted.discard(anomaly_id)
            self.incidents.pop(Incident.id_of(anomaly_id), None)
        del self._order[:cut]
        self.floor_ms = before_ms

    def _sweep(self, span: Span, was: dict[str, tuple[str, ...]]) -> tuple[Sweep, int]:
        """Place anew; fills ``was`` with what the re-joined had joined before. Returns the sweep and
        the onset at which it could stop (for ever, if it came to the end)."""
        start = self._at(span.from_ms)
        before = self._nodes(self._at(span.from_ms - self._rules.cap_ms + 1), start)
        sweep = Sweep(self._rules, self.relations)
        sweep.recall(((n.anomaly, n.joined) for n in before if not n.out), span.from_ms)
        check = start + _FIRST_CHECK
        for place in range(start, len(self._order)):
            begin_ms, anomaly_id = self._order[place]
            if place >= check and begin_ms > span.until_ms:
                if sweep.state(begin_ms) == self._old_state(place, span, was):
                    return sweep, begin_ms
                check = start + 2 * (place - start)
            node = self.nodes[anomaly_id]
            found = {} if node.out else sweep.place(node.anomaly)
            joined, bonds = tuple(found), tuple(found.values())
            if (joined, bonds) != (node.joined, node.bonds):
                was[anomaly_id] = node.joined
                node.joined, node.bonds = joined, bonds
        return sweep, _NEVER

    def _old_state(self, place: int, span: Span, was: Mapping[str, tuple[str, ...]]) -> State:
        at_ms = self._order[place][0]
        nodes = self._nodes(self._at(at_ms - self._rules.cap_ms + 1), place)
        old = Sweep(self._rules, self.relations)
        known = (n for n in nodes if not n.out and n.anomaly.id not in span.new)
        old.recall(((n.anomaly, was.get(n.anomaly.id, n.joined)) for n in known), at_ms)
        return old.state(at_ms)

    def _stored(self, latest: Mapping[str, Anomaly]) -> dict[str, PlacedAnomaly]:
        older = [i for i, a in latest.items() if a.begin_ms < self.floor_ms]
        return {p.anomaly.id: p for p in self._ledger.anomalies_by_id(older)} if older else {}

    def _reach_back(self, to_ms: int) -> None:
        if to_ms < self.floor_ms:
            below = self.floor_ms
            self.floor_ms = to_ms
            self._fetch(to_ms, below)

    def _fetch(self, from_ms: int, until_ms: int | None) -> None:
        found = self._ledger.anomalies_between(from_ms, until_ms)
        for placed in found:
            self._admit(Node.of(placed))
        self._order[:0] = [in_order(placed.anomaly) for placed in found]
        if found:
            for incident in self._ledger.incidents_of([p.anomaly.id for p in found]):
                self.incidents[incident.id] = incident

    def _onsets(self, from_ms: int, until_ms: int) -> list[Onset]:
        """What began then: from the ledger what is not in memory."""
        held = self._nodes(self._at(max(from_ms, self.floor_ms)), self._at(until_ms))
        older = min(until_ms, self.floor_ms)
        found = self._ledger.onsets_between(from_ms, older) if from_ms < older else []
        return found + onsets_among(node.anomaly for node in held)

    def _at(self, begin_ms: int) -> int:
        return bisect_left(self._order, (begin_ms, ""))

    def _nodes(self, first: int, last: int) -> list[Node]:
        return [self.nodes[anomaly_id] for _, anomaly_id in self._order[first:last]]
