"""Law of the log: labels, acts, declarations, mutes, passes, undos and roll-backs are part of it. So it
brings back the same state, anomalies and incidents, from its beginning and from every checkpoint."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.domain.errors import Refused, Unfit
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import Incident
from monitor.domain.labels import Said
from monitor.domain.meta import EVERY_MS
from monitor.domain.mute import Mute, Selector
from monitor.service import Monitor
from tests.meta.living import START_MS, Living, named

NAMES = [*named(8), *named(6, "orders")]
SHARDS = 2
DAY = 288
BEFORE, STEPS = 1_000, 2_000
PARTS = 60
SHARDS_OF_LOG = [f"shard-{shard}" for shard in range(SHARDS)]


def world(seed: int) -> NDArray[np.float64]:
    """Steps by series: days, walks and noise, with faults of one, faults of several, and new levels."""
    rng = np.random.default_rng([seed, 1])
    step = np.arange(STEPS)[:, None]
    value = 50.0 + rng.standard_normal((STEPS, len(NAMES)))
    value[:, :5] += 20.0 * np.sin(2 * np.pi * step / DAY)
    value[:, 5:8] += 0.3 * np.cumsum(rng.standard_normal((STEPS, 3)), axis=0)
    value[STEPS // 2 :, 8:10] *= 1.3
    for _ in range(60):
        hit = rng.random(len(NAMES)) < rng.choice([0.1, 0.5])
        first = int(rng.integers(300, STEPS))
        value[first : first + int(rng.integers(1, 12)), hit] += rng.choice([-1.0, 1.0]) * rng.uniform(10, 40)
    value[int(rng.integers(BEFORE, STEPS)) :, 11:13] += 25.0
    return value


@dataclass
class Drive:
    """A system, and somebody at random beside it. ``done``: how often each deed was."""

    folder: Path
    rng: np.random.Generator
    values: NDArray[np.float64]
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.system = self._started(0)

    def _started(self, step: int) -> Living:
        system = Living(self.folder, NAMES, lambda at: self.values[at], SHARDS)
        system.step, system.now_ms = step, START_MS + step * EVERY_MS
        system.monitor.start()
        return system

    @property
    def monitor(self) -> Monitor:
        return self.system.monitor

    def restart(self) -> None:
        self.monitor.stop()
        self.system = self._started(self.system.step)

    def some(self, of: Any) -> Any:
        return of[int(self.rng.integers(len(of)))]

    def deed(self) -> None:
        deeds: list[Callable[[], bool]] = [self.label, self.label, self.label, self.take_back, self.declare]
        deeds += [self.change, self.mute, self.undo, self.roll_back, self.reopen, self.freeze, self.answer]
        chosen = self.some(deeds)
        try:
            if chosen():
                self.done[chosen.__name__] += 1
        except (Refused, Unfit):
            self.done["refused"] += 1
        self.monitor.settle(60)

    def label(self) -> bool:
        labelling, said = self.monitor.labelling, self.some(list(Said))
        anomalies = self.monitor.recounting.anomalies(limit=1_000).items
        incidents = self.monitor.recounting.incidents(limit=1_000).items
        user = f"user:{self.rng.integers(3)}"
        if not anomalies or not incidents:
            return False
        one = self.some(anomalies).anomaly
        series_id = f"{one.series.fingerprint():016x}"
        at_ms = self.system.now_ms - int(self.rng.integers(40, 200)) * EVERY_MS
        target = (
            lambda: labelling.anomaly(one.id),
            lambda: labelling.whole(self.some(incidents).id),
            lambda: labelling.span(series_id, at_ms, at_ms + 6 * EVERY_MS),
        )[int(self.rng.integers(3))]()
        labelling.set(target, said, user)
        return True

    def take_back(self) -> bool:
        held = [one.label for one in self.monitor.labelling.list().items if one.label.undone_by is None]
        if held:
            self.monitor.labelling.undo(self.some(held), "user:9")
        return bool(held)

    def declare(self) -> bool:
        wanted = self.some([{"polarity": "up"}, {"polarity": "both"}, {"threshold": "conformal"}])
        self.monitor.declaring.metric(self.some(["load", "orders", "or*"]), wanted)
        return True

    def change(self) -> bool:
        version = str(self.rng.integers(9))
        self.monitor.relating.change(ChangeEvent(self.system.now_ms, "deployment", f"version {version}"))
        return True

    def mute(self) -> bool:
        now_ms = self.system.now_ms
        host = f"h{self.rng.integers(8):03}"
        until_ms = now_ms + int(self.rng.integers(20, 90)) * EVERY_MS
        selector = Selector(tags=(("host", host),))
        id = f"{self.rng.integers(2**62):032x}"
        what: dict[str, Any] = {self.some(["notices", "incidents", "learning"]): True}
        mute = Mute(id, selector, now_ms, until_ms, "user:ann", "moved", created_ms=now_ms)
        self.monitor.muting.add(self.monitor.muting.check(replace(mute, **what)))
        return True

    def undo(self) -> bool:
        ids = [one["id"] for one in self.monitor.reading.series(limit=1_000).items]
        able = [id for id in ids if any(entry["undoable"] for entry in self.monitor.reading.journal(id))]
        if able:
            self.monitor.reading.undo(self.some(able))
        return bool(able)

    def roll_back(self) -> bool:
        since_ms = self.system.now_ms - int(self.rng.integers(0, 400)) * EVERY_MS
        return bool(self.monitor.overseeing.roll_back(since_ms))

    def reopen(self) -> bool:
        pinned = [one["id"] for one in self.monitor.reading.series(limit=1_000).items if one["pinned"]]
        for id in pinned:
            self.monitor.reading.open_contest(id)
        return bool(pinned)

    def freeze(self) -> bool:
        overseeing = self.monitor.overseeing
        if overseeing.freeze.reason:
            overseeing.unfreeze()
        else:
            overseeing.freeze_by("user:ann", "looks at it")
        return True

    def answer(self) -> bool:
        """Acknowledge an incident, or put two together."""
        found = [
            one.id for one in self.monitor.recounting.incidents(limit=1_000).items if one.merged_into is None
        ]
        if len(found) < 2:
            return False
        if self.rng.random() < 0.5:
            self.monitor.responding.acknowledge(self.some(found), "user:ann")
        else:
            one, other = self.rng.choice(len(found), 2, replace=False).tolist()
            self.monitor.responding.merge(found[one], found[other], "user:ann")
        return True


def incident(one: Incident) -> dict[str, Any]:
    """Without what tells of its way: a replay may take in one step what took several."""
    return {key: value for key, value in asdict(one).items() if key not in ("contributors", "sequence")}


def seen(monitor: Monitor) -> dict[str, Any]:
    """All that must be the same."""
    monitor.settle(120)
    anomalies = monitor.recounting.anomalies(limit=1_000).items
    incidents = monitor.recounting.incidents(limit=1_000).items
    ids = [one["id"] for one in monitor.reading.series(limit=1_000).items]
    return {
        "state": [monitor.shards.ask(shard, "digest") for shard in range(SHARDS)],
        "anomalies": sorted((asdict(one) for one in anomalies), key=lambda one: str(one["anomaly"]["id"])),
        "incidents": sorted((incident(one) for one in incidents), key=lambda one: str(one["id"])),
        "labels": [asdict(one) for one in monitor.labelling.list(limit=1_000).items],
        "journals": {id: monitor.reading.journal(id) for id in ids},
        "mutes": sorted(str(one) for one in monitor.muting.mutes(past=True)),
    }


def with_logs(of: Path, folder: Path) -> Path:
    """A folder, new or as it was at a checkpoint, and in it the logs of the end."""
    for shard in SHARDS_OF_LOG:
        shutil.rmtree(folder / shard / "log", ignore_errors=True)
        shutil.copytree(of / shard / "log", folder / shard / "log")
    return folder


def law(tmp_path: Path, seed: int) -> Counter[str]:
    rng = np.random.default_rng([seed, 2])
    drive = Drive(tmp_path / "live", rng, world(seed))
    kept: list[Path] = []
    try:
        drive.system.past(BEFORE)
        pauses = rng.choice(PARTS, 3, replace=False).tolist()
        for part in range(PARTS):
            drive.system.past((STEPS - BEFORE) // PARTS)
            drive.deed()
            if part in pauses:
                drive.monitor.checkpoint()
                kept.append(tmp_path / f"kept-{part}")
                shutil.copytree(drive.folder, kept[-1])
            if part == pauses[0]:
                drive.restart()
        told, end_ms = seen(drive.monitor), drive.system.now_ms
        end = tmp_path / "end"
        shutil.copytree(drive.folder, end)  # as killed
    finally:
        drive.monitor.stop()
    assert told["anomalies"]
    assert told["incidents"]
    for folder in (tmp_path / "log", *kept):
        again = Living(with_logs(end, folder), NAMES, lambda at: drive.values[at], SHARDS)
        again.now_ms = end_ms
        again.monitor.start()
        try:
            assert seen(again.monitor) == told
        finally:
            again.monitor.stop()
    return drive.done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_the_log_brings_back_all_that_people_and_passes_did(tmp_path: Path, seed: int) -> None:
    done = law(tmp_path, seed)
    assert {"label", "take_back", "declare", "change", "mute", "undo", "freeze", "answer"} <= set(done), done
    assert done["roll_back"] + done["reopen"], done
