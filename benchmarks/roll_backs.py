"""How often champions are switched, and switches rolled back, on labelled public streams, development half.

Every stream goes through a shard by itself, learning passes included, without labels: who is on probation is
judged by anomalies and values outside the band. Counted from when a series is settled.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.drive import Drive
from benchmarks.figure import Figure
from benchmarks.real import FILES, Labelled, folder, labelled, start
from monitor.domain.durations import DAY_MS
from monitor.domain.switch import Cause, Switch
from monitor.shard.probation import SETTLED

TITLE = "Switches of champions and roll-backs on public streams, development half"


def run(toy: bool) -> list[Figure]:
    there = [name for name in FILES if (folder() / f"{name}.parquet").exists()]
    told = [Figure("files found", len(there), f"of {len(FILES)}")]
    for name in there[:1] if toy else there:
        many = labelled(name, held_back=False)
        told += _figures(name, [start(one) for one in many[:1]] if toy else many)
    return told


def _figures(name: str, many: Sequence[Labelled]) -> list[Figure]:
    found = [switch for one in many for switch in _switches(one)]
    rolled = sum(one.cause is Cause.ROLLED_BACK for one in found)
    made = sum(one.cause is Cause.LEARNED for one in found)
    weeks = sum(len(one.series.value) * one.series.cadence_ms for one in many) / (7 * DAY_MS)
    return [
        Figure(f"{name}: switches", made / weeks, "a series and week", note=f"{made}, {len(many)} streams"),
        Figure(f"{name}: rolled back", 100.0 * rolled / max(made, 1), "% of switches", note=f"{rolled}"),
    ]


def _switches(one: Labelled) -> list[Switch]:
    """Changes of champion in a settled series."""
    value, cadence_ms = one.series.value[None, :], one.series.cadence_ms
    drive = Drive(1, value.shape[1], cadence_ms)
    day = max(DAY_MS // cadence_ms, 1)
    for at in range(0, value.shape[1], day):
        drive.send(at, value[:, at : at + day])
    return [
        switch
        for switch in drive.end().switches
        if switch.before is not None
        and switch.buckets > SETTLED
        and switch.before.champion != switch.after.champion
    ]
