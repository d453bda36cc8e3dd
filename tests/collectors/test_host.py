"""This machine as a source: shares are shares, rates are those of the time between two readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.host import HostSource
from collectors.host_settings import HostSettings
from collectors.pulled import SourceFailed
from monitor.domain.series import Identity

NOW = 1_767_225_600_000


def read(source: HostSource, now_ms: int) -> dict[str, float]:
    batch = source.read(now_ms - 60_000, now_ms).batch
    assert set(batch.ts_ms.tolist()) == {now_ms}
    return {
        str(Identity.from_canonical(batch.identities[number])): value
        for number, value in zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True)
    }


def test_this_machine() -> None:
    source = HostSource(HostSettings(name="here", tags={"host": "here"}))
    first, second = read(source, NOW), read(source, NOW + 1_000)
    assert "host.memory.used_share{host=here}" in first
    assert not any("_per_s" in name for name in first)
    shares = {name: value for name, value in second.items() if "_share" in name}
    assert all(0 <= value <= 1 for value in shares.values())


def proc(folder: Path, busy: int, sectors: int, received: int) -> None:
    (folder / "net").mkdir(parents=True, exist_ok=True)
    (folder / "stat").write_text(f"cpu {busy} 0 0 {1_000 - busy} 0 0 0 0\n")
    (folder / "diskstats").write_text(f"8 0 sda 1 0 {sectors} 0 1 0 {2 * sectors} 0 0 0 0\n")
    (folder / "net" / "dev").write_text(f"a\nb\neth0: {received} 0 1 0 0 0 0 0 {received} 0 0 0 0 0 0 0\n")
    (folder / "loadavg").write_text("0.25 0.3 0.4 1/100 999\n")
    (folder / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable: 25 kB\nSwapTotal: 0 kB\n")
    (folder / "mounts").write_text("proc /proc proc rw 0 0\n")


def test_rates_over_the_time_between(tmp_path: Path) -> None:
    source = HostSource(HostSettings(name="here", tags={"host": "h"}, proc=str(tmp_path)))
    proc(tmp_path, 100, 10, 500)
    levels = {"host.load_1m{host=h}": 0.25, "host.memory.used_share{host=h}": 0.75}
    assert read(source, NOW) == levels
    (tmp_path / "stat").write_text("cpu 150 0 0 950 0 0 0 0\n")
    (tmp_path / "diskstats").write_text("8 0 sda 1 0 30 0 1 0 40 0 0 0 0\n")
    (tmp_path / "net" / "dev").write_text("a\nb\neth0: 700 0 1 0 0 0 0 0 499 0 0 0 0 0 0 0\n")
    assert read(source, NOW + 10_000) == levels | {
        "host.cpu.used_share{host=h}": 0.5,
        "host.disk.read_bytes_per_s{disk=sda,host=h}": 1_024.0,
        "host.disk.written_bytes_per_s{disk=sda,host=h}": 1_024.0,
        "host.network.received_bytes_per_s{host=h,interface=eth0}": 20.0,
        # What was sent has begun anew, so there is no rate.
        "host.network.errors_per_s{host=h,interface=eth0}": 0.0,
    }


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="cannot be read"):
        read(HostSource(HostSettings(name="here", proc=str(tmp_path))), NOW)
