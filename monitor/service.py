"""Monitor: all that the outside may ask or tell. Above it stand HTTP and the command line, below it
the engine (samples, series, history) and the story (anomalies and incidents).

This file connects the parts, and starts and stops them; what can be asked and told is the parts' own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Lock

from monitor import muting
from monitor.alerting.chart_links import ChartLinks
from monitor.alerting.label_links import LabelLinks
from monitor.alerts import Alerts
from monitor.consequences import Consequences
from monitor.declaring import Declaring
from monitor.domain.declared import Declared
from monitor.domain.declaring import declare_counters
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.incident import TransitionKind
from monitor.domain.labels import Judged
from monitor.domain.notice import Picture
from monitor.domain.records import Control, Kind, Tick
from monitor.engine.base import Engine, Events, ShardStatus
from monitor.every import Every
from monitor.illustrating import Illustrator
from monitor.lab import Lab
from monitor.labelling import Labelling, labels_in_force
from monitor.likely import Ranking
from monitor.limits_in_use import InUse, enter_limits
from monitor.meta.deployment import Deployment
from monitor.meta.heartbeat import Heartbeat
from monitor.meta.reporting import Reporting
from monitor.overseeing import Around, Overseeing
from monitor.polled import Polled, Ways
from monitor.polled_set import Polling
from monitor.polling import Poller
from monitor.reading import Reading
from monitor.recounting import Recounting
from monitor.rehearsing import Rehearsing
from monitor.relating import Relating
from monitor.responding import Responding
from monitor.serving import Hooks, Serving
from monitor.settings import Settings
from monitor.shards import Row, Shards
from monitor.source_health import SourceHealth
from monitor.source_places import Places
from monitor.source_reload import RELOAD_S, SourceReload
from monitor.store.accounts import Accounts
from monitor.story import Story
from monitor.taking import Taking
from monitor.telemetry import Progress, Telemetry

TICK_S = 30.0
SOURCE_REPORT_S = 5.0
RANKING_S = 10.0
META_S = 5.0
"""How often it is looked whether a minute is over."""


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
        self._progress = Progress(settings.stall_s)
        self._checkpointed = -1
        shards = self.shards = Shards(self._ready_engine, settings.http.answer_s)
        declaring = self.declaring = Declaring(shards, settings.limits, self.telemetry.limits.hit)
        taking = self.taking = Taking(self._ready_engine, self.telemetry, settings.http.answer_s, clock_ms)
        recounting = self.recounting = Recounting(story)
        reading = self.reading = Reading(
            shards, lambda: declaring.teams, recounting.anomalies_before, settings.http.query_points
        )
        self.relating = Relating(story.topology, shards.tell, clock_ms)
        self.responding = Responding(story.feedback, recounting.incident, shards.tell, clock_ms)
        self.illustrating = Illustrator(reading.series_one, reading.observations, declaring.metrics)
        self.muting = muting.Muting(story.mutes, shards.tell, clock_ms, recounting.series_of)
        consequences = Consequences(
            self.muting, self.responding, reading.identity, story.feedback.anomaly, clock_ms
        )
        self.labelling = Labelling(
            story.feedback,
            recounting.incident,
            reading.series_one,
            lambda series: declaring.teams.of(series),
            shards.tell,
            clock_ms,
            recounting.anomalies_touching,
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
            partial(labels_in_force, shards),
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
        self.lab = Lab(settings.default_timezone, settings.limits)
        self.label_links = label_links
        self.chart_links = chart_links
        self._serving: Serving | None = None
        if served is not None:
            hooks = Hooks(taking.submit, declaring.metrics, declaring.metric, clock_ms)
            most = settings.predictions_bytes_max
            self._serving = Serving(served, most, hooks, settings.log_segment_bytes)
        places = Places(settings.data_dir / "sources.json")
        ways = Ways(
            partial(declare_counters, declaring.metrics, declaring.metric),
            self.telemetry.rejected,
            self.relating.change,
            recounting.anomalies_since,
        )
        self.polling = Polling(polled, lambda one: Poller(one, taking.submit, places, clock_ms, ways=ways))
        self._source_health = SourceHealth(
            self.polling.statuses, taking.submit, declaring.metrics, declaring.metric, clock_ms
        )
        self.sources = SourceReload(settings, self.polling.replace)
        self.overseeing = Overseeing(self._around(), self.telemetry)
        self.meta_reporting = Reporting(
            self.overseeing.facts, taking.keep, declaring.metrics, declaring.metric, clock_ms
        )
        self._deployment = Deployment(settings.data_dir, version, self.relating.change, clock_ms)
        self.heartbeat = Heartbeat(self.not_ready, beat, clock_ms) if beat is not None else None
        in_use = InUse(
            self._shard_status,
            lambda: recounting.watchers,
            lambda: declaring.teams_known,
            alerts.waiting,
            lambda: self._served_bytes,
        )
        enter_limits(self.telemetry.limits, settings, in_use)
        self.telemetry.watch_shards(self._shard_status)
        self._upkeep = [
            Every(settings.checkpoint_interval_s, self._checkpoint_if_needed),
            Every(TICK_S, self._tick),
        ]
        self._looks = [
            Every(SOURCE_REPORT_S, self._source_health.report),
            Every(RELOAD_S, self.sources.look),
        ]
        if settings.ranking.hold_back_below > 0.0:
            self._looks.append(Every(RANKING_S, self._refresh_ranking))
        if settings.meta.enabled:
            self._looks.append(Every(META_S, self._watch_itself))
        if self.heartbeat is not None:
            self._looks.append(Every(META_S, self.heartbeat.beat))

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
            for timer in self._upkeep:
                timer.start()
            self.alerts.start()
            self.polling.start()
            for timer in self._looks:
                timer.start()

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
        for timer in self._looks:
            timer.stop()
        self.polling.stop()
        with self._life:
            if self._state is State.STOPPED:
                return
            was_running, self._state = self.running, State.STOPPED
        self.recounting.end_changes()
        for timer in self._upkeep:
            timer.stop()
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

    def forget_series(self, series_id: str) -> None:
        """Delete a series: model, history, anomalies. Raises NotFound."""
        self.reading.series_one(series_id)
        self.shards.tell(Control(Kind.FORGET, {"series": series_id}))
        for change in self._story.forget_series(series_id):
            self.recounting.tell(change)
        self.reading.forget()

    # -- asking -----------------------------------------------------------------------------------

    def charts(self, incident_id: str) -> tuple[Picture, ...]:
        """What an incident looks like now; some 0.5 s where it was not drawn before. Raises NotFound."""
        return self.illustrating.of(self.recounting.incident(incident_id)[0])

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

    def _around(self) -> Around:
        def labels(since_ms: int) -> Sequence[Judged]:
            return self._story.feedback.labels(limit=1_000, since_ms=since_ms).items

        return Around(
            ask=self.shards.ask,
            shards=lambda: self._engine.status(),
            tell=self.shards.tell,
            now_ms=self._clock_ms,
            meta_incidents=self.recounting.meta_incidents,
            labels=labels,
            sources=lambda: self.polling.statuses(),
            changes=lambda from_ms, until_ms: self.relating.kept.changes(from_ms, until_ms),
            receivers=self.alerts.unreachable,
        )

    # -- inside -----------------------------------------------------------------------------------

    def _receive(self, events: Events) -> None:
        for change in self._story.receive(events):
            self.recounting.tell(change)
            self.overseeing.noticed(change.incident, change.transition.kind is TransitionKind.OPENED)
        self.alerts.wake()

    def _watch_itself(self) -> None:
        if self.running:
            self._deployment.tell_once()
            self.meta_reporting.report()
            self.overseeing.look()

    def _refresh_ranking(self) -> None:
        if self.running:
            self.ranking.refresh()

    def _shard_status(self) -> list[ShardStatus]:
        return list(self._engine.status()) if self.running else []

    def _ready_engine(self) -> Engine:
        if not self.running:
            raise IntakeUnavailable(f"the server is {self._state.value}")
        return self._engine

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
