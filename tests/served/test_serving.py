"""The log of served models: what was acknowledged survives, and a second life tells the same samples."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.domain.batch import Mode
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.errors import IntakeUnavailable, Overloaded
from monitor.serving import Serving
from tests.served.hooked import Samples, a_world, feed, serving, told
from tests.served.world import START_MS, records

END_MS = START_MS + 30 * DAY_MS


def finished(folder: Path, one: Serving, now: list[int]) -> Samples:
    one.settle(120)  # a cold start compiles first, and of what is not applied a tick knows nothing
    now[0] = END_MS
    one.tick()
    one.settle(30)
    one.stop()
    return told(folder)


def uninterrupted(folder: Path, seed: int) -> Samples:
    folder.mkdir()
    now = [0]
    one = serving(folder, lambda: now[0])
    one.start()
    feed(one, records(a_world(seed)), now)
    return finished(folder, one, now)


def once(samples: Samples) -> dict[tuple[str, int], tuple[float, str]]:
    """What may be told again after a death is the same then."""
    assert all(len(set(values)) == 1 for values in samples.values())
    return {key: values[0] for key, values in samples.items()}


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    twin = uninterrupted(tmp_path / "twin", seed)
    folder = tmp_path / "killed"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.served.hooked", str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = -1
        while acknowledged < 15 * seed:
            acknowledged = int(child.stdout.readline())
        child.kill()
        rest = child.stdout.read().split()
    acknowledged = max([acknowledged, *(int(line) for line in rest if line.isdigit())])
    now = [0]
    one = serving(folder, lambda: now[0])
    one.start()
    # The next record may be on disk too, unacknowledged: it is sent again, as a sender would.
    feed(one, records(a_world(seed)), now, first=max(acknowledged - 1, 0))
    again = finished(folder, one, now)
    assert once(again) == once(twin)


def test_checkpoints_and_restarts_change_nothing(tmp_path: Path) -> None:
    twin = uninterrupted(tmp_path / "twin", 3)
    folder = tmp_path / "often"
    folder.mkdir()
    now = [0]
    arriving = records(a_world(3))
    for first in range(0, len(arriving), 15):
        one = serving(folder, lambda: now[0])
        one.start()
        feed(one, arriving[: first + 15], now, first=first)
        one.checkpoint()
        one.stop()
    one = serving(folder, lambda: now[0])
    one.start()
    found = finished(folder, one, now)
    assert once(found) == once(twin)
    assert all(len(values) == 1 for values in found.values())
    files = [path.name for path in (folder / "served").iterdir()]
    assert sum(name.startswith("checkpoint") for name in files) == 2
    assert sum(name.startswith("pending") for name in files) <= 4


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    twin = uninterrupted(tmp_path / "twin", 4)
    folder = tmp_path / "damaged"
    folder.mkdir()
    now = [0]
    arriving = records(a_world(4))
    one = serving(folder, lambda: now[0])
    one.start()
    feed(one, arriving[:20], now)
    one.settle(30)
    one.checkpoint()
    feed(one, arriving[:40], now, first=20)
    one.stop()
    newest = max((folder / "served").glob("checkpoint-*"))
    newest.write_bytes(newest.read_bytes()[:-9])
    one = serving(folder, lambda: now[0])
    one.start()
    feed(one, arriving, now, first=40)
    assert once(finished(folder, one, now)) == once(twin)


def test_samples_wait_for_an_intake_that_is_busy(tmp_path: Path) -> None:
    twin = uninterrupted(tmp_path / "twin", 5)
    folder = tmp_path / "busy"
    folder.mkdir()
    now = [0]
    one = serving(folder, lambda: now[0], [Overloaded("busy"), IntakeUnavailable("gone")])
    one.start()
    feed(one, records(a_world(5)), now)
    assert once(finished(folder, one, now)) == once(twin)


def test_a_stop_while_samples_wait_tells_them_the_next_time(tmp_path: Path) -> None:
    twin = uninterrupted(tmp_path / "twin", 6)
    folder = tmp_path / "stopped"
    folder.mkdir()
    now = [0]
    refusing: list[Exception] = [IntakeUnavailable("gone")] * 1_000
    one = serving(folder, lambda: now[0], refusing)
    one.start()
    arriving = records(a_world(6))
    feed(one, arriving, now)
    time.sleep(0.2)
    one.stop()
    assert not told(folder)
    one = serving(folder, lambda: now[0])
    one.start()
    assert once(finished(folder, one, now)) == once(twin)


def test_nothing_is_taken_before_the_start_nor_after_the_end(tmp_path: Path) -> None:
    one = serving(tmp_path, lambda: START_MS + HOUR_MS)
    batch = records(a_world(1))[0][2]
    with pytest.raises(IntakeUnavailable):
        one.predictions(batch, Mode.LIVE)
    one.start()
    assert one.predictions(batch, Mode.LIVE).result(10).accepted == batch.num_rows
    one.stop()
    with pytest.raises(IntakeUnavailable):
        one.predictions(batch, Mode.LIVE)
