"""Anomalies, events and an obvious ledger for the tests of incidents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from monitor.domain.acts import Act, Verb
from monitor.domain.anomaly import Anomaly, AnomalyEvent, AnomalyKind, Change
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.incident import (
    Incident,
    IncidentState,
    IncidentTransition,
    LedgerStep,
    PlacedAnomaly,
    Progress,
)
from monitor.domain.lineage import Lineage, Link
from monitor.domain.series import Identity
from monitor.domain.topology import Edge, Evidence, Key, Learned, Onset, keys_of
from monitor.incidents.relations import Relations, onsets_among
from monitor.incidents.rules import Rules

EPOCH = 1_360_000_000_000 // HOUR_MS * HOUR_MS


@dataclass(frozen=True)
class Batch:
    shard: int
    position: int
    clock_ms: int
    events: Sequence[AnomalyEvent]


def anomaly(
    metric: str = "m.x",
    tags: Mapping[str, str] | None = None,
    at: float = 0,
    hours: float | None = 1,
    *,
    score: float = 90.0,
    kind: AnomalyKind = AnomalyKind.SPIKE,
    direction: int = 1,
    cadence_ms: int = HOUR_MS,
) -> Anomaly:
    """``at``: hours after an epoch; ``hours``: how long, None = still open."""
    series = Identity.of(metric, tags)
    onset = EPOCH + int(at * HOUR_MS)
    end = None if hours is None else onset + int(hours * HOUR_MS)
    last = onset if end is None else end - cadence_ms
    return Anomaly(
        id=Anomaly.id_of(series.fingerprint(), onset, kind),
        series=series,
        kind=kind,
        direction=direction,
        onset_ms=onset,
        peak_ms=last if kind is AnomalyKind.ABSORBED_DRIFT else onset,
        last_ms=last,
        end_ms=end,
        score=score,
        value=3.0,
        expected=1.0,
        lower=0.5,
        upper=1.5,
        buckets=1,
        cadence_ms=cadence_ms,
    )


def opened(of: Anomaly) -> Anomaly:
    """The same anomaly as it was first told."""
    return replace(of, end_ms=None, last_ms=of.onset_ms, score=0.8 * of.score)


def batch(shard: int, position: int, *anomalies: Anomaly, clock_ms: int | None = None) -> Batch:
    """One log record's events; the clock is the newest time told of."""
    newest = max((a.end_ms or a.onset_ms for a in anomalies), default=EPOCH)
    clock = newest if clock_ms is None else clock_ms
    at_ms = min(clock, newest)
    events = [AnomalyEvent(shard, position, i, Change.UPDATED, at_ms, a) for i, a in enumerate(anomalies)]
    return Batch(shard, position, clock, events)


METRICS = ("a.one", "a.two", "b.one", "c")
KINDS = (AnomalyKind.SPIKE, AnomalyKind.DIP, AnomalyKind.ENDED, AnomalyKind.ABSORBED_DRIFT)
TAGS: tuple[dict[str, str], ...] = ({}, {"k": "1"}, {"k": "2"}, {"k": "1", "z": "9"})
TEAMS = ("", "", "", "red", "blue")
"""Most anomalies are of one; a series may go from one to another."""


@st.composite
def anomalies(draw: st.DrawFn, most: int = 30, span_hours: int = 240) -> list[Anomaly]:
    """Some of few series over days: overlaps, chains, ties and gaps are all common."""
    found: dict[str, Anomaly] = {}
    for _ in range(draw(st.integers(0, most))):
        made = anomaly(
            draw(st.sampled_from(METRICS)),
            draw(st.sampled_from(TAGS)),
            draw(st.integers(0, span_hours)),
            draw(st.sampled_from((1, 1, 2, 5, 30, 120, None))),
            score=draw(st.sampled_from((55.0, 70.0, 90.0))),
            kind=draw(st.sampled_from(KINDS)),
            direction=draw(st.sampled_from((-1, 1))),
        )
        found[made.id] = replace(made, team=draw(st.sampled_from(TEAMS)))
    return list(found.values())


LINEAGE = Lineage([Link("a.*", "b.one", EPOCH + 3 * DAY_MS), Link("b.one", "c{k=2}", EPOCH)])


def relations_of(found: list[Anomaly], rules: Rules, until_ms: int, lineage: Lineage = LINEAGE) -> Relations:
    """With a graph of easy edges, so that few onsets make some."""

    def between(from_ms: int, until_ms: int) -> list[Onset]:
        return onsets_among(a for a in found if from_ms <= a.begin_ms < until_ms)

    return Relations(rules, easily, lineage, between, until_ms)


