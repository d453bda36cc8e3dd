"""What one step is to write and tell of incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.acts import Act, Undo
from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import (
    EventBatch,
    Incident,
    IncidentChange,
    IncidentTransition,
    Progress,
    SeriesCounts,
)
from monitor.incidents.incidents import transitions
from monitor.incidents.lifecycle import time_of


@dataclass(slots=True)
class Request:
    """What people asked for in one step. What is to be forgotten: incidents that a deleted anomaly founded,
    anomalies, series; ``held_by``: the incidents that held them. What they did to incidents: ``acts``, and
    ``undone``; ``named``: anomalies that those name, whose incidents are told again."""

    incidents: set[str] = field(default_factory=set)
    held_by: set[str] = field(default_factory=set)
    anomalies: list[str] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    undone: list[Undo] = field(default_factory=list)
    named: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Story:
    """What is to be written and told of incidents in one step."""

    now_ms: int
    shard: int
    position: int
    incidents: list[Incident] = field(default_factory=list)
    changes: list[IncidentChange] = field(default_factory=list)
    counts: dict[str, SeriesCounts] = field(default_factory=dict)

    def counts_of(self, team: str, ask: Callable[[str], SeriesCounts]) -> SeriesCounts:
        """Asked once a step and team."""
        if team not in self.counts:
            self.counts[team] = ask(team)
        return self.counts[team]

    def tell(
        self, before: Incident | None, after: Incident, moved: bool, members: Sequence[Anomaly] = ()
    ) -> None:
        """``members``: by whose time it is told."""
        if before is not None and before.opened:
            after = replace(after, opened=True)
        kinds = transitions(before, after, moved)
        past = before.sequence if before else 0
        after = replace(after, sequence=past + len(kinds))
        if before is not None and not moved and before == replace(after, members=()):
            return
        self.incidents.append(after)
        at_ms = time_of(members, self.now_ms)
        for sequence, kind in enumerate(kinds, past + 1):
            step = IncidentTransition(
                incident_id=after.id,
                sequence=sequence,
                kind=kind,
                at_ms=at_ms,
                shard=self.shard,
                position=self.position,
                member_count=after.member_count,
                score=after.score,
                merged_into=after.merged_into,
            )
            self.changes.append(IncidentChange(step, after))


def unseen(mark: Progress, events: EventBatch) -> tuple[dict[str, Anomaly], Progress]:
    """The newest version of each anomaly with news past ``mark``, and the mark after them."""
    latest: dict[str, Anomaly] = {}
    last, clock_ms = (mark.position, mark.sequence), max(mark.clock_ms, events.clock_ms)
    for event in events.events:
        if (event.position, event.sequence) > last:
            last = (event.position, event.sequence)
            clock_ms = max(clock_ms, event.at_ms)
            known = latest.get(event.anomaly.id, event.anomaly)
            latest[event.anomaly.id] = replace(event.anomaly, team=known.team)  # the one it began with
    if events.position > last[0]:
        last = (events.position, -1)
    return latest, Progress(*last, clock_ms)
