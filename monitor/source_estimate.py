"""What a source would cost and tell, from its own past: read, scored offline, and nothing of it kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectors.base import SAMPLES_MAX
from collectors.files import chunks, merged_in_time
from collectors.pulled import Follower
from monitor.assembly import BYTES_PER_SERIES
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.batch import SampleBatch
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.records import Tick
from monitor.polled import Polled
from monitor.settings import Settings
from monitor.shadow import Shadow

SAMPLES_READ_MAX = 5_000_000
"""More are not read; the estimate is then of a shorter time."""
_DAYS_MIN = 23 / 24
"""The first sample of a day that was asked for seldom lies at its very beginning."""
TOGETHER_MS = HOUR_MS
"""Anomalies less apart than this are counted as one alert, as the grouping on one machine mostly has it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``days``: of the past that was read, 0 where the source has none; ``cpu_share``: of one core, scoring
    and learning; ``alerts_per_week``: None where there is less than a day to tell from, to the hour."""

    series: int
    samples: int
    days: float
    samples_per_day: float
    memory_bytes: int
    cpu_share: float | None
    anomalies: int
    alerts_per_week: float | None


def estimate(polled: Polled, settings: Settings, days: float, now_ms: int) -> Estimate:
    """Of the newest ``days`` of a source that remembers, of all that a follower has, and of one reading of
    any other, which says how many series, and not what they would tell. Raises SourceFailed. Kernels should
    be warm, or their compiling is counted."""
    series: set[int] = set()
    samples, first_ms, last_ms, cpu_s = 0, now_ms, 0, 0.0
    with Shadow(settings.default_timezone, settings.limits) as shadow:
        for batch in _past(polled, days, now_ms):
            if not len(batch):
                continue
            series.update(batch.identities)
            samples += len(batch)
            first_ms, last_ms = min(first_ms, int(batch.ts_ms.min())), max(last_ms, int(batch.ts_ms.max()))
            began_s = time.process_time()
            for piece in chunks(batch, merged_in_time(batch), SAMPLES_MAX):
                shadow.feed(piece, now_ms)
            shadow.settle()
            cpu_s += time.process_time() - began_s
            if samples >= SAMPLES_READ_MAX:
                break
        began_s = time.process_time()
        if samples:
            shadow.tell(Tick(last_ms, complete=True))
            shadow.settle()
        cpu_s += time.process_time() - began_s
    span = (last_ms - first_ms) / DAY_MS if samples and _has_past(polled) else 0.0
    a_day = samples / span if span else samples * DAY_MS / polled.every_ms
    found = [one for one in shadow.anomalies.values() if one.kind is not AnomalyKind.ENDED]
    return Estimate(
        series=len(series),
        samples=samples,
        days=span,
        samples_per_day=a_day,
        memory_bytes=len(series) * BYTES_PER_SERIES,
        cpu_share=cpu_s / samples * a_day / (DAY_MS / 1_000) if span else None,
        anomalies=len(found),
        alerts_per_week=together(found) / span * 7 if span >= _DAYS_MIN else None,
    )


def together(anomalies: Iterable[Anomaly]) -> int:
    """How many groups of anomalies there are that lie less than an hour apart."""
    groups, until_ms = 0, -TOGETHER_MS - 1
    for begin_ms, end_ms in sorted((one.begin_ms, one.last_ms) for one in anomalies):
        if begin_ms > until_ms + TOGETHER_MS:
            groups += 1
        until_ms = max(until_ms, end_ms)
    return groups


def _has_past(polled: Polled) -> bool:
    return isinstance(polled.source, Follower) or polled.source.remembers


def _past(polled: Polled, days: float, now_ms: int) -> Iterator[SampleBatch]:
    source = polled.source
    if isinstance(source, Follower):
        while (found := source.next()) is not None:
            yield found.batch
            source.taken()
        return
    step = source.step_ms
    until_ms = (now_ms - polled.delay_ms) // step * step
    if not source.remembers:
        yield source.read(until_ms - polled.every_ms, until_ms).batch
        return
    at = until_ms - max(int(days * DAY_MS) // step, 1) * step
    while at < until_ms:
        end = min(at + max(polled.chunk_ms // step, 1) * step, until_ms)
        yield source.read(at, end).batch
        at = end
