"""A verdict of the past, made again: from a checkpoint of before, by the log after it, through the same code.

Reads only: a server may run on the same folder meanwhile. It begins at the oldest checkpoint that is kept, or
with the log's first record where the log still has all of them, so what is older than that cannot be made
again. What learning passes decided is in the log, and history is not needed. About a second a million
samples.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from learners.classify import CLASSES
from monitor.domain.errors import NotFound
from monitor.domain.observation import COLUMNS, Observations
from monitor.domain.records import Record
from monitor.domain.series import Identity, shard_of
from monitor.engine.parts import Parts
from monitor.engine.recovery import parts_from
from monitor.engine.settings import HostSettings
from monitor.history.history import History
from monitor.history.journal import Journal
from monitor.history.listing import Listing
from monitor.history.manifest import Loaded, oldest_whole
from monitor.intake.codec import decode
from monitor.intake.log import Log
from monitor.intake.recovery import records_of, segments_of

_ANOMALY_PARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """``verdict``: the observation by column; ``position``: of the record that made its bucket final;
    ``since``: of the checkpoint that it was made from, 0 for the log's beginning. ``before``: columns of the
    series' buckets from there to the verdict's own, ``cadence_ms`` apart; ``declared`` and ``metric_class``
    as they were then."""

    series: Identity
    verdict: dict[str, Any]
    position: int
    since: int
    cadence_ms: int
    before: dict[str, NDArray[Any]]
    declared: dict[str, Any]
    metric_class: str


def decision_of(text: str) -> tuple[int, int]:
    """Fingerprint and time of a decision: an anomaly's id, whose onset is meant, or SERIES_ID@EPOCH_MS.
    Raises NotFound.

    >>> decision_of("00000000000000ff-18c-a"), decision_of("00000000000000ff@396")
    ((255, 396), (255, 396))
    """
    series, mark, time = text.partition("@")
    parts = text.split("-")
    try:
        if mark:
            return int(series, 16), int(time)
        if len(parts) == _ANOMALY_PARTS:
            return int(parts[0], 16), int(parts[1], 16)
    except ValueError:
        pass
    raise NotFound(f"no decision {text[:128]!r}: an anomaly's id, or SERIES_ID@EPOCH_MS")


def rebuild(folder: Path, fingerprint: int, at_ms: int, default_zone: str = "UTC") -> Rebuilt:
    """The verdict on the bucket of ``at_ms``. Raises NotFound where no such bucket was judged, or where that
    lies further back than checkpoints and log reach."""
    shards = len([one for one in folder.glob("shard-*") if one.is_dir()])
    if not shards:
        raise NotFound(f"{folder}: no data of a server in it")
    directory = folder / f"shard-{shard_of(fingerprint, shards)}"
    loaded = oldest_whole(directory)
    records = _records(directory / "log", 0 if loaded is None else loaded.manifest.position)
    first = _first(directory / "log")
    if first == 1:
        loaded, records = None, _records(directory / "log", 0)
    elif loaded is None:
        raise NotFound(f"{directory}: no whole checkpoint, and the log begins at record {first}")
    with tempfile.TemporaryDirectory(prefix="watchkeeper-replay-") as empty:
        settings = HostSettings(Path(empty), default_zone)
        parts = parts_from(cast(Log, None), settings, Path(empty), _without_history(loaded))
        parts.history, parts.journal = cast(History, _Nowhere()), cast(Journal, _Nowhere())
        return _replayed(parts, records, fingerprint, at_ms)


class _Nowhere:
    """History and journal that keep nothing."""

    def append(self, *told: Any) -> None: ...

    def append_revision(self, *told: Any) -> None: ...

    def delete(self, rows: Any) -> None: ...

    def forget(self, rows: Any) -> None: ...


def _replayed(parts: Parts, records: Iterator[Record], fingerprint: int, at_ms: int) -> Rebuilt:
    since, before = parts.applied, []
    asked = np.array([fingerprint], np.uint64)
    for record in records:
        seen = parts.replay(record).observations
        row = int(parts.index.lookup(asked)[0])
        if row < 0 or not len(seen):
            continue
        own = seen.take(np.flatnonzero(seen.row == row))
        cadence_ms = int(parts.shard.clocks["cadence"][row])
        here = np.flatnonzero((own.ts_ms <= at_ms) & (at_ms < own.ts_ms + cadence_ms))
        if not len(here):
            before.append(own)
            continue
        before.append(own.take(np.arange(int(here[0]) + 1)))
        columns = _columns(Observations.concat(before))
        identity = parts.identity(row)
        return Rebuilt(
            series=identity,
            verdict={name: column[-1].item() for name, column in columns.items()},
            position=record.position,
            since=since,
            cadence_ms=cadence_ms,
            before=columns,
            declared=dict(parts.shard.rules.declared.of(identity.metric)),
            metric_class=CLASSES[int(parts.shard.profiles["metric_class"][row])],
        )
    raise NotFound(f"series {fingerprint:016x} was not judged at {at_ms} by records after {since}")


def _columns(seen: Observations) -> dict[str, NDArray[Any]]:
    return {name: getattr(seen, name) for name in COLUMNS if name != "row"}


def _without_history(loaded: Loaded | None) -> Loaded | None:
    """The same checkpoint for a folder that has no history."""
    if loaded is None:
        return None
    return replace(loaded, manifest=replace(loaded.manifest, history=Listing()), keep=frozenset())


def _first(log: Path) -> int:
    files = segments_of(log) if log.is_dir() else []
    return files[0].first if files else 1


def _records(log: Path, after: int) -> Iterator[Record]:
    """The whole records of a log behind a position, one segment in memory."""
    for file in segments_of(log) if log.is_dir() else []:
        if file.bound is not None and file.bound <= after + 1:
            continue
        data = file.path.read_bytes()
        for frame in records_of(file, data):
            if frame.position > after:
                yield Record(frame.position, decode(frame.kind, frame.payload(data)))
