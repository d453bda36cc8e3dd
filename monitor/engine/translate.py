"""From a shard's numbers to words: anomaly changes as events, family and class codes as names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from learners.base import Family, Tail
from learners.score import score
from monitor.domain.anomaly import Anomaly, AnomalyEvent, AnomalyKind, Change
from monitor.domain.declared import Declared
from monitor.domain.records import TOLD, Control, Kind, Record
from monitor.domain.series import Identity
from monitor.domain.teams import Teams
from monitor.engine.base import Told
from monitor.engine.long_ago import heard_ms
from monitor.intake.index import SeriesIndex
from monitor.shard.results import Applied
from monitor.shard.state import BACKFILLED

KINDS: Sequence[AnomalyKind] = (
    AnomalyKind.SPIKE,
    AnomalyKind.DIP,
    AnomalyKind.LEVEL_SHIFT,
    AnomalyKind.FLAT_LINE,
    AnomalyKind.NO_DATA,
    AnomalyKind.ENDED,
    AnomalyKind.ABSORBED_DRIFT,
)
CHANGES: Sequence[Change] = (Change.OPENED, Change.UPDATED, Change.CLOSED)


def family_name(code: int) -> str:
    return Family(code).name.lower()


def tail_name(code: int) -> str:
    return Tail(code).name.lower()


def events_of(
    shard: int,
    position: int,
    applied: Applied,
    index: SeriesIndex,
    teams: Teams,
    declared: Declared,
    arrival_ms: int,
    flags: NDArray[np.uint8],
) -> list[AnomalyEvent]:
    """The anomaly changes of one record as domain events, numbered in their order. ``arrival_ms``: the newest
    in the log up to there; ``flags``: of the shard's rows (`state`)."""
    events = []
    for sequence, change in enumerate(_ordered(applied.changes)):
        series = Identity.from_canonical(index.canonical(int(change["row"])))
        weight = float(declared.of(series.metric).get("weight", 1.0))
        event = _event(shard, position, sequence, change, series, teams.of(series), weight)
        if flags[int(change["row"])] & BACKFILLED:
            heard = heard_ms(event.at_ms, event.anomaly.cadence_ms, arrival_ms)
            event = replace(event, anomaly=replace(event.anomaly, heard_ms=heard))
        events.append(event)
    return events


def told_of(shard: int, record: Record) -> list[Told]:
    """What a record has to say to whoever keeps incidents. Every shard has it, and one tells; of mutes each
    does, so that they are known before what begins after them in any shard."""
    entry = record.entry
    if isinstance(entry, Control) and entry.kind in TOLD and (shard == 0 or entry.kind == Kind.MUTE):
        return [Told(record.position, int(entry.kind), entry.body)]
    return []


def _ordered(changes: NDArray[np.void]) -> Iterator[np.void]:
    yield from changes


def _event(
    shard: int,
    position: int,
    sequence: int,
    change: np.void,
    series: Identity,
    team: str,
    weight: float,
) -> AnomalyEvent:
    kind = KINDS[int(change["kind"])]
    onset = int(change["onset_ms"])
    end = int(change["end_ms"])
    return AnomalyEvent(
        shard=shard,
        position=position,
        sequence=sequence,
        change=CHANGES[int(change["change"])],
        at_ms=int(change["at_ms"]),
        anomaly=Anomaly(
            id=Anomaly.id_of(series.fingerprint(), onset, kind),
            series=series,
            kind=kind,
            direction=int(change["direction"]),
            onset_ms=onset,
            peak_ms=int(change["peak_ms"]),
            last_ms=int(change["last_ms"]),
            end_ms=end if end >= 0 else None,
            score=float(score(float(change["level"]))),
            value=float(change["value"]),
            expected=float(change["expected"]),
            lower=float(change["lower"]),
            upper=float(change["upper"]),
            buckets=int(change["buckets"]),
            cadence_ms=int(change["cadence"]),
            team=team,
            weight=weight,
        ),
    )
