"""What a shard starts from: the newest valid checkpoint, and the log after it. And how one is written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.catalogue.catalogue import Catalogue
from monitor.domain.anomaly import AnomalyEvent
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.records import Record
from monitor.engine.base import Told
from monitor.engine.parts import Parts
from monitor.engine.settings import HostSettings
from monitor.engine.translate import told_of
from monitor.history.history import History
from monitor.history.journal import Journal
from monitor.history.manifest import Damage, Loaded, newest_valid, retained_position, write_checkpoint
from monitor.history.retention import Retention
from monitor.intake.dedup import Remembered
from monitor.intake.index import SeriesIndex
from monitor.intake.log import Log
from monitor.intake.recovery import Report
from monitor.meta.freeze import Freeze
from monitor.shard.shard import Shard
from monitor.shard.snapshot import restore, snapshot
from monitor.shard.state import LIVE

log = logging.getLogger(__name__)

LET_GO_S = 10.0
_PREFIXES = ("index", "remembered", "shard")


def recover(
    number: int,
    settings: HostSettings,
    on_durable: Callable[[Sequence[Record]], None],
    on_replayed: Callable[[Sequence[AnomalyEvent], Sequence[Told]], None],
    given_up: Callable[[], bool],
) -> Parts:
    """Bring a shard back. Damage costs the records it touched, is logged, and never refuses a start.
    Raises IntakeUnavailable where ``given_up`` says so between two records: nothing on disk changes."""
    directory = settings.directory / f"shard-{number}"
    directory.mkdir(parents=True, exist_ok=True)
    found: list[str] = []

    def report(damage: Damage) -> None:
        found.append(f"checkpoint {damage.generation} is damaged: {damage.reason}")
        log.error("%s", found[-1])

    loaded = newest_valid(directory, report=report)
    intake = _opened(directory / "log", settings, loaded, on_durable, given_up)
    try:
        parts = parts_from(intake, settings, directory, loaded)
        for record in intake.read(parts.applied + 1):
            if given_up():
                raise IntakeUnavailable(f"the recovery of shard {number} was given up")
            applied = parts.replay(record)
            on_replayed(parts.events(number, record.position, applied), told_of(number, record))
        parts.unlogged = _never_named(parts)
        parts.found = [*found, *_lost(intake.report)]
    except BaseException:
        intake.close()
        raise
    return parts


def _never_named(parts: Parts) -> dict[int, bytes]:
    """Rows that the checkpoint's index gave out, but whose record did not reach the disk before the end."""
    common = parts.shard.common[: parts.shard.rows]
    live = set(np.flatnonzero(common["flags"] & LIVE).tolist())
    return {row: parts.index.canonical(row) for row in parts.index if row not in live}


def _opened(
    directory: Path,
    settings: HostSettings,
    loaded: Loaded | None,
    on_durable: Callable[[Sequence[Record]], None],
    given_up: Callable[[], bool],
) -> Log:
    """The log, once the process before us has let go of it: one that was killed may take a moment."""
    until = time.monotonic() + LET_GO_S
    while True:
        try:
            return Log(
                directory,
                segment_bytes=settings.segment_bytes,
                after=loaded.manifest.position if loaded else 0,
                on_durable=on_durable,
            )
        except IntakeUnavailable:
            if time.monotonic() > until or given_up():
                raise
            time.sleep(0.05)


def parts_from(intake: Log, settings: HostSettings, directory: Path, loaded: Loaded | None) -> Parts:
    """The parts of a shard as a checkpoint holds them, none: as a new one has them; history and journal go on
    in ``directory``."""
    history = History(
        directory,
        listed=loaded.manifest.history if loaded else None,
        keep=loaded.keep if loaded else (),
        retention=Retention(days=settings.retention_days),
    )
    catalogue = Catalogue(directory / "names")
    if loaded is None:
        return Parts(
            intake,
            SeriesIndex(),
            Remembered(),
            Shard(settings.default_zone),
            history,
            Journal(directory),
            limits=settings.limits,
            catalogue=catalogue,
        )
    meta = loaded.manifest.meta
    arrays = {prefix: _with_prefix(loaded.arrays, prefix) for prefix in _PREFIXES}
    parts = Parts(
        log=intake,
        index=SeriesIndex.from_state(arrays["index"]),
        remembered=Remembered.from_state(arrays["remembered"]),
        shard=restore(arrays["shard"], meta["shard"]),
        history=history,
        journal=Journal(directory, loaded.manifest.position),
        limits=settings.limits,
        catalogue=catalogue,
    )
    parts.applied = parts.checkpointed = loaded.manifest.position
    parts.clock_ms = int(meta["clock_ms"])
    parts.newest_ms = int(meta["newest_ms"])
    parts.arrival_ms = int(meta["arrival_ms"])
    parts.samples = int(meta["samples"])
    parts.late, parts.duplicate, parts.conflict = (int(count) for count in meta["noted"])
    if "freeze" in meta:  # checkpoints from before there was one have none
        parts.freeze = Freeze.from_body(meta["freeze"])
    for name, rules in meta.get("teams", {}).items():  # checkpoints from before there were teams have none
        parts.declare_team(name, rules)
    return parts


def save(parts: Parts, directory: Path) -> None:
    """Write a checkpoint of the applied state, tidy up history and drop the log that no checkpoint needs.

    The caller holds intake and state still, with everything appended also applied.
    """
    parts.history.retain(parts.newest_ms)
    parts.history.compact(parts.newest_ms)
    listing = parts.history.flush()
    parts.journal.flush()
    arrays, meta = snapshot(parts.shard)
    named: dict[str, NDArray[Any]] = {f"shard.{name}": array for name, array in arrays.items()}
    named |= {f"index.{name}": array for name, array in parts.index.state().items()}
    named |= {f"remembered.{name}": array for name, array in parts.remembered.state().items()}
    write_checkpoint(
        directory,
        position=parts.applied,
        arrays={name: np.ascontiguousarray(array) for name, array in named.items()},
        meta={
            "shard": meta,
            "clock_ms": parts.clock_ms,
            "newest_ms": parts.newest_ms,
            "arrival_ms": parts.arrival_ms,
            "samples": parts.samples,
            "noted": [parts.late, parts.duplicate, parts.conflict],
            "teams": parts.teams.rules,
            "freeze": parts.freeze.to_body(),
        },
        history=listing,
    )
    parts.history.committed(listing)
    parts.checkpointed = parts.applied
    parts.log.drop_before(retained_position(directory) + 1)


def _with_prefix(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    start = prefix + "."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _lost(report: Report) -> list[str]:
    """What the scan of the log found, in a line."""
    if report.clean:
        return []
    positions = sum(last - first + 1 for first, last in report.missing)
    return [
        f"the intake log has {len(report.damage)} damaged ranges and {positions} missing positions: "
        "watchkeeper log verify"
    ]
