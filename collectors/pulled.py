"""What a source that is asked looks like to whoever asks it: a span of time in, a batch of samples out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from collectors.base import Decoded
from collectors.errors import Fault, Tally
from collectors.names import canonical
from monitor.domain.anomaly import Anomaly
from monitor.domain.batch import Reason, SampleBatch
from monitor.domain.errors import WatchkeeperError
from monitor.domain.event import ChangeEvent
from monitor.domain.series import fingerprint

Pairs = Iterable[tuple[str, str]]
Row = tuple[str, Pairs, int, float | None, float]
"""Metric, tags, time in ms, value (None: there is none) and n (NaN: there is none)."""

ReadSecret = Callable[[str], str]
"""A secret by its reference, as ``env:NAME`` or ``file:NAME``."""


class SourceFailed(WatchkeeperError):
    """A source did not answer as it should; the words hold no secret."""

    retry = True


class Source(Protocol):
    """Blocking, used by one thread at a time, and always done within its own timeout.

    ``remembers``: it can be asked for the past, so what was missed is read later; else ``from_ms`` means
    nothing, and what is read is of now. A span of a source that remembers begins and ends on ``step_ms``.
    """

    @property
    def remembers(self) -> bool: ...

    @property
    def step_ms(self) -> int: ...

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """Samples of [from_ms, until_ms), every identity with them. Raises SourceFailed."""

    def close(self) -> None: ...


class Follower(ABC):
    """A source that keeps its own place, as in a file that grows. Blocking, used by one thread at a time."""

    @abstractmethod
    def next(self) -> Decoded | None:
        """What follows what was taken; None: nothing for now. Raises SourceFailed."""

    @abstractmethod
    def taken(self) -> None:
        """What `next` gave last is on disk: go on behind it, also after a restart."""

    @abstractmethod
    def close(self) -> None: ...


class Tells(Protocol):
    """A source that also knows of changes, and may want to hear what was found. Raises SourceFailed."""

    def noticed(self, now_ms: int) -> Sequence[ChangeEvent]:
        """Changes since those that were `told`."""

    def told(self) -> None:
        """What `noticed` gave last is in the log."""

    @property
    def wants_verdicts(self) -> bool: ...

    def judge(self, anomalies: Sequence[Anomaly]) -> None:
        """Write back what was found."""


def tag_text(cell: object) -> str:
    """A database's cell as the value of a tag: true and false as JSON has them.

    >>> tag_text(True), tag_text(3)
    ('true', '3')
    """
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def decoded(rows: Iterable[Row]) -> Decoded:
    """Rows as columns; some 3 µs a row. A row that no sample can be made of is told by its place.

    >>> found = decoded([("orders", [("country", "NL")], 60_000, 3.0, float("nan")), ("", [], 0, 1.0, 1.0)])
    >>> len(found.batch), found.rejected, found.batch.value.tolist()
    (1, 1, [3.0])
    """
    tally, identities = Tally(), dict[int, bytes]()
    known: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    columns: tuple[list[float], ...] = ([], [], [])
    prints: list[int] = []
    for place, (metric, tags, ts_ms, value, n) in enumerate(rows):
        pairs = tuple(tags)
        try:
            if value is None:
                raise Fault(Reason.MISSING_VALUE, metric)
            if not np.isfinite(value):
                raise Fault(Reason.NOT_FINITE, value)
            number = known.get((metric, pairs))
            if number is None:
                text = canonical(metric, pairs)
                number = known[metric, pairs] = fingerprint(text)
                identities[number] = text
        except Fault as fault:
            tally.add(fault.reason, place, fault.detail)
            continue
        prints.append(number)
        for column, cell in zip(columns, (ts_ms, value, n), strict=True):
            column.append(cell)
    batch = SampleBatch(
        np.array(prints, np.uint64),
        np.array(columns[0], np.int64),
        np.array(columns[1], np.float64),
        np.array(columns[2], np.float64),
        identities,
    )
    return Decoded(batch, tally.rejects())


def joined(read: Sequence[Decoded], tally: Tally | None = None) -> Decoded:
    """Several as one, in their order; ``tally``: of what was refused beside them."""
    tally, identities, aside = tally or Tally(), dict[int, bytes](), Counter[str]()
    for one in read:
        identities.update(one.batch.identities)
        aside.update(one.aside)
        for reject in one.rejects:
            tally.add_many(Reason(reject.reason), list(reject.examples), reject.count)
    batches = [one.batch for one in read]
    some_n = any(one.n is not None for one in batches)
    n = [np.full(len(one), np.nan) if one.n is None else one.n for one in batches]
    batch = SampleBatch(
        np.concatenate([np.zeros(0, np.uint64), *(one.fingerprint for one in batches)]),
        np.concatenate([np.zeros(0, np.int64), *(one.ts_ms for one in batches)]),
        np.concatenate([np.zeros(0), *(one.value for one in batches)]),
        np.concatenate([np.zeros(0), *n]) if some_n else None,
        identities,
    )
    return Decoded(batch, tally.rejects(), aside=dict(aside))
