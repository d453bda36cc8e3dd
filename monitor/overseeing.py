"""Watchkeeper watching itself: its own series, what is wrong by them, the freeze meanwhile, and the way back.

Nothing here is on the path of a sample. `look` and `report` are called again and again by whoever owns this;
a freeze is a record of the log, so every shard has it at the same place, now and in a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from monitor.domain.durations import DAY_MS
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import Incident, IncidentState
from monitor.domain.labels import Judged, Said
from monitor.domain.meta import cause, of_models, rank
from monitor.domain.records import Control, Kind
from monitor.domain.source import SourceStatus
from monitor.engine.base import ShardStatus
from monitor.meta.figures import Facts, People
from monitor.meta.freeze import Freeze
from monitor.telemetry import Telemetry

LABELS_MS = 28 * DAY_MS
_HOLDING = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.RECOVERING)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What is asked and told of the Monitor around this. ``ask`` a shard a question; ``tell`` the log,
    durably; ``meta_incidents``: those that are not over; ``labels`` and ``changes`` by their time;
    ``receivers``: whether notices for one had to be given up, by name."""

    ask: Callable[..., Any]
    shards: Callable[[], Sequence[ShardStatus]]
    tell: Callable[[Control], None]
    now_ms: Callable[[], int]
    meta_incidents: Callable[[], Sequence[Incident]]
    labels: Callable[[int], Sequence[Judged]]
    sources: Callable[[], Sequence[SourceStatus]]
    changes: Callable[[int, int], Sequence[ChangeEvent]]
    receivers: Callable[[], Mapping[str, bool]] = dict


@dataclass(frozen=True, slots=True)
class MetaIncident:
    """``headline``: what happened, to how many metrics, since which version. ``cause``: of what kind, and its
    name. ``hit``: series of others that are concerned; ``changes``: told of in the day before it."""

    incident: Incident
    headline: str
    cause: tuple[str, str]
    hit: int
    changes: Sequence[ChangeEvent]


