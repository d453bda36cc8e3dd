"""An incident: related anomalies with a life of their own, and what keeps it in a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from monitor.domain.acts import Act, Undo
from monitor.domain.anomaly import Anomaly, AnomalyEvent
from monitor.domain.meta import of_itself
from monitor.domain.topology import Bond, Onset


class IncidentState(StrEnum):
    """``pending``: not enough yet to interrupt anybody. ``acknowledged``: open, and somebody has taken it.
    ``recovering``: every member has ended, and the delay before closing runs. ``expired``: cut at the longest
    span an incident may have while something still went on. ``retracted``: what it was made of was withdrawn.
    ``merged``: it turned out to be part of another one, which carries its members now."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    CLOSED = "closed"
    EXPIRED = "expired"
    RETRACTED = "retracted"
    MERGED = "merged"

    @property
    def over(self) -> bool:
        """
        >>> [state.value for state in IncidentState if not state.over]
        ['pending', 'open', 'acknowledged', 'recovering']
        """
        return self not in LIVING


LIVING = (
    IncidentState.PENDING,
    IncidentState.OPEN,
    IncidentState.ACKNOWLEDGED,
    IncidentState.RECOVERING,
)


class Priority(StrEnum):
    """How soon somebody should look: P1 first. `monitor.incidents.severity` says from what."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class TransitionKind(StrEnum):
    """``pending`` or ``opened`` is the first; one that was never opened need not be told of."""

    PENDING = "pending"
    OPENED = "opened"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    CLOSED = "closed"
    EXPIRED = "expired"
    RETRACTED = "retracted"
    MERGED = "merged"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A member series ranked as likely origin; ``why`` is the reason in plain words."""

    series_id: str
    series: str
    metric: str
    tags: tuple[tuple[str, str], ...]
    onset_ms: int
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Contributor:
    """``count`` of the ``total`` known series with ``tag=value`` are members.

    ``log_p`` is the natural logarithm of the chance to draw that many or more when as many series
    as the incident has are drawn blindly from all known ones (hypergeometric); 0 = no surprise.

    >>> Contributor("origin", "JFK", 14, 16, -9.5).text
    '14 of 16 series with origin=JFK'
    """

    tag: str
    value: str
    count: int
    total: int
    log_p: float

    @property
    def text(self) -> str:
        return f"{self.count} of {self.total} series with {self.tag}={self.value}"


