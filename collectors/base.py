"""What a collector hands over: a batch of samples, and what it had to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from monitor.domain.batch import Mode, Reject, SampleBatch

SAMPLES_MAX = 50_000
"""Samples in one request (RELIABILITY.md section 5)."""

TS_MS_MAX = 41_024_448_000_000
"""Event times lie in [0, this]: a later one is a unit mistaken (microseconds sent as milliseconds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One body as columns. ``rejects`` by reason, places are sample indexes (from 0) or line numbers
    (of formats that have lines; from 1); ``mode`` if the body names one. ``aside``: how many samples by
    reason said by themselves that there is no number, such as a stale marker; they are no fault."""

    batch: SampleBatch
    rejects: tuple[Reject, ...] = ()
    mode: Mode | None = None
    aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(reject.count for reject in self.rejects)


class Decoder(Protocol):
    """A body of one content type to columns.

    ``batch.identities`` holds the identities that this decoder's memory (`collectors.keys.WireKeys`)
    met first. When the engine answers ``UnknownSeries`` (an earlier batch with the identity was never
    acknowledged, the series was deleted), decode the same body once more with ``all_identities``:
    then the identity of every series in the body comes along. Raises BadRequest if the body as a
    whole cannot be read.
    """

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded: ...
