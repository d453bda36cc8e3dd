"""What people did, laid over what the anomalies say: the one place where the two meet.

Grouping knows nothing of acts but the ties between series that they taught. Here its groups are put together
and taken apart as people said, in the order of the log, and an incident that somebody took says so. Both are
functions of the anomalies and the acts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from monitor.domain.acts import Act, Anchor, Verb
from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Incident, IncidentState
from monitor.domain.topology import Bond
from monitor.incidents.ties import Ties


class Placed(Protocol):
    """An anomaly in the sweep's groups, and why it joined."""

    @property
    def anomaly(self) -> Anomaly: ...

    @property
    def bonds(self) -> Sequence[Bond]: ...


P = TypeVar("P", bound=Placed)


class People:
    """Acts that hold, by position. Comments change nothing and are not among them."""

    def __init__(self, acts: Iterable[Act] = ()) -> None:
        self._acts: dict[str, Act] = {}
        self._naming: dict[str, list[Act]] = {}
        self.ties = Ties()
        self._take(acts)

    def __bool__(self) -> bool:
        return bool(self._acts)

    def tell(self, act: Act) -> None:
        self._take([*self._acts.values(), act])

    def undo(self, act_id: str) -> None:
        self._take(act for act in self._acts.values() if act.id != act_id)

    def _take(self, acts: Iterable[Act]) -> None:
        held = sorted((a for a in acts if a.verb is not Verb.COMMENT), key=lambda a: (a.position, a.id))
        self._acts = {act.id: act for act in held}
        self._naming = {}
        for act in held:
            for anchor in act.anchors:
                self._naming.setdefault(anchor.anomaly_id, []).append(act)
        self.ties = Ties.of(held)

    def named_with(self, anomaly_ids: Iterable[str]) -> dict[str, Anchor]:
        """Every anomaly that arranging acts tie to these, over any number of acts, by its id."""
        if not self._acts:
            return {}
        found: dict[str, Anchor] = {}
        todo = list(anomaly_ids)
        seen = set(todo)
        while todo:
            for act in self._naming.get(todo.pop(), ()):
                if act.verb.arranges:
                    found |= {anchor.anomaly_id: anchor for anchor in act.anchors}
                    new = [a.anomaly_id for a in act.anchors if a.anomaly_id not in seen]
                    seen.update(new)
                    todo += new
        return found

    def arrange(self, groups: Sequence[Sequence[P]]) -> list[list[P]]:
        """The groups as people have them, each by (begin, id). Acts that name an anomaly which is not there
        (yet) do what they can. All groups that `named_with` leads to must be among these."""
        nodes = {node.anomaly.id: node for group in groups for node in group}
        place = {node.anomaly.id: group[0].anomaly.id for group in groups for node in group}
        named = {act.id: act for name in nodes for act in self._naming.get(name, ()) if act.verb.arranges}
        for act in sorted(named.values(), key=lambda a: (a.position, a.id)):
            others = [a.anomaly_id for a in act.others if a.anomaly_id in nodes]
            if act.verb is Verb.SPLIT:
                self._go(act, others, act.id, nodes, place)
            elif act.anchor.anomaly_id in nodes:
                here = place[act.anchor.anomaly_id]
                if act.verb is Verb.MOVE:
                    self._go(act, others, here, nodes, place)
                    continue
                there = {place[name] for name in others}
                place |= {name: here for name, where in place.items() if where in there}
        arranged: dict[str, list[P]] = {}
        for name in sorted(nodes, key=lambda name: (nodes[name].anomaly.begin_ms, name)):
            arranged.setdefault(place[name], []).append(nodes[name])
        return list(arranged.values())

    def _go(
        self, act: Act, names: Sequence[str], to: str, nodes: Mapping[str, P], place: dict[str, str]
    ) -> None:
        """Members go elsewhere; what joined because of one of them since the act goes along."""
        left = {place[name] for name in names}
        gone = set(names)
        since_ms = max((tie.since_ms for tie in act.ties), default=2**62)
        for name in sorted(nodes, key=lambda name: (nodes[name].anomaly.begin_ms, name)):
            node = nodes[name]
            if node.anomaly.begin_ms >= since_ms and place[name] in left and node.bonds:
                because = max(node.bonds, key=lambda b: (b.decades, -b.lag_ms, b.other)).other
                if because in gone:
                    gone.add(name)
        place |= dict.fromkeys(gone, to)

    def made(self, members: Iterable[P]) -> bool:
        """Did somebody make this an incident, whatever its members are worth by themselves?"""
        return any(
            act.verb is Verb.SPLIT and act.anchor.anomaly_id != node.anomaly.id
            for node in members
            for act in self._naming.get(node.anomaly.id, ())
        )

    def overlaid(self, incident: Incident) -> Incident:
        """The incident with whoever took it last; taking it leaves recovering and all ends as they are."""
        if not self._acts:
            return incident
        acts = [a for name in incident.members for a in self._naming.get(name, ())]
        taken = [a for a in acts if a.verb is Verb.ACKNOWLEDGE]
        if not taken:
            return incident
        last = max(taken, key=lambda a: (a.position, a.id))
        state = incident.state
        if state in (IncidentState.PENDING, IncidentState.OPEN):
            state = IncidentState.ACKNOWLEDGED
        return replace(incident, state=state, acknowledged_by=last.user, acknowledged_ms=last.at_ms)
