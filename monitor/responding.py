"""What people do to incidents: take them, comment, merge, split, move, and take any of that back.

An act is prepared first, which refuses what does not fit, and then told to the log, so that whoever keeps the
audit log may write it down in between. It has its effect where its record is heard, now and in a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Unpack

from monitor.domain.acts import Act, Anchor, Tie, Undo, Verb
from monitor.domain.anomaly import Anomaly
from monitor.domain.errors import NotFound, Unfit
from monitor.domain.filters import LabelFilter
from monitor.domain.incident import Incident, IncidentState, PlacedAnomaly
from monitor.domain.labels import Judged, Label
from monitor.domain.paging import Page
from monitor.domain.records import Control, Kind
from monitor.incidents.rules import Rules
from monitor.recent import Recent

SIDE_MAX = 20
"""Series of each side that an act teaches about: the first to begin."""


class Feedback(Protocol):
    """What is stored of acts and labels."""

    def anomaly(self, anomaly_id: str) -> PlacedAnomaly | None: ...

    def act(self, act_id: str) -> Act | None: ...

    def acts(self, incident_id: str, members: Iterable[str]) -> list[Act]: ...

    def label(self, label_id: str) -> Label | None: ...

    def labels(self, *, after: str = "", limit: int = 100, **asked: Unpack[LabelFilter]) -> Page[Judged]: ...

    def labels_of_incidents(self, incidents: Sequence[Incident]) -> dict[str, list[Judged]]: ...

    def labels_of_anomalies(self, anomalies: Sequence[Anomaly]) -> dict[str, list[Judged]]: ...


Found = tuple[Incident, Sequence[PlacedAnomaly]]


@dataclass(frozen=True, slots=True)
class Responding:
    """``incident(id, team)`` finds one with its members by onset, or raises NotFound. ``team``: whoever acts
    is bound to it; None: to none. Whatever names what is not there, or another team's, raises NotFound; what
    does not fit, Unfit."""

    kept: Feedback
    incident: Callable[[str, str | None], Found]
    append: Callable[[Control], None]
    now_ms: Callable[[], int]
    team: str | None = None
    recent: Recent[Act] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recent", Recent(self.kept.act))

    def of(self, team: str | None) -> Responding:
        """The same for those who are bound to a team."""
        bound = replace(self, team=team)
        object.__setattr__(bound, "recent", self.recent)
        return bound

    def acknowledge(self, incident_id: str, user: str, comment: str = "") -> Act:
        """Take it: it is known who is on it, and it recovers and closes as it would have. Who has it and says
        no more has it by the same act."""
        found = self._found(incident_id)
        if found[0].state.over:
            raise Unfit(f"{found[0].id} is {found[0].state} already")
        for act in self.acts(found[0]):
            taken = act.verb is Verb.ACKNOWLEDGE and act.undone_by is None and act.user == user
            if taken and not comment:
                return act
        return self._act(Verb.ACKNOWLEDGE, found, user, comment)

    def unacknowledge(self, incident_id: str) -> list[Act]:
        """The acts to undo, so that nobody has it any more."""
        incident, _ = self._found(incident_id)
        return [act for act in self.acts(incident) if act.verb is Verb.ACKNOWLEDGE and act.undone_by is None]

    def comment(self, incident_id: str, user: str, comment: str) -> Act:
        return self._act(Verb.COMMENT, self._found(incident_id), user, comment)

    def merge(self, incident_id: str, other_id: str, user: str, comment: str = "") -> Act:
        """Two incidents are one; the older of the two keeps its name."""
        (incident, members), (other, others) = self._found(incident_id), self._found(other_id)
        self._fit(incident, other)
        tie = self._tie(members, others, apart=False)
        anchor = Anchor(other.founder_id, _begin(others, other.founder_id))
        return self._act(Verb.MERGE, (incident, members), user, comment, [anchor], [tie])

    def split(self, incident_id: str, anomaly_ids: Sequence[str], user: str, comment: str = "") -> Act:
        """Some members are an incident of their own."""
        incident, members = self._found(incident_id)
        named = set(anomaly_ids)
        off = [m for m in members if m.anomaly.id in named]
        if len(off) < len(named) or not off:
            raise NotFound(f"{incident.id} has not all of these members")
        if incident.founder_id in named:
            raise Unfit("the incident has its name from its first member: split off the others instead")
        rest = [m for m in members if m.anomaly.id not in named]
        return self._act(
            Verb.SPLIT, (incident, members), user, comment, _anchors(off), [self._tie(rest, off, apart=True)]
        )

    def move(self, incident_id: str, anomaly_ids: Sequence[str], user: str, comment: str = "") -> Act:
        """Anomalies belong to this incident instead of where they are."""
        incident, members = self._found(incident_id)
        own = {m.anomaly.id for m in members}
        moved, ties = [], []
        for name in dict.fromkeys(anomaly_ids):
            placed = self.kept.anomaly(name)
            if placed is None or self.team not in (None, placed.anomaly.team):
                raise NotFound(f"no anomaly {name[:64]}")
            if name in own:
                raise Unfit(f"{name} is a member already")
            if placed.anomaly.team != incident.team:
                raise Unfit("they are of different teams")
            if abs(placed.anomaly.begin_ms - incident.start_ms) >= Rules().cap_ms:
                raise Unfit("it began more than four days from the incident's start")
            if placed.incident_id is not None:
                ties += self._left(placed, set(anomaly_ids))
            moved.append(placed)
        if not moved:
            raise Unfit("no anomaly is named")
        ties.append(self._tie(members, moved, apart=False))
        return self._act(Verb.MOVE, (incident, members), user, comment, _anchors(moved), ties)

    def act(self, act_id: str) -> Act:
        """One act. Raises NotFound, also for another team's."""
        found = self.recent.get(act_id)
        if found is None or self.team not in (None, found.team):
            raise NotFound(f"no act {act_id[:64]}")
        return found

    def acts(self, incident: Incident) -> list[Act]:
        """What was done to an incident, or to one that is part of it now, the first act first."""
        stored = ((act.id, act) for act in self.kept.acts(incident.id, incident.members))
        own = {incident.founder_id, *incident.members}
        return self.recent.beside(stored, lambda act: act.anchor.anomaly_id in own)

    def tell(self, act: Act) -> None:
        """In the log when this returns; one that holds already is not told again."""
        known = self.recent.get(act.id)
        if known is None:
            self.append(Control(Kind.ACT, act.to_body()))
            self.recent.put(act.id, act)

    def undo(self, act: Act, user: str) -> Act:
        """Take an act back; in the log when this returns. What was undone stays so."""
        if act.undone_by is not None:
            return act
        undone = act.undo(user, self.now_ms())
        self.append(Control(Kind.ACT, Undo(act.id, user, undone.undone_ms or 0).to_body()))
        self.recent.put(act.id, undone)
        return undone

    def _found(self, incident_id: str) -> Found:
        incident, members = self.incident(incident_id, self.team)
        if incident.state in (IncidentState.MERGED, IncidentState.RETRACTED):
            into = f" into {incident.merged_into}" if incident.merged_into else ""
            raise Unfit(f"{incident.id} is {incident.state}{into}")
        return incident, members

    def _fit(self, incident: Incident, other: Incident) -> None:
        if incident.id == other.id:
            raise Unfit("an incident cannot be merged with itself")
        if incident.team != other.team:
            raise Unfit("they are of different teams")
        if abs(incident.start_ms - other.start_ms) >= Rules().cap_ms:
            raise Unfit("they began more than four days apart, the longest an incident may span")

    def _left(self, placed: PlacedAnomaly, going: set[str]) -> list[Tie]:
        """What moving one away from where it is teaches."""
        source, members = self.incident(placed.incident_id or "", self.team)
        rest = [m for m in members if m.anomaly.id not in going]
        if source.founder_id == placed.anomaly.id and len(members) > 1:
            raise Unfit(f"{source.id} has its name from this anomaly: merge the incidents instead")
        return [self._tie(rest, [placed], apart=True)] if rest else []

    def _tie(self, one: Sequence[PlacedAnomaly], other: Sequence[PlacedAnomaly], *, apart: bool) -> Tie:
        since_ms = max(p.anomaly.begin_ms for p in (*one, *other)) + 1
        return Tie(_side(one), _side(other), since_ms, apart)

    def _act(
        self,
        verb: Verb,
        found: Found,
        user: str,
        comment: str,
        others: Sequence[Anchor] = (),
        ties: Sequence[Tie] = (),
    ) -> Act:
        incident, members = found
        names = sorted(a.anomaly_id for a in others)
        id, known = self.recent.name(verb.value, incident.founder_id, names, user, comment)
        if known is not None:
            return known
        anchor = Anchor(incident.founder_id, _begin(members, incident.founder_id))
        at_ms, rest = self.now_ms(), (tuple(others), tuple(ties), incident.team)
        return Act(id, verb, incident.id, anchor, user, at_ms, comment, *rest)


def _side(some: Sequence[PlacedAnomaly]) -> tuple[tuple[str, str], ...]:
    series = dict.fromkeys(p.anomaly.series for p in some)
    return tuple((f"{one.fingerprint():016x}", str(one)) for one in list(series)[:SIDE_MAX])


def _anchors(some: Sequence[PlacedAnomaly]) -> list[Anchor]:
    return [Anchor(p.anomaly.id, p.anomaly.begin_ms) for p in some]


def _begin(members: Sequence[PlacedAnomaly], anomaly_id: str) -> int:
    return next(p.anomaly.begin_ms for p in members if p.anomaly.id == anomaly_id)
