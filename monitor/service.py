"""Monitor: all that the outside may ask or tell. Above it stand HTTP and the command line, below it
the engine (samples, series, history) and the story (anomalies and incidents).

Reads are blocking calls, to be made from a thread; telling something returns a future that ends
after the fsync. Every list comes as a `Page`, ordered by its key, so that a cursor is the last key
seen and stays right while rows are added.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, Unpack

from monitor import muting
from monitor.alerting.chart_links import ChartLinks
from monitor.alerting.label_links import LabelLinks
from monitor.alerts import Alerts
from monitor.changes import Watchers
from monitor.consequences import Consequences
from monitor.declaring import Declaring
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.declared import Declared
from monitor.domain.declaring import declare_counters
from monitor.domain.errors import IntakeUnavailable, NotFound
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import (
    Incident,
    IncidentChange,
    IncidentTransition,
    PlacedAnomaly,
    TransitionKind,
)
from monitor.domain.labels import Judged, Label
from monitor.domain.meta import PREFIX
from monitor.domain.notice import Picture
from monitor.domain.paging import Page
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.engine.base import Accepted, Engine, Events, ShardStatus
from monitor.every import Every
from monitor.illustrating import Illustrator
from monitor.lab import Lab
from monitor.labelling import Labelling
from monitor.likely import Ranking
from monitor.limits_in_use import InUse, enter_limits
from monitor.meta.deployment import deployed, noted
from monitor.meta.heartbeat import Heartbeat
from monitor.meta.reporting import Reporting
from monitor.overseeing import Around, Overseeing
from monitor.polled import Polled, Ways
from monitor.polled_set import Polling
from monitor.polling import Poller
from monitor.reading import Reading
from monitor.rehearsing import Rehearsing
from monitor.relating import Relating
from monitor.responding import Responding
from monitor.serving import Hooks, Serving
from monitor.settings import Settings
from monitor.shards import Shards
from monitor.source_health import SourceHealth
from monitor.source_places import Places
from monitor.source_reload import RELOAD_S, SourceReload
from monitor.store.accounts import Accounts
from monitor.story import Story
from monitor.telemetry import Progress, Telemetry

Row = dict[str, Any]
TICK_S = 30.0
SOURCE_REPORT_S = 5.0
RANKING_S = 10.0
META_S = 5.0
"""How often it is looked whether a minute is over."""

T = TypeVar("T")

_SERIES_ID = re.compile("[0-9a-f]{16}")


class State(StrEnum):
    """Where a Monitor stands in its life."""

    NEW = "new"
    RECOVERING = "recovering"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"


class Monitor:
    """The whole system behind one object. Built by `monitor.assembly.build`; thread-safe.

    ``clock_ms`` is the wall clock that stamps arrivals; nothing else here looks at one.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        story: Story,
        accounts: Accounts,
        alerts: Alerts,
        *,
        version: str = "",
        telemetry: Telemetry | None = None,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        on_stopped: Callable[[], None] = lambda: None,
        label_links: LabelLinks | None = None,
        chart_links: ChartLinks | None = None,
        served: Path | None = None,
        polled: Sequence[Polled] = (),
        beat: Callable[[], None] | None = None,
    ) -> None:
        self.settings = settings
        self.telemetry = telemetry or Telemetry()
        self.version = version
        self.accounts = accounts
        self.alerts = alerts
        self._engine = engine
        self._story = story
        self._clock_ms = clock_ms
        self._on_stopped = on_stopped
        self._life = Lock()
        self._state = State.NEW
        self._failure = ""
        self._watchers = Watchers()
        self._progress = Progress(settings.stall_s)
        self._checkpoints = Every(settings.checkpoint_interval_s, self._checkpoint_if_needed)
        self._checkpointed = -1
        self._ticks = Every(TICK_S, self._tick)
        shards = self.shards = Shards(self._ready_engine, settings.http.answer_s)
        declaring = self.declaring = Declaring(shards, settings.limits, self.telemetry.limits.hit)
        reading = self.reading = Reading(
            shards, lambda: declaring.teams, self._anomalies_before, settings.http.query_points
        )
        self.relating = Relating(story.topology, shards.tell, clock_ms)
        self.responding = Responding(story.feedback, self.incident, shards.tell, clock_ms)
        self.illustrating = Illustrator(reading.series_one, reading.observations, declaring.metrics)
        self.muting = muting.Muting(story.mutes, shards.tell, clock_ms, self._series_of)
        consequences = Consequences(
            self.muting, self.responding, reading.identity, story.feedback.anomaly, clock_ms
        )
        self.labelling = Labelling(
            story.feedback,
            self.incident,
            reading.series_one,
            lambda series: declaring.teams.of(series),
            shards.tell,
            clock_ms,
            self._anomalies_touching,
            reading.observations,
            consequences,
        )
        alerts.muted = lambda incident, series, at_ms: self.muting.muted(incident, at_ms, series)
        alerts.illustrate = self.illustrating.of
        alerts.history_end = reading.history_end
        alerts.series = lambda: sum(one.series for one in self._shard_status())
        self.rehearsing = Rehearsing(
            reading.series_one,
            lambda metric, most, team: reading.series(metric=metric, limit=most, team=team).items,
            lambda id, most: reading.span(id, None, None, most),
            self._labels_of,
            lambda metric: Declared(declaring.metrics()).of(metric),
            settings.default_timezone,
            settings.limits,
        )
        self.ranking = Ranking(
            lambda mark: dict(shards.ask(0, "verdicts", known=mark)),
            reading.series_one,
            settings.ranking.hold_back_below,
        )
        alerts.doubted = self.ranking.doubt
        self._rankings = Every(RANKING_S, self._refresh_ranking)
        self.lab = Lab(settings.default_timezone, settings.limits)
        self.label_links = label_links
        self.chart_links = chart_links
        self._serving: Serving | None = None
        if served is not None:
            hooks = Hooks(self.submit, declaring.metrics, declaring.metric, clock_ms)
            most = settings.predictions_bytes_max
            self._serving = Serving(served, most, hooks, settings.log_segment_bytes)
        places = Places(settings.data_dir / "sources.json")
        ways = Ways(
            partial(declare_counters, declaring.metrics, declaring.metric),
            self.telemetry.rejected,
            self.relating.change,
            lambda since_ms: [one.anomaly for one in self.anomalies(limit=1_000, since_ms=since_ms).items],
        )
        self.polling = Polling(
            polled,
            lambda one: Poller(one, self.submit, places, clock_ms, ways=ways),
        )
        self._source_health = SourceHealth(
            self.polling.statuses, self.submit, declaring.metrics, declaring.metric, clock_ms
        )
        self._source_reports = Every(SOURCE_REPORT_S, self._source_health.report)
        self.sources = SourceReload(settings, self.polling.replace)
        self._source_looks = Every(RELOAD_S, self.sources.look)
        self.overseeing = Overseeing(self._around(), self.telemetry)
        self.meta_reporting = Reporting(
            self.overseeing.facts, self._keep_own, declaring.metrics, declaring.metric, clock_ms
        )
        self._version_told = False
        self._meta = Every(META_S, self._watch_itself)
        self.heartbeat = Heartbeat(self.not_ready, beat, clock_ms) if beat is not None else None
        self._beats = Every(META_S, self.heartbeat.beat) if self.heartbeat is not None else None
        in_use = InUse(
            self._shard_status,
            lambda: len(self._watchers),
            lambda: self.declaring.teams_known,
            alerts.waiting,
            lambda: self._served_bytes,
        )
        enter_limits(self.telemetry.limits, settings, in_use)
        self.telemetry.watch_shards(self._shard_status)

    # -- life -------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._state

    @property
    def running(self) -> bool:
        return self._state is State.RUNNING

    def start(self) -> None:
        """Recover every shard; questions are answered from its return on. May take minutes, and returns
        early, with nothing running, where `stop` is called meanwhile."""
        if not self._became(State.RECOVERING):
            return
        try:
            self._engine.start(self._receive, self._story.positions())
            if self._serving is not None:
                self._serving.start()
        except Exception as error:
            if not self._became(State.FAILED):
                return
            self._failure = str(error)
            raise
        self.declaring.begin(self._engine.ask(0, "teams"))
        if self._became(State.RUNNING):
            self._checkpoints.start()
            self._ticks.start()
            self.alerts.start()
            if self.settings.ranking.hold_back_below > 0.0:
                self._rankings.start()
            if self.settings.meta.enabled:
                self._meta.start()
            if self._beats is not None:
                self._beats.start()
            self.polling.start()
            self._source_reports.start()
            self._source_looks.start()

    def _became(self, state: State) -> bool:
        """Go on to the next state, unless told to stop."""
        with self._life:
            if self._state is State.STOPPED:
                return False
            self._state = state
            return True

    def stop(self) -> None:
        """Take no more, write a checkpoint, let go of every file. A recovery is given up: nothing is lost
        by it. Safe to call twice, and while `start` runs on another thread."""
        if self._serving is not None:
            self._serving.stop()  # while the intake still takes what is final
        self._source_looks.stop()
        if self._beats is not None:
            self._beats.stop()
        self._meta.stop()
        self._rankings.stop()
        self._source_reports.stop()
        self.polling.stop()
        with self._life:
            if self._state is State.STOPPED:
                return
            was_running, self._state = self.running, State.STOPPED
        self._watchers.end()
        self._checkpoints.stop()
        self._ticks.stop()
        self.alerts.stop()
        try:
            if was_running:
                self._engine.checkpoint()
        finally:
            self._engine.close()
            self._story.close()
            self._on_stopped()

    def settle(self, timeout_s: float | None = None) -> None:
        """Wait until all that was acknowledged has become anomalies and incidents."""
        engine = self._ready_engine()
        if self._serving is not None:
            self._serving.settle(timeout_s)
        engine.settle(timeout_s)

    def checkpoint(self) -> None:
        self._ready_engine().checkpoint()
        if self._serving is not None:
            self._serving.checkpoint()

    @property
    def serving(self) -> Serving:
        """Served models. Raises IntakeUnavailable where there are none, or not yet."""
        self._ready_engine()
        if self._serving is None:
            raise IntakeUnavailable("served models are not watched here")
        return self._serving

    @property
    def _served_bytes(self) -> int:
        return self._serving.usage()["bytes"] if self.running and self._serving is not None else 0

    def not_ready(self) -> str:
        """Why requests should go elsewhere for now; empty if they need not."""
        if not self.running:
            return self._failure or f"the server is {self._state.value}"
        status = self._engine.status()
        if broken := [str(s.shard) for s in status if not s.log_ok]:
            return f"the intake log of shard {', '.join(broken)} cannot be written"
        if still := self._progress.stalled(status):
            return f"shard {', '.join(map(str, still))} makes no progress on its backlog"
        if self._serving is not None and (failure := self._serving.failure):
            return f"served models have stopped: {failure}"
        return ""

    # -- telling ----------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """The wall clock that arrivals are stamped with."""
        return self._clock_ms()

    def submit(self, batch: SampleBatch, mode: Mode, request_id: bytes = b"") -> Future[Accepted]:
        """Append a batch. The future ends after the fsync in every shard, or with UnknownSeries,
        Overloaded or IntakeUnavailable."""
        engine = self._ready_engine()
        return engine.submit(batch, mode=mode, arrival_ms=self._clock_ms(), request_id=request_id)

    async def ingest(self, batch: SampleBatch, mode: Mode, request_id: bytes = b"") -> Accepted:
        """`submit`, awaited and counted."""
        accepted = await self.answer(self.submit(batch, mode, request_id))
        self.count(accepted)
        return accepted

    async def complete(self, ts_ms: int, request_id: bytes = b"") -> None:
        """A file has ended: every bucket up to ``ts_ms`` becomes final."""
        await self.answer(self._ready_engine().control(Tick(ts_ms, complete=True, request_id=request_id)))

    async def answer(self, future: Future[T]) -> T:
        """Await the engine, no longer than the limit. The work goes on if the caller leaves: what is
        appended then stays, unacknowledged."""
        waiting = asyncio.shield(asyncio.wrap_future(future))
        try:
            return await asyncio.wait_for(waiting, self.settings.http.answer_s)
        except TimeoutError as error:
            raise IntakeUnavailable("the intake log did not answer in time") from error

    def count(self, accepted: Accepted) -> None:
        """Enter an answer in the server's own metrics."""
        self.telemetry.samples(accepted.accepted, accepted.rejected, accepted.repeated)

    def forget_series(self, series_id: str) -> None:
        """Delete a series: model, history, anomalies. Raises NotFound."""
        self.reading.series_one(series_id)
        self.shards.tell(Control(Kind.FORGET, {"series": series_id}))
        for change in self._story.forget_series(series_id):
            self._watchers.tell(change)
        self.reading.forget()

    # -- asking -----------------------------------------------------------------------------------

    def anomalies(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[AnomalyFilter]
    ) -> Page[PlacedAnomaly]:
        return self._story.anomalies(after=after, limit=limit, **asked)

    def incidents(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[IncidentFilter]
    ) -> Page[Incident]:
        return self._story.incidents(after=after, limit=limit, **asked)

    def incident(self, incident_id: str, team: str | None = None) -> tuple[Incident, Sequence[PlacedAnomaly]]:
        """An incident, with its member anomalies by onset. Raises NotFound, also for another team's."""
        incident = self._story.incident(incident_id)
        if incident is None or team not in (None, incident.team):
            raise NotFound(f"no incident {incident_id[:64]}")
        return incident, self._story.members(incident_id)

    def charts(self, incident_id: str) -> tuple[Picture, ...]:
        """What an incident looks like now; some 0.5 s where it was not drawn before. Raises NotFound."""
        return self.illustrating.of(self.incident(incident_id)[0])

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        """The steps of an incident's life, the first one first; empty where there is none of that name."""
        return self._story.transitions(incident_id)

    def status(self) -> Row:
        """Where every shard stands, and how much of every limit is used."""
        shards = self._ready_engine().status()
        return {
            "version": self.version,
            "auth": self.settings.auth,
            "engine": self.settings.engine,
            "shards": [{name: getattr(s, name) for name in ShardStatus.__slots__} for s in shards],
            "limits": [
                {"name": use.name, "value": use.value, "used": use.used, "hits": use.hits}
                for use in self.telemetry.limits.read()
            ],
            "series": sum(s.series for s in shards),
            "incidents_open": self._story.incidents_open(),
            "alerts": self.alerts.status(),
            "sources_trouble": self.sources.trouble,
        }

    def incidents_open(self, team: str | None) -> int:
        return self._story.incidents_open(team)

    def changes(self) -> AsyncIterator[IncidentChange]:
        """Incidents as they change, from now on, until the server stops. A reader too slow to keep up
        is let go."""
        return self._watchers.follow()

    @property
    def watchers(self) -> int:
        """How many read `changes` now."""
        return len(self._watchers)

    def end_changes(self) -> None:
        """Let go of every reader of `changes`, so that a server can stop."""
        self._watchers.end()

    def _around(self) -> Around:
        def meta_incidents() -> list[Incident]:
            found = self._story.incidents(after="", limit=1_000, state="open", q=PREFIX).items
            return [one for one in found if one.of_itself]

        def labels(since_ms: int) -> Sequence[Judged]:
            return self._story.feedback.labels(limit=1_000, since_ms=since_ms).items

        return Around(
            ask=self.shards.ask,
            shards=lambda: self._engine.status(),
            tell=self.shards.tell,
            now_ms=self._clock_ms,
            meta_incidents=meta_incidents,
            labels=labels,
            sources=lambda: self.polling.statuses(),
            changes=lambda from_ms, until_ms: self.relating.kept.changes(from_ms, until_ms),
            receivers=self._receivers,
        )

    def _receivers(self) -> dict[str, bool]:
        return {one.name: one.unreachable_ms is not None for one in self.alerts.receivers()}

    # -- inside -----------------------------------------------------------------------------------

    def _receive(self, events: Events) -> None:
        for change in self._story.receive(events):
            self._watchers.tell(change)
            self.overseeing.noticed(change.incident, change.transition.kind is TransitionKind.OPENED)
        self.alerts.wake()

    def _keep_own(self, batch: SampleBatch) -> None:
        self.submit(batch, Mode.LIVE).result(self.settings.http.answer_s)

    def _watch_itself(self) -> None:
        if self.running:
            self.tell_version()
            self.meta_reporting.report()
            self.overseeing.look()

    def _refresh_ranking(self) -> None:
        if self.running:
            self.ranking.refresh()

    def tell_version(self) -> None:
        """Another version than the one before on this data folder is a change like any deployment."""
        if self._version_told:
            return
        change = deployed(self.settings.data_dir, self.version, self._clock_ms())
        if change is not None:
            self.relating.change(change)
        noted(self.settings.data_dir, self.version)
        self._version_told = True

    def _shard_status(self) -> list[ShardStatus]:
        return list(self._engine.status()) if self.running else []

    def _ready_engine(self) -> Engine:
        if not self.running:
            raise IntakeUnavailable(f"the server is {self._state.value}")
        return self._engine

    def _anomalies_before(self, series_id: str, until_ms: int) -> Sequence[PlacedAnomaly]:
        return self._story.anomalies(after="", limit=3, series=series_id, until_ms=until_ms).items

    def _anomalies_touching(self, series_id: str, from_ms: int, to_ms: int) -> Sequence[PlacedAnomaly]:
        span = AnomalyFilter(series=series_id, since_ms=from_ms, until_ms=to_ms)
        return self._story.anomalies(after="", limit=100, **span).items

    def _labels_of(self, metrics: Sequence[str]) -> list[Label]:
        """Labels in force that speak of these metrics; every shard has all of them."""
        bodies = self.shards.ask(0, "labels", metrics=list(metrics))
        return [Label.from_body(body, position) for position, body in enumerate(bodies, start=1)]

    def _series_of(self, incident: Incident) -> list[Identity]:
        return [placed.anomaly.series for placed in self._story.members(incident.id)]

    def _tick(self) -> None:
        """Tell the shards what time it is, so that silence of live series is noticed."""
        if self.running and any(s.series for s in self._engine.status()):
            self._engine.control(Tick(self._clock_ms()))
        if self.running and self._serving is not None:
            self._serving.tick()

    def _checkpoint_if_needed(self) -> None:
        appended = sum(s.appended for s in self._engine.status())
        if self.running and appended != self._checkpointed:
            self._engine.checkpoint()
            self._checkpointed = appended
        if self.running and self._serving is not None:
            self._serving.checkpoint_if_needed()