class Overseeing:
    """Thread-safe."""

    def __init__(self, asked: Around, telemetry: Telemetry) -> None:
        self._asked = asked
        self._telemetry = telemetry
        self._open: dict[str, str] = {}
        self._opened: dict[str, int] = {}
        self._known = False
        self._lock = Lock()
        self._telling = Lock()

    # -- figures ----------------------------------------------------------------------------------

    def facts(self, at_ms: int) -> Facts:
        """All that the own series of one interval are made of; some 3 ms for 100,000 series."""
        shards = self._asked.shards()
        asked = [self._asked.ask(one.shard, "account", at_ms=at_ms) for one in shards]
        polled = {one.name: one.samples for one in self._asked.sources()}
        return Facts(
            shards=asked,
            sources={**polled, "push": self._telemetry.pushed},
            refused=dict(self._telemetry.refused),
            decoders=dict(self._telemetry.decoders),
            samples=sum(one.samples for one in shards),
            late=sum(one.late for one in shards),
            lag_s=max((one.lag_ms for one in shards), default=0) / 1_000,
            people=self._people(),
            receivers=self._asked.receivers(),
        )

    def _people(self) -> People:
        verdicts: dict[str, list[int]] = {}
        delays: dict[str, list[float]] = {}
        for one in self._asked.labels(self._asked.now_ms() - LABELS_MS):
            label = one.label
            if not one.rules or label.said not in (Said.TRUE, Said.FALSE_ALARM):
                continue
            pair = verdicts.setdefault(label.target.team, [0, 0])
            pair[label.said is Said.FALSE_ALARM] += 1
            delay_s = max(label.at_ms - label.target.from_ms, 0) / 1_000
            delays.setdefault(label.target.team, []).append(delay_s)
        with self._lock:
            opened = dict(self._opened)
        return People(
            opened=opened,
            verdicts={team: (true, false) for team, (true, false) in verdicts.items()},
            delay_s={team: sum(found) / len(found) for team, found in delays.items()},
        )

    # -- freeze -----------------------------------------------------------------------------------

    def noticed(self, incident: Incident, opened: bool) -> None:
        """An incident has changed; ``opened``: it was opened by that. From any thread, and quick."""
        with self._lock:
            if not incident.of_itself:
                if opened:
                    self._opened[incident.team] = self._opened.get(incident.team, 0) + 1
            elif incident.state in _HOLDING and _of_models(incident):
                self._open[incident.id] = incident.title
            else:
                self._open.pop(incident.id, None)

    def look(self) -> None:
        """Freeze where a meta-incident is open, and thaw where none is any more."""
        if not self._known:
            with self._lock:
                open_ones = filter(_of_models, self._asked.meta_incidents())
                self._open.update({one.id: one.title for one in open_ones})
            self._known = True
        with self._lock:
            found = dict(self._open)
        with self._telling:
            before = self.freeze
            if (after := before.seen(found)) != before:
                self._tell(after)

    @property
    def freeze(self) -> Freeze:
        return Freeze.from_body(self._asked.ask(0, "freeze"))

    def freeze_by(self, who: str, why: str) -> Freeze:
        """Passes change no models from here on, until somebody unfreezes; in the log when this returns."""
        with self._telling:
            return self._tell(self.freeze.frozen(who, why))

    def unfreeze(self) -> Freeze:
        """Passes may change models again, also while the meta-incidents that are open now go on."""
        self.look()
        with self._telling:
            return self._tell(self.freeze.unfrozen())

    def _tell(self, freeze: Freeze) -> Freeze:
        self._asked.tell(Control(Kind.SETTING, {"freeze": freeze.to_body()}))
        return freeze

    # -- the way back -----------------------------------------------------------------------------

    def changed_since(self, since_ms: int, family: str | None = None) -> list[Row]:
        """Series whose newest change of models by a pass took effect at ``since_ms`` or later, to or from
        ``family``: what a roll-back would take back, by the name of the series."""
        found: list[Row] = []
        for shard in self._asked.shards():
            found += self._asked.ask(shard.shard, "changed_since", since_ms=since_ms, family=family)
        return sorted(found, key=lambda one: (one["series"], one["id"]))

    def roll_back(self, since_ms: int, family: str | None = None) -> list[Row]:
        """Give each of them back exactly what its newest change replaced, and close its contest, so that no
        pass changes it until `reopen`. In the log when this returns; what was taken back."""
        found = self.changed_since(since_ms, family)
        if found:
            self._roll(since_ms, family, pinned=True)
        return found

    def reopen(self, since_ms: int, family: str | None = None) -> None:
        """Open the contests of series that were rolled back since then."""
        self._roll(since_ms, family, pinned=False)

    def _roll(self, since_ms: int, family: str | None, *, pinned: bool) -> None:
        body = {"since_ms": since_ms, "family": family, "pinned": pinned}
        self._asked.tell(Control(Kind.ASSIGN, body))

    # -- what is wrong ----------------------------------------------------------------------------

    def incidents(self) -> list[MetaIncident]:
        """The meta-incidents that are open, the newest first."""
        found = [one for one in self._asked.meta_incidents() if one.state in _HOLDING]
        if not found:
            return []
        now_ms = self._asked.now_ms()
        accounts = [self._asked.ask(one.shard, "account", at_ms=now_ms) for one in self._asked.shards()]
        return [self._described(one, accounts) for one in found]

    def own_series(self) -> list[Row]:
        """Rows of Watchkeeper's own series."""
        found: list[Row] = []
        for shard in self._asked.shards():
            found += self._asked.ask(shard.shard, "own_series")
        return found

    def _described(self, incident: Incident, accounts: Sequence[Mapping[str, Any]]) -> MetaIncident:
        first = min(incident.suspects, key=lambda one: rank(one.metric))
        named = cause(first.metric, dict(first.tags))
        hit = _hit(named, accounts)
        changes = self._asked.changes(incident.start_ms - DAY_MS, incident.start_ms + 1)
        versions = [one for one in changes if one.kind == "deployment"]
        words, *_ = incident.title.partition(" since ")
        headline = words + (f" in {hit:,} metrics" if hit else "")
        headline += f" since {versions[0].title}" if versions else ""
        return MetaIncident(incident, headline, named, hit, changes)


def _of_models(incident: Incident) -> bool:
    """May the models be at fault, so that nothing of them is to change meanwhile?"""
    return any(of_models(suspect.metric) for suspect in incident.suspects)


def _hit(named: tuple[str, str], accounts: Sequence[Mapping[str, Any]]) -> int:
    """Series of others that the cause concerns."""
    kind, name = named
    if kind in ("family", "class"):
        by = "champions" if kind == "family" else "classes"
        return sum(int(one[by].get(name, 0)) for one in accounts)
    if named == ("part", "season detection"):
        return sum(int(one["seasons_changed"]) for one in accounts)
    return 0
