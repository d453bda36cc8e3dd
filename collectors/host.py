"""The machine that the server runs on: processor, memory, disks, network (Linux)."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.base import Decoded
from collectors.host_settings import HostSettings
from collectors.proc import Interface, Processor, disk_bytes, interfaces, memory, mounts, processor
from collectors.pulled import Row, SourceFailed, decoded

TAG = "host"
"""By which series say of which machine they are."""

Found = Iterator[tuple[str, dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is counted since the machine's start, at a time."""

    at_ms: int
    processor: Processor
    disks: dict[str, tuple[int, int]]
    interfaces: dict[str, Interface]


class HostSource:
    """Shares and rates over the time since the reading before; so the first has levels only."""

    remembers = False
    step_ms = 1_000

    def __init__(self, settings: HostSettings) -> None:
        self.settings = settings
        self._proc = Path(settings.proc)
        self._tags = {TAG: socket.gethostname(), **settings.tags}
        self._before: _Reading | None = None

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """Raises SourceFailed where there is no such ``/proc``."""
        try:
            now = _Reading(
                until_ms,
                processor(self._text("stat")),
                disk_bytes(self._text("diskstats")),
                dict(interfaces(self._text("net/dev"))),
            )
            found = [*self._levels(), *self._rates(now)]
        except (OSError, ValueError, IndexError, KeyError) as error:
            raise SourceFailed(f"{self._proc} cannot be read: {type(error).__name__}: {error}") from None
        self._before = now
        rows: list[Row] = [
            (f"host.{metric}", (self._tags | tags).items(), until_ms, value, math.nan)
            for metric, tags, value in found
        ]
        return decoded(rows)

    def parts(self) -> dict[str, str]:
        """The machine, which fails as the source does."""
        return {self._tags[TAG]: ""}

    def close(self) -> None: ...

    def _text(self, name: str) -> str:
        return (self._proc / name).read_text(encoding="utf-8", errors="replace")

    def _levels(self) -> Found:
        yield "load_1m", {}, float(self._text("loadavg").split()[0])
        found = memory(self._text("meminfo"))
        yield "memory.used_share", {}, 1 - found["MemAvailable"] / found["MemTotal"]
        if found.get("SwapTotal"):
            yield "swap.used_share", {}, 1 - found["SwapFree"] / found["SwapTotal"]
        for place in mounts(self._text("mounts")):
            try:
                room = os.statvfs(place)
            except OSError:
                continue
            if room.f_blocks:
                yield "disk.used_share", {"mount": place}, 1 - room.f_bavail / room.f_blocks
            if room.f_files:
                yield "disk.inodes_used_share", {"mount": place}, 1 - room.f_favail / room.f_files

    def _rates(self, now: _Reading) -> Found:
        before = self._before
        if before is None or now.at_ms <= before.at_ms:
            return
        seconds = (now.at_ms - before.at_ms) / 1_000
        ticks = now.processor.whole - before.processor.whole
        if ticks > 0:
            yield "cpu.used_share", {}, max(now.processor.busy - before.processor.busy, 0) / ticks
        for name in now.disks.keys() & before.disks.keys():
            for metric, new, old in zip(
                ("read", "written"), now.disks[name], before.disks[name], strict=True
            ):
                if new >= old:
                    yield f"disk.{metric}_bytes_per_s", {"disk": name}, (new - old) / seconds
        for name in now.interfaces.keys() & before.interfaces.keys():
            new_one, old_one = now.interfaces[name], before.interfaces[name]
            for metric, part in (("received_bytes", 0), ("sent_bytes", 1), ("errors", 2)):
                step = _parts(new_one)[part] - _parts(old_one)[part]
                if step >= 0:
                    yield f"network.{metric}_per_s", {"interface": name}, step / seconds


def _parts(one: Interface) -> tuple[int, int, int]:
    return one.received_bytes, one.sent_bytes, one.errors
