"""What the Linux kernel tells of its machine in ``/proc``: texts to numbers, and nothing computed of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SECTOR_BYTES = 512
_WHOLE_DISK = re.compile(r"(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)")
_STORED = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "nfs", "nfs4", "overlay"}


@dataclass(frozen=True, slots=True)
class Processor:
    """Time since the start in ticks: all of it, and what was spent neither idle nor waiting for a disk."""

    whole: int
    busy: int


def processor(stat: str) -> Processor:
    """
    >>> processor("cpu  50 0 25 900 20 0 5 0 0 0\\ncpu0 1 2 3\\n")
    Processor(whole=1000, busy=80)
    """
    ticks = [int(word) for word in stat.splitlines()[0].split()[1:9]]
    return Processor(sum(ticks), sum(ticks) - ticks[3] - ticks[4])


def memory(meminfo: str) -> dict[str, int]:
    """Bytes by name.

    >>> memory("MemTotal:       2048 kB\\nHugePages_Total:       3\\n")
    {'MemTotal': 2097152, 'HugePages_Total': 3}
    """
    found = {}
    for line in meminfo.splitlines():
        name, _, said = line.partition(":")
        words = said.split()
        if words:
            found[name] = int(words[0]) * (1_024 if words[1:] == ["kB"] else 1)
    return found


def disk_bytes(diskstats: str) -> dict[str, tuple[int, int]]:
    """Bytes read and written since the start, of whole disks.

    >>> disk_bytes("8 0 sda 5 0 4 0 7 0 6 0 0 0 0\\n8 1 sda1 5 0 4 0 7 0 6 0 0 0 0\\n")
    {'sda': (2048, 3072)}
    """
    found = {}
    for line in diskstats.splitlines():
        words = line.split()
        if len(words) > 9 and _WHOLE_DISK.fullmatch(words[2]):
            found[words[2]] = int(words[5]) * _SECTOR_BYTES, int(words[9]) * _SECTOR_BYTES
    return found


@dataclass(frozen=True, slots=True)
class Interface:
    """Since the start."""

    received_bytes: int
    sent_bytes: int
    errors: int


def interfaces(dev: str) -> Mapping[str, Interface]:
    """All but the loopback. Errors: of receiving and sending, what was dropped included.

    >>> interfaces("h\\nh\\n  lo: 1 0 0 0 0 0 0 0 1 0 0 0\\neth0: 10 1 2 3 0 0 0 0 20 1 4 5 0 0 0 0\\n")
    {'eth0': Interface(received_bytes=10, sent_bytes=20, errors=14)}
    """
    found = {}
    for line in dev.splitlines()[2:]:
        name, _, said = line.partition(":")
        words = [int(word) for word in said.split()]
        if name.strip() != "lo" and len(words) > 11:
            errors = words[2] + words[3] + words[10] + words[11]
            found[name.strip()] = Interface(words[0], words[8], errors)
    return found


def mounts(text: str) -> Iterator[str]:
    """Where file systems that store something are mounted, each device once.

    >>> list(mounts("/dev/sda1 /a\\\\040b ext4 rw 0 0\\nproc /proc proc rw 0 0\\n/dev/sda1 /c ext4 rw\\n"))
    ['/a b']
    """
    seen = set()
    for line in text.splitlines():
        device, place, kind, *_ = line.split()
        if kind in _STORED and device not in seen:
            seen.add(device)
            yield re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
