"""What alerting knows of an incident, what it decides, and what goes into the outbox by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.budget import Balance
from monitor.domain.incident import Incident, IncidentTransition
from monitor.domain.notice import NoticeKind
from monitor.domain.series import Identity

SERIES_MAX = 1_000
"""Series of one incident that routes and inhibition look at, the first ones told."""


@dataclass(frozen=True, slots=True)
class Step:
    """A transition with all that routes decide by. ``series``, ``kinds``: of the members it has now that
    were not told of by an earlier step. ``told_ms``: wall time at which it was written. ``newest_ms``: event
    time up to which its members reach; ``cadence_ms``: of the slowest. ``incident`` is without members.
    """

    transition: IncidentTransition
    incident: Incident
    series: tuple[Identity, ...] = ()
    kinds: tuple[str, ...] = ()
    told_ms: int = 0
    newest_ms: int = 0
    cadence_ms: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver was told of an incident last: by which route, when (wall time), and how bad it was
    then. ``acknowledged``: a person has taken it on, so it is not repeated."""

    route: str
    at_ms: int
    level: int = 0
    rank: int = -1
    kinds: tuple[str, ...] = ()
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a route's receivers are not told, in words; and the incident that stands in the way, if any."""

    why: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that was said of one incident, from its steps so far.

    ``episode``: 1, and one more each time it is reopened after it was over. ``told``: by receiver, those
    that had an opening and no close. ``withheld``: by route. ``collected``: routes whose next digest
    it belongs in. ``recent``: the newest step was live.
    """

    incident: Incident
    series: tuple[Identity, ...] = ()
    kinds: tuple[str, ...] = ()
    episode: int = 1
    open: bool = True
    recent: bool = True
    told: Mapping[str, Told] = field(default_factory=dict)
    withheld: Mapping[str, Withheld] = field(default_factory=dict)
    collected: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for all notices of one episode; a later one is something new to receivers, which would
        otherwise hear more of what was closed."""
        return self.incident.id if self.episode == 1 else f"{self.incident.id}~{self.episode}"

    @property
    def active(self) -> bool:
        """May time alone have something told of it?"""
        return self.open or bool(self.collected)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One notice for one receiver, to be sent from ``due_ms`` (wall time) on. ``at_ms``: wall time of the
    decision, ``event_ms``: event time of the step; for a digest ``incidents`` are several."""

    receiver: str
    route: str
    key: str
    kind: NoticeKind
    at_ms: int
    event_ms: int
    due_ms: int
    incidents: tuple[Incident, ...]
    changed: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """A decision not to tell: what would have been told, and why it was not."""

    incident_id: str
    route: str
    at_ms: int
    why: str
    by: str = ""


class NoticeState(StrEnum):
    """``undeliverable``: given up after a day, or refused for good."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice as it lies in the outbox. ``id`` rises with each one written. ``since_ms``: when it was first
    to be sent; ``answer``: what became of the newest try, in words without secrets."""

    id: int
    state: NoticeState
    dispatch: Dispatch
    attempts: int = 0
    version: int = 0
    since_ms: int = 0
    answer: str = ""
    done_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """What one ruling changes; written in one transaction. ``balances``: of alert budgets."""

    standings: Sequence[Standing] = ()
    dispatches: Sequence[Dispatch] = ()
    holdings: Sequence[Holding] = ()
    balances: Sequence[Balance] = ()
