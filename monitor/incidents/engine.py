"""From events to incidents: every batch absorbed once, whatever is delivered again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.acts import Act, Undo, Verb
from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import (
    EventBatch,
    Incident,
    IncidentChange,
    IncidentState,
    Ledger,
    LedgerStep,
    Progress,
    SeriesCounts,
)
from monitor.domain.lineage import Lineage
from monitor.domain.topology import Edge
from monitor.domain.windows import Windows
from monitor.incidents.incidents import compose, merged, retracted
from monitor.incidents.people import People
from monitor.incidents.relations import Learn, Relations, frontier_of
from monitor.incidents.rules import Rules
from monitor.incidents.telling import Request, Story, unseen
from monitor.incidents.working_set import Node, Regrouped, WorkingSet

MOST_IN_MEMORY = 100_000


@dataclass(slots=True)
class _Work:
    """What is known between two batches; thrown away when a step fails."""

    progress: dict[int, Progress]
    now_ms: int
    due: dict[str, int]
    held: WorkingSet
    people: People


@dataclass(slots=True)
class _Moves:
    """What regrouping did to incidents: memberships by anomaly id, incidents whose members
    changed, incidents that became part of another."""

    memberships: dict[str, str | None] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)


class IncidentEngine:
    """Groups anomalies into incidents and keeps them in a ledger. Thread-safe, one step at a time.

    The incidents' ids, members, spans and states depend on the set of anomalies and on the newest
    event time alone, not on the order in which shards are heard: an incident has the name of its first
    member. Where an earlier one is heard of later, the name it had until then is merged into the right
    one. ``learn`` makes the graph of some weeks of onsets, and ``lineage`` is what is declared.
    Each call of `absorb` is one transaction that also writes the shard's progress: dying anywhere and
    hearing the same events again changes nothing. ``counts`` says how many live series a team has, for
    "14 of 16".
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: Rules | None = None,
        counts: Callable[[str], SeriesCounts] = lambda _: SeriesCounts(),
        most_in_memory: int = MOST_IN_MEMORY,
        learn: Learn | None = None,
        lineage: Lineage | None = None,
        on_graph: Callable[[int, Iterable[Edge]], None] = lambda _day, _edges: None,
        windows: Windows | None = None,
    ) -> None:
        self._ledger = ledger
        self._rules = rules or Rules()
        self._counts = counts
        self._most = most_in_memory
        self._learn = learn
        self._lineage = lineage or Lineage()
        self._on_graph = on_graph
        self._windows = windows or Windows()
        self._told_day = -(2**62)
        self._lock = threading.Lock()
        self._work: _Work | None = None

    @property
    def lineage(self) -> Lineage:
        return self._lineage

    def positions(self) -> dict[int, int]:
        """Per shard, the log position up to which events are absorbed: where to ask from."""
        with self._lock:
            return {shard: p.position for shard, p in self._loaded().progress.items()}

    def absorb(self, events: EventBatch) -> list[IncidentChange]:
        """Take in one shard's events; what became of incidents, in order of their start.

        Events at or before the shard's progress are dropped. Raises what the ledger raises, having
        changed nothing; the same events may then be handed over again. O(n·k + w): n events of k
        tags, w anomalies of the last ``cap_ms`` and members of the incidents touched.
        """
        return self._step(lambda work: self._absorb(work, events))

    def forget(self, series_id: str) -> list[IncidentChange]:
        """Delete a series' anomalies for good and tell the incidents anew as if they had never been.

        An incident that a deleted anomaly founded is retracted and goes with its history; members it leaves
        behind found another. Sweeps all that came later: a rare request, not a path of samples.
        """
        return self._step(lambda work: self._forget(work, series_id))

    def relate(self, lineage: Lineage) -> list[IncidentChange]:
        """Other links are declared: group anew what began since the first of those that differ. Sweeps all
        that came later: a rare request, not a path of samples."""
        differ = set(self._lineage.links) ^ set(lineage.links)
        from_ms = min((link.since_ms for link in differ), default=None)

        def related(work: _Work) -> list[IncidentChange]:
            self._lineage = lineage
            if from_ms is None:
                return []
            return self._tell_anew(work, work.held.regroup(work.held.relate(from_ms, lineage=lineage)))

        return self._step(related)

    def mute(self, windows: Windows, from_ms: int) -> list[IncidentChange]:
        """Other windows keep anomalies out of incidents, of those that begin from ``from_ms`` on: group anew
        what is concerned. Told again it changes nothing."""

        def muted(work: _Work) -> list[IncidentChange]:
            self._windows = windows
            span = work.held.mute(windows, from_ms)
            if span.empty:
                return []
            return self._tell_anew(
                work, work.held.regroup(span), Request(named=set(span.changed)), written=span.changed
            )

        return self._step(muted)

    def act(self, told: Act | Undo) -> list[IncidentChange]:
        """Somebody did something, or took it back. Told again it changes nothing. An act that ties series
        together or apart groups anew what began since, as `relate` does."""
        return self._step(lambda work: self._act(work, told))

    def _step(self, step: Callable[[_Work], list[IncidentChange]]) -> list[IncidentChange]:
        with self._lock:
            try:
                return step(self._loaded())
            except BaseException:
                self._work = None
                raise

    def _loaded(self) -> _Work:
        if self._work is None:
            progress = self._ledger.progress()
            now_ms = max((p.clock_ms for p in progress.values()), default=Progress().clock_ms)
            floor_ms, frontier_ms = self._floor_ms(progress), self._frontier_ms(progress)
            people = People(self._ledger.acts())
            held = WorkingSet(
                self._ledger,
                self._rules,
                floor_ms,
                self._learn,
                self._lineage,
                frontier_ms,
                people.ties,
                self._windows,
                now_ms,
            )
            self._work = _Work(progress, now_ms, self._ledger.due(), held, people)
        return self._work

    def _floor_ms(self, progress: Mapping[int, Progress]) -> int:
        """Two caps behind the slowest shard: its next anomalies find their whole neighbourhood."""
        slowest = min((p.clock_ms for p in progress.values()), default=Progress().clock_ms)
        return slowest - 2 * self._rules.cap_ms

    def _frontier_ms(self, progress: Mapping[int, Progress]) -> int:
        return frontier_of([p.clock_ms for p in progress.values()], self._rules.patience_ms)

    def _absorb(self, work: _Work, events: EventBatch) -> list[IncidentChange]:
        before = work.progress.get(events.shard)
        latest, after = unseen(before or Progress(), events)
        if after == before:
            return []
        now_ms = max(work.now_ms, after.clock_ms)
        frontier_ms = self._frontier_ms(work.progress | {events.shard: after})
        span, strays = work.held.update(latest, frontier_ms, now_ms)
        regrouped = Regrouped() if span.empty else work.held.regroup(span)
        moves = self._resolve(work, regrouped.groups)
        written = {i: work.held.nodes[i] for i in regrouped.rejoined}
        written |= {i: strays.get(i) or work.held.nodes[i] for i in latest}
        touched = moves.moved | {n.incident_id for n in written.values() if n.incident_id is not None}
        touched |= {incident_id for incident_id, due_ms in work.due.items() if due_ms <= now_ms}
        story = Story(now_ms, events.shard, after.position)
        self._retell(work, touched - moves.merged.keys(), moves, strays, story)
        self._ledger.commit(
            LedgerStep(
                shard=events.shard,
                before=before,
                after=after,
                anomalies=[node.placed() for node in written.values()],
                incidents=story.incidents,
                memberships=moves.memberships,
                transitions=[change.transition for change in story.changes],
            )
        )
        work.progress[events.shard] = after
        work.now_ms = now_ms
        self._remember(work, story.incidents)
        self._tell_graph(work.held.relations)
        return story.changes

    def _tell_graph(self, relations: Relations) -> None:
        """Once a day of event time, the newest graphs' edges to whoever shows them."""
        day_ms = relations.day_ms
        if day_ms > self._told_day and relations.graphs(day_ms) is not None:
            self._on_graph(day_ms, relations.edges(day_ms))
            self._told_day = day_ms

    def _act(self, work: _Work, told: Act | Undo) -> list[IncidentChange]:
        known = self._ledger.act(told.id if isinstance(told, Act) else told.undoes)
        if isinstance(told, Act):
            if known is not None:
                return []
            act, request = told, Request(acts=[told])
            work.people.tell(act)
        else:
            if known is None or known.undone_by is not None:
                return []
            act, request = known, Request(undone=[told])
            work.people.undo(act.id)
        regrouped = Regrouped()
        if act.ties:
            since_ms = min(tie.since_ms for tie in act.ties)
            regrouped = work.held.regroup(work.held.relate(since_ms, ties=work.people.ties))
        if act.verb is Verb.COMMENT:
            return self._tell_anew(work, regrouped, request)
        request.named = {anchor.anomaly_id for anchor in act.anchors}
        near = work.held.groups_with([*work.people.named_with(request.named).values(), *act.anchors])
        return self._tell_anew(work, regrouped, request, near)

    def _forget(self, work: _Work, series_id: str) -> list[IncidentChange]:
        gone = self._ledger.anomalies_of_series(series_id)
        if not gone:
            return []
        founded = self._ledger.incidents_of([p.anomaly.id for p in gone])
        dead = {incident.id for incident in founded}
        held_by = {p.incident_id for p in gone if p.incident_id is not None}
        starts = [i.start_ms for i in (self._known(work, name) for name in sorted(held_by)) if i is not None]
        from_ms = min([*starts, *(p.anomaly.begin_ms for p in gone)])
        span = work.held.remove([p.anomaly for p in gone], from_ms)
        forgotten = Request(dead, held_by, [p.anomaly.id for p in gone], [series_id])
        return self._tell_anew(work, work.held.regroup(span), forgotten)

    def _tell_anew(
        self,
        work: _Work,
        regrouped: Regrouped,
        request: Request | None = None,
        more: Sequence[list[Node]] = (),
        written: Collection[str] = (),
    ) -> list[IncidentChange]:
        """Tell the incidents that change where no shard has moved. ``more``: groups to look at again;
        ``written``: anomalies that are to be written whether they joined others or not."""
        request = request or Request()
        moves = self._resolve(work, [*regrouped.groups, *more])
        moves.moved |= request.held_by
        moves.moved -= request.incidents
        named = (work.held.nodes[name].incident_id for name in sorted(request.named & work.held.nodes.keys()))
        touched = moves.moved | {incident_id for incident_id in named if incident_id is not None}
        story = Story(work.now_ms, -1, 0)
        for incident_id in sorted(request.incidents):
            if (dead := self._known(work, incident_id)) is not None:
                story.tell(dead, retracted(dead), True)
        self._retell(work, touched - moves.merged.keys(), moves, {}, story)
        self._ledger.commit(
            LedgerStep(
                shard=None,
                before=None,
                after=Progress(),
                anomalies=[work.held.nodes[i].placed() for i in sorted({*regrouped.rejoined, *written})],
                incidents=story.incidents,
                memberships=moves.memberships,
                transitions=[change.transition for change in story.changes],
                forgotten_incidents=sorted(request.incidents),
                forgotten_anomalies=request.anomalies,
                forgotten_series=request.series,
                acts=request.acts,
                undone=request.undone,
            )
        )
        self._remember(work, story.incidents)
        for incident_id in request.incidents:
            work.due.pop(incident_id, None)
            work.held.incidents.pop(incident_id, None)
        return story.changes

    def _arranged(self, work: _Work, groups: Sequence[Sequence[Node]]) -> list[list[Node]]:
        """The groups as people have them, with those that acts tie them to."""
        found = {group[0].anomaly.id: list(group) for group in groups}
        if not work.people:
            return list(found.values())
        have = {node.anomaly.id for group in found.values() for node in group}
        while missing := [a for name, a in work.people.named_with(have).items() if name not in have]:
            more = [group for group in work.held.groups_with(missing) if group[0].anomaly.id not in found]
            if not more:
                break  # they are not heard of yet, or gone
            found |= {group[0].anomaly.id: group for group in more}
            have |= {node.anomaly.id for group in more for node in group}
        return work.people.arrange(list(found.values()))

    def _resolve(self, work: _Work, groups: Sequence[Sequence[Node]]) -> _Moves:
        """Which incident each group is: that of its first member that may found one, or of its first where
        people made it one; else it is none. Another incident that a member founded, when less of the group
        was known, is merged.
        """
        moves, held = _Moves(), work.held
        for group in self._arranged(work, groups):
            kept = [node for node in group if not node.out]
            founders = (node.anomaly for node in kept if self._rules.opens(node.anomaly))
            target = next((Incident.id_of(anomaly.id) for anomaly in founders), None)
            if target is None and work.people.made(kept):
                target = Incident.id_of(group[0].anomaly.id)
            for node in group:
                if node.incident_id != target:
                    moves.moved |= {i for i in (node.incident_id, target) if i is not None}
                    moves.memberships[node.anomaly.id] = node.incident_id = target
            names = (Incident.id_of(node.anomaly.id) for node in group)
            for other in (name for name in names if name != target and name in held.incidents):
                if target is not None and held.incidents[other].merged_into != target:
                    moves.merged[other] = target
        return moves

    def _retell(
        self, work: _Work, touched: set[str], moves: _Moves, strays: Mapping[str, Node], story: Story
    ) -> None:
        """Compose every touched incident anew, then retire the merged ones."""
        if not touched and not moves.merged:
            return
        present: dict[str, list[Anomaly]] = {incident_id: [] for incident_id in sorted(touched)}
        for node in (*work.held.nodes.values(), *strays.values()):
            if node.incident_id in present:
                present[node.incident_id].append(node.anomaly)
        for incident_id, members in present.items():
            before = self._known(work, incident_id)
            if before is not None and before.start_ms < work.held.floor_ms:
                members = self._with_older(work.held, incident_id, members)
            if not members:
                if before is not None and before.state is not IncidentState.MERGED:
                    story.tell(before, retracted(before), True)
                continue
            founder_id = incident_id.removeprefix(Incident.id_of(""))
            counts = story.counts_of(members[0].team, self._counts)
            after = compose(founder_id, members, story.now_ms, counts, self._rules, work.held.relations)
            story.tell(before, work.people.overlaid(after), incident_id in moves.moved, members)
        for incident_id, into in moves.merged.items():
            gone = work.held.incidents[incident_id]
            story.tell(gone, merged(gone, into), True, present.get(into, ()))

    def _with_older(self, held: WorkingSet, incident_id: str, members: Sequence[Anomaly]) -> list[Anomaly]:
        """The members from before the floor too; versions at hand are newer than the ledger's."""
        found = {p.anomaly.id: p.anomaly for p in self._ledger.members(incident_id)}
        older = {i: a for i, a in found.items() if a.begin_ms < held.floor_ms}
        return list((older | {a.id: a for a in members}).values())

    def _known(self, work: _Work, incident_id: str) -> Incident | None:
        if incident_id in work.held.incidents:
            return work.held.incidents[incident_id]
        founder_id = incident_id.removeprefix(Incident.id_of(""))
        if founder_id in work.held.nodes:
            return None
        return next(iter(self._ledger.incidents_of([founder_id])), None)

    def _remember(self, work: _Work, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            if incident.founder_id in work.held.nodes:
                work.held.incidents[incident.id] = replace(incident, members=())
            if incident.due_ms is None:
                work.due.pop(incident.id, None)
            else:
                work.due[incident.id] = incident.due_ms
        work.held.let_go(self._floor_ms(work.progress), self._most)