@dataclass(frozen=True, slots=True)
class SeriesCounts:
    """How many live series there are: in all, per (tag key, tag value), and per metric."""

    total: int = 0
    tags: Mapping[tuple[str, str], int] = field(default_factory=dict)
    metrics: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """Event times in UTC milliseconds.

    ``id`` is "inc-" and the id of its first member that may found one; it stays while the incident grows
    by later ones. ``end_ms``
    (exclusive) is None until it is over. ``score`` 0-100 is the highest of a member; ``severity`` and
    ``priority``, with ``reasons``, are told in `monitor.incidents.severity`; ``weight`` is the largest that
    is declared for a member's metric. ``due_ms``: when event time alone will close or expire it; None where
    only more samples of its series will.
    ``sequence`` counts its transitions; ``opened``: one of them was that. ``members``: anomaly ids by
    (begin, id); empty in lists, where ``member_count`` says how many there are. ``team``: that of all its
    members; empty if none. ``flaps``: how often the series that comes and goes most began; 0 unless one is
    unstable. ``acknowledged_…``: who took it last, and when by the wall clock.
    """

    id: str
    founder_id: str
    state: IncidentState
    title: str
    start_ms: int
    end_ms: int | None
    score: float
    severity: float
    kind: str
    direction: int
    member_count: int
    series_count: int
    suspects: tuple[Suspect, ...]
    contributors: tuple[Contributor, ...]
    due_ms: int | None
    sequence: int
    merged_into: str | None = None
    members: tuple[str, ...] = ()
    team: str = ""
    opened: bool = True
    weight: float = 1.0
    priority: Priority = Priority.P4
    reasons: tuple[str, ...] = ()
    flaps: int = 0
    acknowledged_by: str | None = None
    acknowledged_ms: int | None = None

    @property
    def of_itself(self) -> bool:
        """Is it a meta-incident: of Watchkeeper's own series, and of no others?"""
        return bool(self.suspects) and all(of_itself(suspect.metric) for suspect in self.suspects)

    @staticmethod
    def id_of(founder_id: str) -> str:
        """
        >>> Incident.id_of("00ab-1f-a")
        'inc-00ab-1f-a'
        """
        return "inc-" + founder_id


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An earlier incident; ``shared`` series are of both, ``likeness`` is that over the series of either.
    ``labels``: what rules of what was said of it and of its anomalies, the newest first, each once."""

    id: str
    title: str
    start_ms: int
    shared: int
    likeness: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentTransition:
    """One step in an incident's life; (incident_id, sequence) is unique, from 1 without holes.

    ``at_ms`` is the event time reached when it was noticed; ``shard`` and ``position`` name the
    log record that brought it about; shard -1 is a person who had a series forgotten.
    """

    incident_id: str
    sequence: int
    kind: TransitionKind
    at_ms: int
    shard: int
    position: int
    member_count: int
    score: float
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """What a listener is told: the transition, and the incident as it is after it."""

    transition: IncidentTransition
    incident: Incident


@dataclass(frozen=True, slots=True)
class PlacedAnomaly:
    """An anomaly with its place: its incident, and the ids of the groups' first members that it
    joined when it began (none: it began a group; several: it brought groups together), each with the
    reason in ``bonds``."""

    anomaly: Anomaly
    joined: tuple[str, ...] = ()
    incident_id: str | None = None
    bonds: tuple[Bond, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a shard's events have been absorbed; ``sequence`` -1: none of that position yet."""

    position: int = 0
    sequence: int = -1
    clock_ms: int = -(2**62)


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """All that one batch of events changes; written in one transaction or not at all.

    ``before`` is the shard's progress this step was computed from (None: the shard's first step);
    a ledger whose progress is another refuses the step. A step with ``shard`` None moves no progress.
    ``memberships``: anomaly id to its incident, None = in no incident any more. ``forgotten_…``:
    ids whose rows are deleted, with the memberships and transitions that hang on them: also those told of in
    this step. ``acts``, ``undone``: what people did; one that is known already is left as it is.
    """

    shard: int | None
    before: Progress | None
    after: Progress
    anomalies: Sequence[PlacedAnomaly] = ()
    incidents: Sequence[Incident] = ()
    memberships: Mapping[str, str | None] = field(default_factory=dict)
    transitions: Sequence[IncidentTransition] = ()
    forgotten_incidents: Sequence[str] = ()
    forgotten_anomalies: Sequence[str] = ()
    forgotten_series: Sequence[str] = ()
    acts: Sequence[Act] = ()
    undone: Sequence[Undo] = ()


class Ledger(Protocol):
    """Where incidents are kept. One writer at a time; reads see every committed step."""

    def progress(self) -> dict[int, Progress]: ...

    def anomalies_between(self, from_ms: int, until_ms: int | None) -> list[PlacedAnomaly]:
        """Those with from_ms <= begin < until_ms (None: no bound), by (begin, id)."""

    def onsets_between(self, from_ms: int, until_ms: int) -> list[Onset]:
        """Of the anomalies with from_ms <= begin < until_ms, in any order."""

    def anomalies_by_id(self, ids: Iterable[str]) -> list[PlacedAnomaly]: ...

    def anomalies_of_series(self, series_id: str) -> list[PlacedAnomaly]: ...

    def members(self, incident_id: str) -> list[PlacedAnomaly]:
        """By (begin, id)."""

    def incidents_of(self, founder_ids: Iterable[str]) -> list[Incident]:
        """Incidents, merged ones too, that these anomalies founded; ``members`` empty."""

    def due(self) -> dict[str, int]:
        """``due_ms`` of every incident that is not over, by its id."""

    def acts(self) -> list[Act]:
        """All that hold, comments left out, by position."""

    def act(self, act_id: str) -> Act | None:
        """Any, also one that is undone."""

    def commit(self, step: LedgerStep) -> None: ...


class EventBatch(Protocol):
    """One shard's events in order, as the engine hands them over (at least once)."""

    @property
    def shard(self) -> int: ...

    @property
    def position(self) -> int: ...

    @property
    def clock_ms(self) -> int: ...

    @property
    def events(self) -> Sequence[AnomalyEvent]: ...
