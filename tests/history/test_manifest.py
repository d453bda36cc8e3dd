"""A checkpoint is all or nothing, and damage costs a longer replay, never a start."""

from __future__ import annotations

import itertools
import shutil
from io import FileIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.history import manifest as manifest_module
from monitor.history.files import OS_DISK, Disk, DurableFile, OsDisk
from monitor.history.history import History
from monitor.history.manifest import Damage, Loaded, newest_valid, retained_position, write_checkpoint
from tests.history.streams import ALWAYS, observations

RECORD = np.dtype([("level", "<f4"), ("season", "<f4", (3,)), ("at_ms", "<i8")])


def state(position: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    bank = np.zeros(50, RECORD)
    bank["level"], bank["at_ms"] = position, position * 1000
    return bank


def step(directory: Path, history: History, position: int, disk: Disk = OS_DISK) -> None:
    """One record of the log, then a checkpoint that includes it."""
    history.append(observations([1, 2], [position, position], [float(position)] * 2))
    listing = history.flush()
    write_checkpoint(
        directory,
        position=position,
        arrays={"bank": state(position)},
        meta={"p": position},
        history=listing,
        disk=disk,
    )
    history.committed(listing)


def recover(directory: Path) -> tuple[Loaded, History]:
    loaded = newest_valid(directory)
    assert loaded is not None
    position = loaded.manifest.position
    assert loaded.manifest.meta == {"p": position}
    assert loaded.arrays["bank"].dtype == RECORD
    assert loaded.arrays["bank"].tobytes() == state(position).tobytes()
    history = History(directory, listed=loaded.manifest.history, keep=loaded.keep)
    assert history.read(1, *ALWAYS).ts_ms.tolist() == list(range(1, position + 1))
    assert history.damage == ()
    return loaded, history


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A folder with generations 1 to 3 at positions 1 to 3."""
    directory = tmp_path / "shard"
    history = History(directory)
    for position in (1, 2, 3):
        step(directory, history, position)
    history.close()
    return directory


class DyingDisk(OsDisk):
    """Goes dead at the ``last``-th operation; a write then still puts down half."""

    def __init__(self, last: int) -> None:
        self.left = last
        self.unsynced: set[Path] = set()
        self.renamed: set[Path] = set()

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(5, "Input/output error")

    def create(self, path: Path) -> FileIO:
        self._step()
        self.unsynced.add(path)
        return super().create(path)

    def write(self, handle: FileIO, data: memoryview) -> None:
        if self.left == 0:
            super().write(handle, data[: len(data) // 2])
        self._step()
        super().write(handle, data)

    def fsync(self, handle: FileIO) -> None:
        self._step()
        super().fsync(handle)
        self.unsynced.discard(Path(str(handle.name)))

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)
        assert source not in self.unsynced, "renamed before it was synced"
        self.renamed.add(target)

    def sync_directory(self, path: Path) -> None:
        self._step()
        super().sync_directory(path)
        self.renamed = {target for target in self.renamed if target.parent != path}

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)

    def power_cut(self) -> None:
        """What was not synced is lost: contents by half, new names altogether."""
        for path in self.unsynced:
            if path.exists():
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        for target in self.renamed:
            target.unlink(missing_ok=True)


@pytest.mark.parametrize("power_cut", [False, True])
def test_a_crash_at_any_step_leaves_the_older_or_the_newer_whole(
    three: Path, tmp_path: Path, power_cut: bool
) -> None:
    seen = set()
    for last in itertools.count():
        directory = tmp_path / f"crash-{last}"
        shutil.copytree(three, directory)
        loaded, history = recover(directory)
        disk = DyingDisk(last)
        history._disk = disk
        try:
            step(directory, history, 4, disk)
            durable = True
        except OSError:
            durable = False
        history.close()
        if power_cut:
            disk.power_cut()
        loaded, history = recover(directory)
        assert loaded.damage == ()
        position = loaded.manifest.position
        assert position == 4 if durable else position in (3, 4)
        seen.add((durable, position))
        for after in range(position + 1, 8):
            step(directory, history, after)
        history.close()
        assert recover(directory)[0].manifest.position == 7
        names = sorted(path.name for path in (directory / "checkpoint").iterdir())
        assert len(names) == 6, names
        if disk.left > 0:
            break
    assert last > 15
    assert (False, 3) in seen
    assert (True, 4) in seen


def newest_files(directory: Path) -> list[Path]:
    return [
        directory / "checkpoint" / "000000000003.json",
        directory / "checkpoint" / "000000000003.snapshot",
        directory / "history" / "observations-000000000003.arrow",
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 2), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_in_any_file_of_the_newest_falls_back(
    three: Path, which: int, where: float, bit: int
) -> None:
    directory = three.parent / "flipped"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(three, directory)
    path = newest_files(directory)[which]
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= 1 << bit
    path.write_bytes(data)
    loaded, history = recover(directory)
    assert loaded.manifest.position == 2
    assert [(found.generation, found.set_aside) for found in loaded.damage] == [(3, True)]
    step(directory, history, 3)
    assert retained_position(directory) == 1
    assert recover(directory)[0].damage == ()


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("how", ["cut", "empty", "gone", "longer"])
def test_a_cut_or_missing_file_falls_back(three: Path, which: int, how: str) -> None:
    path = newest_files(three)[which]
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": data[:-9], "empty": b"", "longer": data + b"\0"}[how])
    assert recover(three)[0].manifest.position == 2


def test_a_segment_that_all_generations_need_does_not_take_the_newest_away(three: Path) -> None:
    path = three / "history" / "observations-000000000001.arrow"
    path.write_bytes(path.read_bytes()[:-1])
    loaded = newest_valid(three)
    assert loaded is not None
    assert loaded.manifest.position == 3
    assert {found.reason for found in loaded.damage} == {f"{path.name}: size differs"}
    history = History(three, listed=loaded.manifest.history, keep=loaded.keep)
    assert history.read(1, *ALWAYS).ts_ms.tolist() == [2, 3]


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"crc32":0,"manifest":{}}\n', b"9" * 5000],
)
def test_garbage_for_manifests_is_reported_and_never_raises(three: Path, garbage: bytes) -> None:
    for path in (three / "checkpoint").glob("*.json"):
        path.write_bytes(garbage)
    found: list[Damage] = []
    assert newest_valid(three, report=found.append) is None
    assert [damage.generation for damage in found] == [3, 2, 1]
    assert retained_position(three) == 0
    history = History(three)
    step(three, history, 9)
    assert recover_position(three) == 9
    assert len(list((three / "history" / "set-aside").iterdir())) == 3


def recover_position(directory: Path) -> int:
    loaded = newest_valid(directory)
    return loaded.manifest.position if loaded else 0


def test_a_name_that_leads_out_of_the_folder_is_refused(three: Path) -> None:
    path = three / "checkpoint" / "000000000003.json"
    body = manifest_module._decode(path.read_bytes())
    object.__setattr__(body, "snapshot", "../history/observations-000000000001.arrow")
    path.write_bytes(manifest_module._encode(body))
    assert recover(three)[0].manifest.position == 2


def test_nothing_there_is_no_checkpoint_and_no_damage(tmp_path: Path) -> None:
    found: list[Damage] = []
    assert newest_valid(tmp_path, report=found.append) is None
    assert found == []
    assert retained_position(tmp_path) == 0


def test_a_newer_format_is_passed_over_and_left_alone(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(manifest_module, "FORMAT", 2)
        write_checkpoint(three, position=4, arrays={}, meta={})
    loaded = newest_valid(three)
    assert loaded is not None
    assert loaded.manifest.position == 3
    assert [(found.newer, found.set_aside) for found in loaded.damage] == [(True, False)]
    assert (three / "checkpoint" / "000000000004.json").exists()


def test_three_generations_are_kept_and_the_log_back_to_the_third(three: Path) -> None:
    assert retained_position(three) == 1
    _, history = recover(three)
    step(three, history, 4)
    assert retained_position(three) == 2
    assert sorted(path.name for path in (three / "checkpoint").glob("*.json")) == [
        f"{generation:012d}.json" for generation in (2, 3, 4)
    ]


def test_looking_without_setting_aside_changes_nothing(three: Path) -> None:
    newest_files(three)[0].write_bytes(b"")
    before = sorted(path.name for path in three.rglob("*"))
    loaded = newest_valid(three, set_aside=False)
    assert loaded is not None
    assert loaded.manifest.position == 2
    assert sorted(path.name for path in three.rglob("*")) == before


def test_the_platform_is_named(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, _ = recover(three)
    assert loaded.same_platform
    assert {"python", "numpy", "numba", "machine", "openblas_threads"} <= set(loaded.manifest.platform)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "63")
    assert not loaded.same_platform


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with DurableFile(tmp_path / "a") as file:
            file.write(b"abc")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
