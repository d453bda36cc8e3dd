"""What the server tells of itself: counters, gauges and the use of every limit.

One registry per server, never the library's global one; no name or tag of a user's series ever
becomes a label here, so the size of an answer does not depend on what is sent in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor.engine.base import ShardStatus

_SHARD_GAUGES = {
    "appended": "newest position of the shard's log",
    "applied": "newest position the shard has applied",
    "checkpointed": "newest position covered by a checkpoint",
    "lag_samples": "samples on disk that are not applied yet",
    "series": "series the shard knows",
    "held": "series that wait for an assignment",
    "log_bytes": "bytes of the intake log",
    "state_bytes": "bytes of model state",
    "log_ok": "1 while the log can be written",
}
_LIMIT_OF = {
    "series_limit": "series_max",
    "tag_values_limit": "tag_values_max",
    "time_zone_limit": "time_zones_max",
    "future": "future_ms_max",
}
_NOTED = ("late", "duplicate", "conflict")


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit: what it is, how much of it is used now (None: counted per request), how often it
    refused something."""

    name: str
    value: float
    used: float | None
    hits: int


class LimitBook:
    """Every limit with its current use and its hits. Thread-safe; a hit costs one lock.

    >>> book = LimitBook()
    >>> book.enter("http.watchers", 2, used=lambda: 1)
    >>> book.hit("http.watchers")
    >>> book.read()
    [LimitUse(name='http.watchers', value=2, used=1, hits=1)]
    """

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._used: dict[str, Callable[[], float]] = {}
        self._hits: dict[str, int] = {}
        self._lock = Lock()

    def enter(self, name: str, value: float, used: Callable[[], float] | None = None) -> None:
        with self._lock:
            self._values[name] = value
            self._hits.setdefault(name, 0)
            if used is not None:
                self._used[name] = used

    def hit(self, name: str, times: int = 1) -> None:
        with self._lock:
            self._hits[name] = self._hits.get(name, 0) + times

    def read(self) -> list[LimitUse]:
        with self._lock:
            rows = [
                (name, value, self._used.get(name), self._hits[name]) for name, value in self._values.items()
            ]
        rows.sort(key=lambda row: row[0])
        return [LimitUse(name, value, used() if used else None, hits) for name, value, used, hits in rows]


class Telemetry:
    """Counters of the outside, and gauges read from the shards when somebody asks. ``pushed``: samples
    acknowledged; ``refused``: samples by reason; ``decoders``: both by decoder."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.limits = LimitBook()
        self.pushed = 0
        self.refused: dict[str, int] = {}
        self._refusing = Lock()
        self.decoders: dict[str, tuple[int, int]] = {}
        self._accepted = self._counter("samples_accepted", "samples acknowledged, on disk")
        self._rejected = self._counter("samples_rejected", "samples refused, by reason", "reason")
        self._repeated = self._counter("requests_repeated", "requests dropped as repeats of an earlier one")
        self._answers = self._counter("http_answers", "answers by status code", "status")
        self._seconds = Histogram(
            "watchkeeper_ingest_seconds",
            "time from the first byte of a sample request to its answer",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.registry.register(_LimitCollector(self.limits))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"watchkeeper_{name}", text, labels, registry=self.registry)

    def watch_shards(self, status: Callable[[], list[ShardStatus]]) -> None:
        """Read the shards' gauges by ``status`` whenever metrics are asked for."""
        self.registry.register(_ShardCollector(status))

    def samples(self, accepted: int, rejected: Mapping[str, int], repeated: bool) -> None:
        self._accepted.inc(accepted)
        self.pushed += accepted
        self.rejected(rejected)
        if repeated:
            self._repeated.inc()

    def rejected(self, counts: Mapping[str, int]) -> None:
        """Thread-safe."""
        for reason, count in counts.items():
            with self._refusing:
                self.refused[reason] = self.refused.get(reason, 0) + count
            self._rejected.labels(reason).inc(count)
            if reason in _LIMIT_OF:
                self.limits.hit(_LIMIT_OF[reason], count)

    def decoded(self, decoder: str, accepted: int, refused: int) -> None:
        """What became of samples that one decoder read."""
        with self._refusing:
            before = self.decoders.get(decoder, (0, 0))
            self.decoders[decoder] = (before[0] + accepted, before[1] + refused)

    def answered(self, status: int) -> None:
        self._answers.labels(str(status)).inc()

    def took(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


class Progress:
    """Tells a stalled shard from a busy one: a backlog that has not moved for ``stall_s`` seconds of
    monotonic time, seen at two looks at least."""

    def __init__(self, stall_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._stall_s = stall_s
        self._clock = clock
        self._waiting: dict[int, tuple[int, float]] = {}

    def stalled(self, status: Iterable[ShardStatus]) -> list[int]:
        """The shards that stand still now."""
        now = self._clock()
        still = []
        for shard in status:
            applied, since = self._waiting.get(shard.shard, (-1, now))
            if shard.lag_samples <= 0:
                self._waiting.pop(shard.shard, None)
            elif applied != shard.applied:
                self._waiting[shard.shard] = (shard.applied, now)
            elif now - since > self._stall_s:
                still.append(shard.shard)
        return still


class _ShardCollector:
    def __init__(self, status: Callable[[], list[ShardStatus]]) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        families = {
            name: GaugeMetricFamily(f"watchkeeper_shard_{name}", text, labels=["shard"])
            for name, text in _SHARD_GAUGES.items()
        }
        samples = CounterMetricFamily(
            "watchkeeper_shard_samples", "samples the shard has applied", labels=["shard"]
        )
        trouble = GaugeMetricFamily(
            "watchkeeper_shard_trouble", "what is wrong with the shard's files", labels=["shard"]
        )
        noted = CounterMetricFamily(
            "watchkeeper_shard_noted",
            "samples kept that taught nothing, by reason",
            labels=["shard", "reason"],
        )
        for shard in self._status():
            for name, family in families.items():
                family.add_metric([str(shard.shard)], float(getattr(shard, name)))
            samples.add_metric([str(shard.shard)], float(shard.samples))
            trouble.add_metric([str(shard.shard)], float(len(shard.trouble)))
            for reason in _NOTED:
                noted.add_metric([str(shard.shard), reason], float(getattr(shard, reason)))
        yield from families.values()
        yield from (samples, noted, trouble)

    def describe(self) -> Iterable[Metric]:
        return []


class _LimitCollector:
    def __init__(self, book: LimitBook) -> None:
        self._book = book

    def collect(self) -> Iterable[Metric]:
        value = GaugeMetricFamily("watchkeeper_limit", "value of a limit", labels=["limit"])
        used = GaugeMetricFamily("watchkeeper_limit_used", "current use of a limit", labels=["limit"])
        hits = CounterMetricFamily("watchkeeper_limit_hits", "refusals by a limit", labels=["limit"])
        for limit in self._book.read():
            value.add_metric([limit.name], float(limit.value))
            hits.add_metric([limit.name], float(limit.hits))
            if limit.used is not None:
                used.add_metric([limit.name], float(limit.used))
        yield from (value, used, hits)

    def describe(self) -> Iterable[Metric]:
        return []
