"""The checkpoint: one manifest a generation that names everything a restart needs.

Written last and renamed into place, so a crash at any step leaves the older generation or the newer
one, each whole. Three generations are kept, and every file that one of them lists; the log is kept
back to the oldest of them. What is damaged costs a longer replay, never a start.

Files under ``directory``: ``checkpoint/<generation>.json``, ``checkpoint/<generation>.snapshot``,
``history/…``. A manifest's own checksum covers every byte of it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from monitor.history.files import OS_DISK, TEMPORARY, Disk, DurableFile, crc32_of
from monitor.history.history import FOLDER as HISTORY_FOLDER
from monitor.history.history import check_file
from monitor.history.listing import Listing
from monitor.history.snapshot import SnapshotError, read_snapshot, write_snapshot

FOLDER = "checkpoint"
FORMAT = 1
KEEP = 3
_NAME = re.compile(r"^(\d{12})\.json$")


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """One checkpoint. ``position``: the last log position its state includes. ``meta``: the caller's
    JSON values. ``platform``: what byte-identical replay may depend on."""

    generation: int
    position: int
    snapshot: str
    snapshot_bytes: int
    snapshot_crc32: int
    meta: dict[str, Any]
    history: Listing
    software: str
    platform: dict[str, str]


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of a checkpoint that is not as it was written, or (``newer``) not for this version of the
    software. ``set_aside``: its manifest was renamed."""

    generation: int
    reason: str
    newer: bool = False
    set_aside: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What a restart starts from. ``arrays`` are writable. ``keep``: names of history files that some
    kept manifest lists; `History` wants them. ``damage``: all that was found on the way."""

    manifest: Manifest
    arrays: dict[str, NDArray[Any]]
    keep: frozenset[str]
    damage: tuple[Damage, ...]

    @property
    def same_platform(self) -> bool:
        return self.manifest.platform == fingerprint()


def fingerprint() -> dict[str, str]:
    """Versions and settings that the bits of the state may depend on."""
    return {
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "numba": metadata.version("numba"),
        "machine": platform.machine(),
        "byteorder": sys.byteorder,
        "openblas_threads": os.environ.get("OPENBLAS_NUM_THREADS", ""),
    }


def software_version() -> str:
    try:
        return metadata.version("watchkeeper")
    except metadata.PackageNotFoundError:
        return "source"


def write_checkpoint(
    directory: Path,
    *,
    position: int,
    arrays: Mapping[str, NDArray[Any]],
    meta: dict[str, Any],
    history: Listing | None = None,
    disk: Disk = OS_DISK,
    keep: int = KEEP,
) -> Manifest:
    """Make a new generation durable, then remove what no kept generation lists.

    ``history`` is what `History.flush` returned; tell `History.committed` afterwards. ``meta`` holds JSON
    values with text keys, no NaN. Arrays are written as they are (no copy if C-contiguous).
    Raises OSError if the disk refuses and ValueError for arrays of Python objects; the older
    generations are then untouched. Cost: the writing of the arrays and two fsyncs of files.
    """
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    generation = 1 + max((int(path.name[:12]) for path in folder.glob("[0-9]*.*")), default=0)
    snapshot = write_snapshot(folder / f"{generation:012d}.snapshot", arrays, disk)
    manifest = Manifest(
        generation=generation,
        position=position,
        snapshot=snapshot.path.name,
        snapshot_bytes=snapshot.bytes,
        snapshot_crc32=snapshot.crc32,
        meta=meta,
        history=history or Listing(),
        software=software_version(),
        platform=fingerprint(),
    )
    with DurableFile(folder / f"{generation:012d}.json", disk) as file:
        file.write(_encode(manifest))
    with suppress(OSError):  # the checkpoint stands; the next one tries again to tidy up
        _prune(directory, keep, disk)
    return manifest


def newest_valid(
    directory: Path,
    *,
    disk: Disk = OS_DISK,
    set_aside: bool = True,
    report: Callable[[Damage], None] | None = None,
) -> Loaded | None:
    """The newest whole checkpoint, or None if there is none. Damage never raises: it is handed to
    ``report`` and kept in the result.

    Snapshots are verified by checksum. So is each history file that not every generation lists, for
    there an older one with a longer replay helps; of the others only presence and size, since reads
    verify their blocks. If no generation is whole, that with the fewest damaged history files is
    taken. Newer manifests are then renamed to ``….damaged`` (``set_aside``), so that no later checkpoint
    counts them; those of a newer format are left alone. Cost: one read of what is verified.
    """
    damage: list[Damage] = []
    manifests = _readable(directory, damage)
    listed = [manifest.history.names for manifest in manifests]
    common = frozenset.intersection(*listed) if len(listed) > 1 else frozenset()
    faults: dict[str, str] = {}
    broken: dict[int, int] = {}
    for manifest in manifests:
        broken[manifest.generation] = 0
        for entry in manifest.history.entries:
            if entry.name not in faults:
                faults[entry.name] = check_file(
                    directory / HISTORY_FOLDER, entry, deep=entry.name not in common
                )
            if faults[entry.name]:
                broken[manifest.generation] += 1
                damage.append(Damage(manifest.generation, faults[entry.name]))
    for manifest in sorted(manifests, key=lambda m: (broken[m.generation], -m.generation)):
        try:
            arrays = _load_arrays(directory / FOLDER, manifest)
        except (SnapshotError, OSError, ValueError, KeyError, TypeError) as error:
            damage.append(Damage(manifest.generation, f"{manifest.snapshot}: {error}"))
            continue
        if set_aside:
            damage = _set_aside(directory / FOLDER, damage, manifest.generation, disk)
        kept = (m.history.names for m in manifests if not set_aside or m.generation <= manifest.generation)
        _tell(damage, report)
        return Loaded(manifest, arrays, frozenset().union(*kept), tuple(damage))
    _tell(damage, report)
    return None


def oldest_whole(directory: Path) -> Loaded | None:
    """The oldest checkpoint whose snapshot is whole, whatever became of its history; changes nothing."""
    for manifest in reversed(_readable(directory, [])):
        try:
            return Loaded(manifest, _load_arrays(directory / FOLDER, manifest), frozenset(), ())
        except (SnapshotError, OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _tell(damage: list[Damage], report: Callable[[Damage], None] | None) -> None:
    for found in damage:
        if report:
            report(found)


def retained_position(directory: Path, keep: int = KEEP) -> int:
    """Log records up to this position are needed by no kept checkpoint; 0 while there are fewer than
    ``keep``, for then only the whole log brings everything back."""
    manifests = _readable(directory, [])
    return manifests[keep - 1].position if len(manifests) >= keep else 0


def _load_arrays(folder: Path, manifest: Manifest) -> dict[str, NDArray[Any]]:
    path = folder / manifest.snapshot
    if path.stat().st_size != manifest.snapshot_bytes or crc32_of(path) != manifest.snapshot_crc32:
        raise SnapshotError("checksum differs")
    return read_snapshot(path)


def _readable(directory: Path, damage: list[Damage]) -> list[Manifest]:
    """All manifests whose own bytes are whole, newest first; the others go to ``damage``."""
    found = []
    for path in sorted((directory / FOLDER).glob("*.json"), reverse=True):
        if not (name := _NAME.match(path.name)):
            continue
        try:
            found.append(_decode(path.read_bytes()))
        except _NewerFormatError as error:
            damage.append(Damage(int(name[1]), str(error), newer=True))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            damage.append(Damage(int(name[1]), f"{path.name}: {error}"))
    return found


def _set_aside(folder: Path, damage: list[Damage], chosen: int, disk: Disk) -> list[Damage]:
    marked = []
    for found in damage:
        aside = found.generation > chosen and not found.newer
        if aside:
            path = folder / f"{found.generation:012d}.json"
            with suppress(OSError):
                if path.exists():
                    disk.rename(path, path.with_name(path.name + ".damaged"))
        marked.append(replace(found, set_aside=aside))
    return marked


def _prune(directory: Path, keep: int, disk: Disk) -> None:
    """Remove manifests beyond the kept ones, and then what only they listed. A crash in between leaves
    files that the next checkpoint, or the opening of history, finds unlisted."""
    manifests = _readable(directory, [])
    kept, dropped = manifests[:keep], manifests[keep:]
    if len(kept) == keep:
        for path in sorted((directory / FOLDER).glob("*.json")):
            if _NAME.match(path.name) and int(path.stem) < kept[-1].generation:
                disk.remove(path)
    names = frozenset().union(*(manifest.history.names for manifest in kept))
    for manifest in dropped:
        for name in sorted(manifest.history.names - names):
            disk.remove(directory / HISTORY_FOLDER / name)
    snapshots = {manifest.snapshot for manifest in kept}
    for path in sorted((directory / FOLDER).iterdir()):
        if path.name.endswith(TEMPORARY) or (path.suffix == ".snapshot" and path.name not in snapshots):
            disk.remove(path)


class _NewerFormatError(ValueError):
    """Written by a later version of this software."""


def _encode(manifest: Manifest) -> bytes:
    body = {
        "format": FORMAT,
        "generation": manifest.generation,
        "position": manifest.position,
        "snapshot": {
            "name": manifest.snapshot,
            "bytes": manifest.snapshot_bytes,
            "crc32": manifest.snapshot_crc32,
        },
        "meta": manifest.meta,
        "history": manifest.history.to_json(),
        "software": manifest.software,
        "platform": manifest.platform,
    }
    return _sealed(body)


def _sealed(body: dict[str, Any]) -> bytes:
    """Canonical JSON with its own checksum; any other byte sequence is damage."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f'{{"crc32":{zlib.crc32(text.encode())},"manifest":{text}}}\n'.encode()


def _decode(data: bytes) -> Manifest:
    body = json.loads(data)["manifest"]
    if _sealed(body) != data:
        raise ValueError("checksum differs")
    if body["format"] > FORMAT:
        raise _NewerFormatError(f"format {body['format']} is newer than {FORMAT}")
    history = Listing.from_json(body["history"])
    if any(Path(name).name != name for name in (body["snapshot"]["name"], *history.names)):
        raise ValueError("a file name leads out of its folder")
    return Manifest(
        generation=body["generation"],
        position=body["position"],
        snapshot=body["snapshot"]["name"],
        snapshot_bytes=body["snapshot"]["bytes"],
        snapshot_crc32=body["snapshot"]["crc32"],
        meta=body["meta"],
        history=history,
        software=body["software"],
        platform=body["platform"],
    )
