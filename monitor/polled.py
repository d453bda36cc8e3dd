"""A source and how it is to be asked, and the ways that what it has beside samples takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from collectors.pulled import Follower, Source, Tells
from monitor.domain.anomaly import Anomaly
from monitor.domain.event import ChangeEvent
from monitor.domain.source import PART_TAG


@dataclass(frozen=True, slots=True)
class Polled:
    """A source and how it is to be asked. ``delay_ms``: a bucket is read so long after its end;
    ``reread_ms``: so far back it is read again for rows that came late; ``backfill_ms``: so far back the
    first reading begins; ``chunk_ms``: the longest span of one reading; ``timeout_ms``: after twice which it
    hangs. ``parts``: what it is made of, such as targets, and why each failed, empty where it did not;
    ``part_tag``: the tag by which its samples say of which part they are;
    ``counters``: metrics that only rise by its own word; ``tells``: of changes, after each reading, and
    hears of anomalies. ``declared``: as it was declared; what is declared
    alike is the same source."""

    name: str
    kind: str
    source: Source | Follower
    every_ms: int
    timeout_ms: int
    delay_ms: int = 0
    reread_ms: int = 0
    backfill_ms: int = 0
    chunk_ms: int = 0
    parts: Callable[[], Mapping[str, str]] | None = None
    part_tag: str = PART_TAG
    counters: Callable[[], Collection[str]] | None = None
    tells: Tells | None = None
    declared: object = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Where goes what a source has beside samples. ``counters``: metrics that only rise, before their first
    samples; ``refused``: how many samples were not kept, by reason; ``change``: in the log when it returns.
    ``anomalies``: of the time since then, for a source that wants them."""

    counters: Callable[[Collection[str]], None] = lambda _: None
    refused: Callable[[Mapping[str, int]], None] = lambda _: None
    change: Callable[[ChangeEvent], None] = lambda _: None
    anomalies: Callable[[int], Sequence[Anomaly]] = lambda _: ()


NOWHERE = Ways()
