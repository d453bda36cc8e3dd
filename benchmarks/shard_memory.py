"""``python -m benchmarks.shard_memory SERIES``: bytes a series of a warm shard and its index, as JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import numpy as np

from benchmarks.fleet import SLOTS, Fleet, entry_of
from monitor.domain.series import Identity
from monitor.intake.index import SeriesIndex
from monitor.shard.apply import apply

_AT_ONCE = 100_000


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def fill_index(index: SeriesIndex, series: int) -> None:
    """Enter ``series`` names of some 60 bytes."""
    for i in range(series):
        tags = {"host": f"host-{i // 10 % 10_000:05}", "zone": f"zone-{i // 100_000}"}
        name = Identity.of(f"requests_{i % 10}", tags)
        index.insert(name.fingerprint(), name.canonical())


def main(series: int) -> None:
    Fleet(1_000)
    fill_index(SeriesIndex(), 1_000)
    gc.collect()
    before = resident()
    fleet = Fleet(series)
    apply(fleet.shard, entry_of(fleet.sweep().part(0, min(series, _AT_ONCE))))
    index = SeriesIndex()
    fill_index(index, series)
    fleet.offset = fleet.unit = np.zeros(0)  # the benchmark's own
    fleet.next = np.zeros(0, np.int64)
    gc.collect()
    after = resident()
    shard, bank = fleet.shard, fleet.shard.bank
    text = sum(a.nbytes for a in (index._start, index._length, index._text))
    core = {
        "models": bank.models.nbytes,
        "common row": bank.common.nbytes,
        "index": index.nbytes - text,
        f"season of {SLOTS}": SLOTS * bank.season.itemsize * series,
    }
    apart = {
        "clock and open bucket": shard.clocks.nbytes,
        "profile": shard.profiles.nbytes,
        "reference": shard.references.nbytes,
        "key text": text,
        "season pool beyond use": bank.season.nbytes - core[f"season of {SLOTS}"],
        "pending pool and episodes": shard.pending.nbytes + shard.episodes.nbytes,
    }
    everything = {
        "core": {name: value / series for name, value in core.items()},
        "apart": {name: value / series for name, value in apart.items()},
        "all": (sum(core.values()) + sum(apart.values())) / series,
        "resident": (after - before) / series,
    }
    print(json.dumps(everything))


if __name__ == "__main__":
    main(int(sys.argv[1]))
