"""Stand-ins for the parts below the service: they keep what they are told and answer from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from monitor.alerts import Alerts
from monitor.catalogue.asking import Asked
from monitor.couriers import Couriers
from monitor.domain.access import Session, Token, User
from monitor.domain.acts import Act, Tie
from monitor.domain.alert import Holding, Kept, NoticeState, Standing, Step
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.audit import FIRST, AuditEntry, Deed
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.budget import Balance, Budget
from monitor.domain.calendar import Calendar
from monitor.domain.declared import Declared
from monitor.domain.destination import Destination
from monitor.domain.errors import UnknownSeries
from monitor.domain.event import ChangeEvent
from monitor.domain.filters import AnomalyFilter, IncidentFilter, LabelFilter
from monitor.domain.incident import (
    Contributor,
    Incident,
    IncidentChange,
    IncidentState,
    IncidentTransition,
    PlacedAnomaly,
    SimilarIncident,
    Suspect,
)
from monitor.domain.labels import Judged, Label, judged
from monitor.domain.lineage import Lineage
from monitor.domain.mute import Mute
from monitor.domain.paging import Page
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.route import Route, in_order
from monitor.domain.series import Identity, shard_of
from monitor.domain.teams import Teams
from monitor.domain.topology import LearnedEdge
from monitor.engine.base import Accepted, Events, ShardStatus
from monitor.meta.freeze import Freeze
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.store.accounts import Accounts
from monitor.store.alerts import AlertStore
from monitor.store.budgets import BudgetStore
from monitor.store.destinations import Destinations
from monitor.store.outbox import Outbox

NOW_MS = 1_767_225_600_000  # 2026-01-01


@dataclass
class Submitted:
    batch: SampleBatch
    mode: Mode
    arrival_ms: int
    request_id: bytes


class FakeEngine:
    """Two shards in memory. ``fail`` ends the next submits; ``reject`` is its answer, ``noted`` its count.
    ``moments``: by time, what differs there from an ordinary minute; ``fail_ask`` ends questions on pasts."""

    def __init__(self, shards: int = 2) -> None:
        self.shards = shards
        self.known: dict[int, bytes] = {}
        self.submitted: list[Submitted] = []
        self.controls: list[Tick | Control] = []
        self.fail: list[Exception] = []
        self.reject: dict[str, int] = {}
        self.noted: dict[str, int] = {"late": 0, "duplicate": 0, "conflict": 0}
        self.seen: set[bytes] = set()
        self.checkpoints = 0
        self.closed = False
        self.lag = 0
        self.log_ok = True
        self.on_events: Callable[[Events], None] | None = None
        self.pending: Future[Accepted] | None = None
        self.moments: dict[int, dict[str, Any]] = {}
        self.verdict_bodies: list[dict[str, Any]] = []
        self.asked_pasts: list[tuple[str, bool]] = []
        self.asked_siblings: list[str | None] = []
        self.fail_ask: Exception | None = None

    def start(self, on_events: Callable[[Events], None], since: Mapping[int, int]) -> None:
        self.on_events = on_events

    def submit(
        self, batch: SampleBatch, *, mode: Mode, arrival_ms: int, request_id: bytes = b""
    ) -> Future[Accepted]:
        if self.pending is not None:
            return self.pending
        future: Future[Accepted] = Future()
        try:
            future.set_result(self._take(batch, mode, arrival_ms, request_id))
        except Exception as error:
            future.set_exception(error)
        return future

    def _take(self, batch: SampleBatch, mode: Mode, arrival_ms: int, request_id: bytes) -> Accepted:
        if self.fail:
            raise self.fail.pop(0)
        if request_id in self.seen:
            return Accepted(len(batch), {}, repeated=True)
        if any(
            f not in self.known and f not in batch.identities for f in np.unique(batch.fingerprint).tolist()
        ):
            raise UnknownSeries("a series without its identity")
        self.seen.add(request_id)
        self.known.update(batch.identities)
        self.submitted.append(Submitted(batch, mode, arrival_ms, request_id))
        return Accepted(len(batch) - sum(self.reject.values()), dict(self.reject))

    def control(self, entry: Tick | Control) -> Future[None]:
        self.controls.append(entry)
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        return getattr(self, question)(shard, **arguments)

    def series_list(
        self,
        shard: int,
        metric: str | None,
        q: str | None,
        tag: str | None,
        after: str,
        limit: int,
        team: str | None = None,
    ) -> list[dict[str, Any]]:
        rows = [
            series_row(Identity.from_canonical(text))
            for f, text in self.known.items()
            if self._mine(f, shard) and self._belongs(text, team)
        ]
        wanted = [
            row
            for row in rows
            if row["id"] > after and Asked(metric, q, tag).fits(Identity.of(row["metric"], row["tags"]))
        ]
        return sorted(wanted, key=lambda row: row["id"])[:limit]

    def series_one(self, shard: int, id: str) -> dict[str, Any] | None:
        text = self.known.get(int(id, 16))
        return None if text is None else series_row(Identity.from_canonical(text))

    def first_values(self, shard: int, id: str) -> list[float]:
        return [10.0, 12.0, 14.0]

    def siblings(
        self, shard: int, metric: str, most: int, team: str | None = None
    ) -> list[tuple[str, float, float]]:
        self.asked_siblings.append(team)
        return [(f"{shard:016x}", 100.0 + shard, 2.0)]

    def journal(self, shard: int, id: str) -> list[dict[str, Any]]:
        return [] if int(id, 16) not in self.known else [JOURNAL_ENTRY]

    def challenger(self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int) -> dict[str, Any]:
        column = np.array([1.25, np.nan])
        columns = {"expected": column, "lower": column - 1.0, "upper": column + 1.0}
        return {"model": "kalman", "ts_ms": np.array([0, 60_000]), **columns}

    def observations(
        self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int, whole: bool = False
    ) -> dict[str, Any]:
        return {
            "ts_ms": np.array([0, 60_000]),
            "value": np.array([1.0, np.nan]),
            "n": np.array([np.nan, 3.0], np.float32),
            "expected": np.array([1.5, np.inf]),
            "lower": np.array([0.5, np.nan]),
            "upper": np.array([2.5, np.nan]),
            "score": np.array([12.5, 0.0], np.float32),
            "verdict": np.array([0, 5], np.uint8),
            "model": np.array([1, 3], np.uint8),
        }

    def revisions(self, shard: int, id: str, from_ms: Any, to_ms: Any, max_points: int) -> dict[str, Any]:
        return {
            "ts_ms": np.array([30_000]),
            "value": np.array([4.0]),
            "n": np.array([np.nan], np.float32),
            "arrival_ms": np.array([NOW_MS]),
        }

    def verdicts(self, shard: int, known: int) -> dict[str, Any]:
        return {"mark": len(self.verdict_bodies), "labels": self.verdict_bodies}

    def moment(self, shard: int, id: str, at_ms: int) -> dict[str, Any] | None:
        if int(id, 16) not in self.known:
            return None
        return self._said(id) | moment(at_ms // 60_000 * 60_000) | self.moments.get(at_ms, {})

    def pasts(self, shard: int, asked: list[list[Any]]) -> list[dict[str, Any] | None]:
        if self.fail_ask is not None:
            raise self.fail_ask
        self.asked_pasts += [(id, wanted) for id, _, _, _, wanted in asked]
        return [self._said(one[0]) | {"past": PAST if one[4] else None} for one in asked]

    def _said(self, id: str) -> dict[str, Any]:
        text = self.known.get(int(id, 16))
        metric = Identity.from_canonical(text).metric if text else ""
        declared = Declared(self.declarations(0)).of(metric)
        return {"declared": dict(declared), "class": "smooth"}

    def metric_names(self, shard: int, team: str | None = None) -> list[str]:
        return [
            Identity.from_canonical(text).metric
            for f, text in self.known.items()
            if self._mine(f, shard) and self._belongs(text, team)
        ]

    def teams(self, shard: int) -> dict[str, Any]:
        bodies = [c.body for c in self.controls if isinstance(c, Control) and c.kind is Kind.TEAM]
        return dict(Teams({body["name"]: body["rules"] for body in bodies}).rules)

    def _belongs(self, text: bytes, team: str | None) -> bool:
        teams = Teams(self.teams(0))
        return team is None or teams.of(Identity.from_canonical(text)) == team

    def freeze(self, shard: int) -> dict[str, Any]:
        told = [c.body["freeze"] for c in self.controls if isinstance(c, Control) and "freeze" in c.body]
        return dict(told[-1]) if told else Freeze().to_body()

    def changed_since(self, shard: int, since_ms: int, family: str | None) -> list[dict[str, Any]]:
        return []

    def own_series(self, shard: int) -> list[dict[str, Any]]:
        return []

    def declarations(self, shard: int) -> dict[str, dict[str, Any]]:
        bodies = [c.body for c in self.controls if isinstance(c, Control) and c.kind is Kind.METRIC]
        declared = Declared({body["name"]: body["declaration"] for body in bodies})
        return {name: dict(body) for name, body in declared.bodies.items()}

    def tag_counts(self, shard: int) -> dict[str, int]:
        return {"origin=JFK": shard + 1}

    def _mine(self, fingerprint: int, shard: int) -> bool:
        return shard_of(fingerprint, self.shards) == shard

    def status(self) -> list[ShardStatus]:
        count = len(self.submitted)
        return [
            ShardStatus(
                shard=shard,
                appended=count,
                applied=count,
                checkpointed=0,
                lag_samples=self.lag,
                series=len(self.known),
                samples=0,
                late=self.noted.get("late", 0),
                duplicate=self.noted.get("duplicate", 0),
                conflict=self.noted.get("conflict", 0),
                declarations=len(self.declarations(shard)),
                held=0,
                log_bytes=0,
                state_bytes=0,
                clock_ms=0,
                log_ok=self.log_ok,
            )
            for shard in range(self.shards)
        ]

    def settle(self, timeout_s: float | None = None) -> None: ...

    def checkpoint(self) -> None:
        self.checkpoints += 1

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeStory:
    """What it shows is set by the test."""

    placed: list[PlacedAnomaly] = field(default_factory=list)
    kept: list[Incident] = field(default_factory=list)
    changes: list[IncidentChange] = field(default_factory=list)
    steps: list[IncidentTransition] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False
    topology: FakeTopology = field(default_factory=lambda: FakeTopology())
    feedback: FakeFeedback = field(init=False)
    mutes: FakeMutes = field(default_factory=lambda: FakeMutes())

    def __post_init__(self) -> None:
        self.feedback = FakeFeedback(self.placed)

    def positions(self) -> Mapping[int, int]:
        return {}

    def receive(self, events: Events) -> Sequence[IncidentChange]:
        return self.changes

    def anomalies(self, *, after: str, limit: int, **asked: Unpack[AnomalyFilter]) -> Page[PlacedAnomaly]:
        team = asked.get("team")
        return Page([p for p in self.placed if team in (None, p.anomaly.team)][:limit])

    def incidents(self, *, after: str, limit: int, **asked: Unpack[IncidentFilter]) -> Page[Incident]:
        state, team = asked.get("state"), asked.get("team")
        kept = [i for i in self.kept if state in (None, i.state.value) and team in (None, i.team)]
        return Page(kept[:limit])

    def incident(self, incident_id: str) -> Incident | None:
        return next((i for i in self.kept if i.id == incident_id), None)

    def members(self, incident_id: str) -> Sequence[PlacedAnomaly]:
        return [p for p in self.placed if p.incident_id == incident_id]

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        return [step for step in self.steps if step.incident_id == incident_id]

    def incidents_open(self, team: str | None = None) -> int:
        return sum(not i.state.over for i in self.kept if team in (None, i.team))

    def forget_series(self, series_id: str) -> Sequence[IncidentChange]:
        self.forgotten.append(series_id)
        return []

    def close(self) -> None:
        self.closed = True


class FakeAccounts(Accounts):
    """Tokens, users and sessions in memory; ``deeds``: what the audit log was told."""

    def __init__(self) -> None:
        self.now_ms = lambda: NOW_MS
        self.deeds: list[Deed] = []
        self.kept_tokens: dict[str, Token] = {}
        self.kept_users: dict[str, User] = {}
        self.kept_sessions: dict[str, Session] = {}

    def tokens(self) -> list[Token]:
        return list(self.kept_tokens.values())

    def users(self) -> list[User]:
        return list(self.kept_users.values())

    def sessions(self) -> list[Session]:
        return list(self.kept_sessions.values())

    def put_token(self, token: Token, deed: Deed) -> None:
        self.kept_tokens[token.id] = token
        self.deeds.append(deed)

    def put_user(self, user: User, deed: Deed) -> None:
        self.kept_users[user.name] = user
        self.deeds.append(deed)

    def drop_user(self, name: str, deed: Deed) -> None:
        del self.kept_users[name]
        self.deeds.append(deed)

    def put_session(self, session: Session, deed: Deed) -> None:
        self.kept_sessions[session.id] = session
        self.deeds.append(deed)

    def drop_sessions(self, ids: Iterable[str], deed: Deed | None = None) -> None:
        for id in ids:
            self.kept_sessions.pop(id, None)
        self.deeds += [deed] if deed is not None else []

    def seen(self, tokens: dict[str, int], sessions: dict[str, int]) -> None: ...

    def record(self, deed: Deed) -> None:
        self.deeds.append(deed)

    def prune(self) -> int:
        return 0

    def audit_entries(self, after: int | None, limit: int) -> Page[AuditEntry]:
        return Page([AuditEntry.of(deed, i + 1, NOW_MS, FIRST) for i, deed in enumerate(self.deeds)][:limit])


@dataclass
class FakeFeedback:
    """What is stored of acts and labels, as the test sets it; of what is told, nothing arrives."""

    placed: list[PlacedAnomaly]
    done: list[Act] = field(default_factory=list)
    said: list[Label] = field(default_factory=list)

    def anomaly(self, anomaly_id: str) -> PlacedAnomaly | None:
        return next((p for p in self.placed if p.anomaly.id == anomaly_id), None)

    def act(self, act_id: str) -> Act | None:
        return next((act for act in self.done if act.id == act_id), None)

    def acts(self, incident_id: str, members: Iterable[str]) -> list[Act]:
        return [act for act in self.done if act.incident_id == incident_id]

    def label(self, label_id: str) -> Label | None:
        return next((label for label in self.said if label.id == label_id), None)

    def labels(self, *, after: str = "", limit: int = 100, **asked: Unpack[LabelFilter]) -> Page[Judged]:
        team = asked.get("team")
        return Page([j for j in judged(self.said) if team in (None, j.label.target.team)][:limit])

    def labels_of_incident(self, members: Iterable[str]) -> list[Judged]:
        ids = set(members)
        return [j for j in judged(self.said) if j.label.target.anomaly_id in ids]

    def labels_of_anomalies(self, anomalies: Sequence[Anomaly]) -> dict[str, list[Judged]]:
        told = judged(self.said)
        return {a.id: [j for j in told if j.label.target.id == a.id] for a in anomalies}


@dataclass
class FakeTopology:
    """Stored projections as the test sets them."""

    links: Lineage = field(default_factory=Lineage)
    told_ties: list[Tie] = field(default_factory=list)
    told: list[ChangeEvent] = field(default_factory=list)
    found: list[LearnedEdge] = field(default_factory=list)

    def version(self) -> int | None:
        return None

    def edges(self, focus: str | None = None, after: str = "", limit: int = 100) -> Page[LearnedEdge]:
        found = [e for e in self.found if focus in (None, e.source, e.target)]
        until = int(after or 0) + limit
        return Page(found[int(after or 0) : until], str(until) if until < len(found) else None)

    def lineage(self) -> Lineage:
        return self.links

    def ties(self) -> list[Tie]:
        return list(self.told_ties)

    def similar(self, incident: Incident) -> list[SimilarIncident]:
        return []

    def changes(self, from_ms: int, until_ms: int, limit: int = 100) -> list[ChangeEvent]:
        return [c for c in self.told if from_ms <= c.at_ms < until_ms][:limit]


@dataclass
class FakeMutes:
    """Mutes and calendars in memory."""

    kept: dict[str, Mute] = field(default_factory=dict)
    days: dict[str, Calendar] = field(default_factory=dict)

    def mutes(self) -> list[Mute]:
        return sorted(self.kept.values(), key=lambda mute: (mute.start_ms, mute.id))

    def calendars(self) -> list[Calendar]:
        return list(self.days.values())

    def tell_mute(self, body: dict[str, Any]) -> None:
        if "mute" in body:
            mute = Mute.from_body(body["mute"])
            self.kept[mute.id] = mute
        else:
            self.kept[body["ended"]] = replace(self.kept[body["ended"]], ended_ms=body["at_ms"])

    def tell_calendar(self, body: dict[str, Any]) -> None:
        if "calendar" in body:
            calendar = Calendar.from_body(body["calendar"])
            self.days[calendar.id] = calendar
        else:
            del self.days[body["removed"]]


def series_row(identity: Identity) -> dict[str, Any]:
    return {
        "id": f"{identity.fingerprint():016x}",
        "series": str(identity),
        "metric": identity.metric,
        "tags": dict(identity.tags),
        "class": "smooth",
        "cadence_ms": 60_000,
        "seasons_ms": [86_400_000],
        "champion": "ema",
        "challenger": "seasonal_profile",
        "threshold": "sigma",
        "final_buckets": 3,
        "last_ms": 120_000,
        "stage": "learning",
        "next_stage": "provisional",
        "next_stage_buckets": 29,
        "next_stage_ms": 120_000 + 29 * 60_000,
        "timezone": "UTC",
        "pinned": False,
    }


_LIVED = {
    "champion": "ema",
    "challenger": "kalman",
    "threshold": "extreme_value",
    "metric_class": "smooth",
    "periods": [],
}
JOURNAL_ENTRY: dict[str, Any] = {
    "at_ms": 120_000,
    "buckets": 128,
    "cause": "learning pass",
    "before": _LIVED,
    "after": _LIVED | {"champion": "holt_winters", "periods": [24], "metric_class": "seasonal"},
    "reasons": ["seasonal: one season", "holt_winters(24, 0.1) foretold best"],
    "losses": {"holt_winters(24, 0.1)": 0.25, "ema(0.1)": 0.75},
    "undoable": True,
}


PAST = {
    "judged": 11_000,
    "counted": False,
    "span_ms": 8 * 86_400_000,
    "largest": 0.1,
    "as_large": 0,
    "excused": 0,
    "run": 1,
    "longest_run": 2,
    "gap": 0,
    "longest_gap": 1,
    "lean": 1,
    "longest_above": 6,
    "longest_below": 7,
    "model": 1,
    "since_ms": 1_360_000_000_000,
    "since_known": True,
    "judged_by": "ema",
}


def moment(bucket_ms: int) -> dict[str, Any]:
    """An ordinary minute, in band."""
    return {
        "bucket_ms": bucket_ms,
        "cadence_ms": 60_000,
        "final_ms": NOW_MS,
        "newest_ms": NOW_MS + 120_000,
        "clock_ms": NOW_MS + 120_000,
        "kept_ms": 0,
        "held": False,
        "damaged": False,
        "labels": [],
        "waiting": [],
        "judged": {
            "ts_ms": bucket_ms,
            "value": 12.5,
            "n": float("nan"),
            "expected": 12.0,
            "lower": 10.0,
            "upper": 14.0,
            "score": 8.0,
            "verdict": 0,
            "model": 1,
        },
        "late": [],
        "previous_ms": bucket_ms,
        "past": PAST | {"largest": 2.0, "as_large": 5_500},
    }


def storm_anomaly() -> PlacedAnomaly:
    """The storm of February 2013 at JFK."""
    identity = Identity.of("cancelled_share", {"origin": "JFK"})
    onset_ms = 1_360_350_000_000
    anomaly = Anomaly(
        id=Anomaly.id_of(identity.fingerprint(), onset_ms, AnomalyKind.SPIKE),
        series=identity,
        kind=AnomalyKind.SPIKE,
        direction=1,
        onset_ms=onset_ms,
        peak_ms=onset_ms + 3_600_000,
        last_ms=onset_ms + 3_600_000,
        end_ms=None,
        score=97.0,
        value=0.57,
        expected=0.02,
        lower=0.0,
        upper=float("inf"),
        buckets=2,
        cadence_ms=3_600_000,
    )
    return PlacedAnomaly(anomaly, (), Incident.id_of(anomaly.id))


def storm_incident(state: IncidentState = IncidentState.OPEN) -> Incident:
    anomaly = storm_anomaly().anomaly
    suspect = Suspect(
        series_id=f"{anomaly.series.fingerprint():016x}",
        series=str(anomaly.series),
        metric=anomaly.series.metric,
        tags=anomaly.series.tags,
        onset_ms=anomaly.onset_ms,
        score=97.0,
        why="first",
    )
    contributor = Contributor("origin", "JFK", 14, 16, -9.5)
    return Incident(
        id=Incident.id_of(anomaly.id),
        founder_id=anomaly.id,
        state=state,
        title="cancelled_share up <script>alert(1)</script>",
        start_ms=anomaly.onset_ms,
        end_ms=None,
        score=97.0,
        severity=1.4,
        kind="spike",
        direction=1,
        member_count=1,
        series_count=1,
        suspects=(suspect,) * 5,
        contributors=(contributor,) * 7,
        due_ms=None,
        sequence=1,
        members=(anomaly.id,),
    )


class FakeDestinations(Destinations):
    """Routes and receivers in memory. Nothing is ever removed, so that a test may try who may remove it."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.kept_routes: dict[str, Route] = {}
        self.kept_receivers: dict[str, Destination] = {}

    def routes(self) -> list[Route]:
        return in_order(self.kept_routes.values())

    def receivers(self) -> list[Destination]:
        return [self.kept_receivers[name] for name in sorted(self.kept_receivers)]

    def put_route(self, route: Route, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept_routes[route.name] = route

    def drop_route(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)

    def put_receiver(self, one: Destination, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept_receivers[one.name] = one

    def drop_receiver(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)


class FakeBudgets(BudgetStore):
    """Budgets in memory. Nothing is ever removed, so that a test may try who may remove it."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.kept: dict[str, Balance] = {}

    def all(self) -> list[Balance]:
        return [self.kept[name] for name in sorted(self.kept)]

    def told(self, budget: Budget) -> int:
        return 0

    def put(self, budget: Budget, deed: Deed) -> None:
        self.deeds.append(deed)
        self.kept[budget.name] = Balance.fresh(budget)

    def drop(self, name: str, deed: Deed) -> None:
        self.deeds.append(deed)


class FakeOutbox(Outbox):
    """What was sent, as the test sets it."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def waiting(self, receiver: str | None = None) -> int:
        return sum(one.state is NoticeState.WAITING for one in self.kept)

    def of_incident(self, incident_id: str, limit: int = 1_000) -> list[Kept]:
        return [one for one in self.kept if one.dispatch.incidents[0].id == incident_id]


class FakeAlertStore(AlertStore):
    """Steps and holdings as the test sets them."""

    def __init__(self) -> None:
        self.kept_steps: list[Step] = []
        self.kept_holdings: list[Holding] = []
        self.kept_standings: list[Standing] = []

    def active(self) -> list[Standing]:
        return self.kept_standings

    def steps(self, since_ms: int, most: int = 100_000) -> list[Step]:
        return [one for one in self.kept_steps if one.newest_ms >= since_ms]

    def newest_ms(self) -> int | None:
        return max((one.newest_ms for one in self.kept_steps), default=None)

    def holdings(self, incident_id: str, limit: int = 1_000) -> list[Holding]:
        return [one for one in self.kept_holdings if incident_id in (one.incident_id, one.by)]


class FakeCouriers(Couriers):
    """They bring nothing. ``answer``: of the next tests."""

    def __init__(self) -> None:
        self.answer = ""

    def start(self, declared: Collection[Destination]) -> None: ...

    def stop(self) -> None: ...

    def wake(self) -> None: ...

    def replace(self, name: str, declared: Destination | None) -> None: ...

    def test(self, declared: Destination) -> str:
        return self.answer


class FakeAlerts(Alerts):
    """Alerts over fakes, which decide nothing by themselves."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.store, self.sent, self.couriers = FakeAlertStore(), FakeOutbox(), FakeCouriers()
        self.declared = FakeDestinations(deeds)
        super().__init__(
            self.store,
            self.declared,
            self.sent,
            lambda _: self.couriers,
            budgets=FakeBudgets(deeds),
            lineage=Lineage,
            now_ms=lambda: NOW_MS,
        )

    def look(self) -> None: ...


def fake_monitor(
    settings: Settings | None = None, served: Path | None = None
) -> tuple[Monitor, FakeEngine, FakeStory]:
    """A Monitor over fakes, not yet started, whose clock stands at `NOW_MS`."""
    engine, story = FakeEngine(), FakeStory()
    settings = settings or Settings(engine="inline", shards=2, decode_lanes=1)
    accounts = FakeAccounts()
    alerts = FakeAlerts(accounts.deeds)
    monitor = Monitor(
        settings,
        engine,
        story,
        accounts,
        alerts,
        version="1.2.3",
        clock_ms=lambda: NOW_MS,
        served=served,
    )
    return monitor, engine, story