class Easy:
    """A graph of easy edges, made slowly: two series that ever began within six hours have one."""

    def __init__(self, onsets: Sequence[Onset], until_ms: int) -> None:
        self.until_ms = until_ms
        self.observed_ms = 28 * DAY_MS
        self.all = sorted(onsets, key=lambda o: (str(o.series), o.begin_ms))

    def edge(self, one: Identity, other: Identity) -> Edge | None:
        mine, theirs = ([o.begin_ms for o in self.all if o.series == s] for s in (one, other))
        lags = [b - a for a in mine for b in theirs if abs(b - a) <= 6 * HOUR_MS]
        if one == other or not lags:
            return None
        source, target, lag = (one, other, lags[0]) if lags[0] >= 0 else (other, one, -lags[0])
        return Edge(source, target, Evidence.TOGETHER, 2.0 * len(lags), lag, len(lags), len(mine))

    def neighbours(self, series: Identity) -> list[Identity]:
        return [o for o in sorted({o.series for o in self.all}) if self.edge(series, o) is not None]

    def edges(self) -> Iterator[Edge]:
        names = sorted({o.series for o in self.all})
        found = (self.edge(one, other) for one in names for other in names if one < other)
        return (edge for edge in found if edge is not None)

    def onsets_of(self, series: Identity) -> list[int]:
        return [o.begin_ms for o in self.all if o.series == series]

    def usual(self, key: Key) -> float:
        return sum(key in keys_of(o.series) for o in self.all) / 28


def easily(onsets: Sequence[Onset], from_ms: int, until_ms: int) -> Learned:
    assert all(from_ms <= onset.begin_ms < until_ms for onset in onsets)
    return Easy(onsets, until_ms)


Story = tuple[str, frozenset[str], int, int | None, str]


class MemoryLedger:
    """A ledger of dicts: the slow and obvious twin of the one in SQL."""

    def __init__(self) -> None:
        self.marks: dict[int, Progress] = {}
        self.placed: dict[str, PlacedAnomaly] = {}
        self.incidents: dict[str, Incident] = {}
        self.transitions: list[IncidentTransition] = []
        self.done: dict[str, Act] = {}

    def progress(self) -> dict[int, Progress]:
        return dict(self.marks)

    def anomalies_between(self, from_ms: int, until_ms: int | None) -> list[PlacedAnomaly]:
        return self._where(
            lambda p: from_ms <= p.anomaly.begin_ms and (until_ms is None or p.anomaly.begin_ms < until_ms)
        )

    def onsets_between(self, from_ms: int, until_ms: int) -> list[Onset]:
        return onsets_among(p.anomaly for p in self.anomalies_between(from_ms, until_ms))

    def anomalies_by_id(self, ids: Iterable[str]) -> list[PlacedAnomaly]:
        wanted = set(ids)
        return self._where(lambda p: p.anomaly.id in wanted)

    def anomalies_of_series(self, series_id: str) -> list[PlacedAnomaly]:
        return self._where(lambda p: f"{p.anomaly.series.fingerprint():016x}" == series_id)

    def members(self, incident_id: str) -> list[PlacedAnomaly]:
        return self._where(lambda p: p.incident_id == incident_id)

    def incidents_of(self, founder_ids: Iterable[str]) -> list[Incident]:
        wanted = set(founder_ids)
        return [i for i in self.incidents.values() if i.founder_id in wanted]

    def due(self) -> dict[str, int]:
        return {i.id: i.due_ms for i in self.incidents.values() if not i.state.over and i.due_ms is not None}

    def acts(self) -> list[Act]:
        held = [a for a in self.done.values() if a.undone_by is None and a.verb is not Verb.COMMENT]
        return sorted(held, key=lambda a: (a.position, a.id))

    def act(self, act_id: str) -> Act | None:
        return self.done.get(act_id)

    def commit(self, step: LedgerStep) -> None:
        for act in step.acts:
            self.done.setdefault(act.id, act)
        for undo in step.undone:
            self.done[undo.undoes] = self.done[undo.undoes].undo(undo.user, undo.at_ms)
        if step.shard is not None:
            assert self.marks.get(step.shard) == step.before
            self.marks[step.shard] = step.after
        for placed in step.anomalies:
            place = self.placed.get(placed.anomaly.id)
            self.placed[placed.anomaly.id] = replace(placed, incident_id=place.incident_id if place else None)
        for incident in step.incidents:
            self.incidents[incident.id] = replace(incident, members=())
        for anomaly_id, incident_id in step.memberships.items():
            assert incident_id is None or incident_id in self.incidents
            self.placed[anomaly_id] = replace(self.placed[anomaly_id], incident_id=incident_id)
        self.transitions += step.transitions
        keys = [(t.incident_id, t.sequence) for t in self.transitions]
        assert len(set(keys)) == len(keys)
        for incident_id in step.forgotten_incidents:
            del self.incidents[incident_id]
        for anomaly_id in step.forgotten_anomalies:
            del self.placed[anomaly_id]

    def stories(self) -> set[Story]:
        """(id, members, start, end, state) of all incidents that were not merged into others."""
        members: dict[str, set[str]] = {}
        for placed in self.placed.values():
            if placed.incident_id is not None:
                members.setdefault(placed.incident_id, set()).add(placed.anomaly.id)
        gone = (IncidentState.MERGED, IncidentState.RETRACTED)
        live = [i for i in self.incidents.values() if i.state not in gone]
        assert {i.id for i in live} == set(members)
        assert all(i.member_count == len(members[i.id]) for i in live)
        return {(i.id, frozenset(members[i.id]), i.start_ms, i.end_ms, i.state.value) for i in live}

    def _where(self, wanted: object) -> list[PlacedAnomaly]:
        assert callable(wanted)
        found = [p for p in self.placed.values() if wanted(p)]
        return sorted(found, key=lambda p: (p.anomaly.begin_ms, p.anomaly.id))
