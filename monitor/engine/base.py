"""What the service may ask of the shards, however they run: in this process or in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.domain.anomaly import AnomalyEvent
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.records import Control, Tick


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch is on disk in every shard it touched. ``rejected``: samples refused by reason.

    What only the models' state can tell (late, duplicate, conflict) is not known yet when this is
    answered: `ShardStatus` counts it."""

    accepted: int
    rejected: Mapping[str, int]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """Log positions appended, applied and covered by the newest checkpoint; what is appended and not yet
    applied in samples, bytes of memory and milliseconds of arrival.

    ``late``, ``duplicate``, ``conflict``: samples that were kept and taught nothing, by reason, since the
    log began; as much a part of the state as ``samples``, so a restart does not count them twice.
    ``tag_values``: of the tag key that has the most; ``time_zones``: named by tags; ``trouble``: what is
    wrong with the shard's files, a line each.
    """

    shard: int
    appended: int = 0
    applied: int = 0
    checkpointed: int = 0
    lag_samples: int = 0
    lag_bytes: int = 0
    lag_ms: int = 0
    series: int = 0
    samples: int = 0
    late: int = 0
    duplicate: int = 0
    conflict: int = 0
    held: int = 0
    tag_values: int = 0
    time_zones: int = 0
    declarations: int = 0
    log_bytes: int = 0
    state_bytes: int = 0
    clock_ms: int = 0
    log_ok: bool = True
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A control record at its log position: the number of its kind, and its body."""

    position: int
    kind: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Events:
    """All events of one shard up to ``position`` that were not handed over before, in order.

    ``counts``: live series by metric and by ``key=value``, each team's under its own keys
    (`monitor.engine.team_counts`); empty where nothing changed. ``told``: control records that concern
    incidents (`monitor.domain.records.TOLD`), of shard 0 only."""

    shard: int
    position: int
    clock_ms: int
    events: Sequence[AnomalyEvent]
    counts: Mapping[str, int] = field(default_factory=dict)
    told: Sequence[Told] = ()


class Engine(Protocol):
    """Shards behind one door. Thread-safe; every future ends, with a WatchkeeperError on failure."""

    @property
    def shards(self) -> int: ...

    def start(self, on_events: Callable[[Events], None], since: Mapping[int, int]) -> None:
        """Recover every shard, then hand over events after the positions in ``since``, per shard in
        order, at least once (the receiver drops positions it has seen), on a thread of the engine."""

    def submit(
        self, batch: SampleBatch, *, mode: Mode, arrival_ms: int, request_id: bytes = b""
    ) -> Future[Accepted]:
        """Done after the fsync of the record in every shard the batch touches. May end with
        UnknownSeries (decode again with identities), Overloaded, IntakeUnavailable."""

    def control(self, entry: Tick | Control) -> Future[None]:
        """Append a control record to every shard; done after every fsync."""

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        """A read-only question to one shard, answered between two records. Plain values in and out
        (dicts, lists, numbers, str, bytes, NumPy columns by name). Questions are the public methods
        of `monitor.shard.queries.Queries`."""

    def status(self) -> list[ShardStatus]: ...

    def settle(self, timeout_s: float | None = None) -> None:
        """Wait until all that was acknowledged is applied, learned from, and its events handed over."""

    def checkpoint(self) -> None:
        """Write a checkpoint of every shard now."""

    def close(self) -> None:
        """Write checkpoints and let go of every file. During `start`, from another thread: give the
        recovery up, which then ends with IntakeUnavailable."""
