"""One request over several shards: who gets which samples, and when the whole is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import SampleBatch
from monitor.domain.errors import UnknownSeries
from monitor.domain.series import shard_of
from monitor.engine.base import Accepted


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One shard's share of a batch, in the batch's order."""

    shard: int
    fingerprint: NDArray[np.uint64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64] | None
    identities: dict[int, bytes]


def split(batch: SampleBatch, shards: int) -> list[Part]:
    """The shares of the shards that the batch touches; at least one, so that an empty batch is answered."""
    if shards == 1:
        whole = Part(0, batch.fingerprint, batch.ts_ms, batch.value, batch.n, dict(batch.identities))
        return [whole]
    owner = (batch.fingerprint >> np.uint64(40)) % np.uint64(shards)
    named: list[dict[int, bytes]] = [{} for _ in range(shards)]
    for fingerprint, canonical in batch.identities.items():
        named[shard_of(fingerprint, shards)][fingerprint] = canonical
    parts = []
    for shard in range(shards):
        at = np.flatnonzero(owner == shard)
        if len(at):
            n = batch.n[at] if batch.n is not None else None
            parts.append(
                Part(shard, batch.fingerprint[at], batch.ts_ms[at], batch.value[at], n, named[shard])
            )
    return parts or [Part(0, batch.fingerprint, batch.ts_ms, batch.value, batch.n, {})]


def all_accepted(futures: Sequence[Future[Accepted]]) -> Future[Accepted]:
    """The sum of all shards' answers, or the first error once every shard has answered.

    A shard that already holds its share answers "repeated" when the others' share is sent again, so a
    retry after a partial failure is safe.
    """

    def add(answers: list[Accepted]) -> Accepted:
        rejected: Counter[str] = Counter()
        for answer in answers:
            rejected.update(answer.rejected)
        return Accepted(
            accepted=sum(a.accepted for a in answers),
            rejected=dict(rejected),
            repeated=all(a.repeated for a in answers),
        )

    return _gathered(futures, add)


def all_done(futures: Sequence[Future[Any]]) -> Future[None]:
    return _gathered(futures, lambda _: None)


def _gathered(futures: Sequence[Future[Any]], total: Any) -> Future[Any]:
    whole: Future[Any] = Future()
    left = len(futures)
    lock = Lock()

    def one_done(_: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left:
                return
        errors = [error for f in futures if (error := f.exception()) is not None]
        if errors:
            unknown = [e for e in errors if isinstance(e, UnknownSeries)]
            whole.set_exception(next((e for e in errors if e not in unknown), errors[0]))
        else:
            whole.set_result(total([f.result() for f in futures]))

    for future in futures:
        future.add_done_callback(one_done)
    return whole
