"""One hash of everything a shard remembers, whatever place in memory it has.

Two shards that have taken the same entries agree, also if one was restored from a snapshot in between, or was
given its assignments at other positions of the log: free places, and the order in which they were given out,
are not part of the state.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learners.base import TAIL_OFFSET, Family, relocate, season_slots
from learners.families import BASELINES
from monitor.shard import state as st
from monitor.shard.drain import is_pooled
from monitor.shard.shard import Shard

MODELS = 2
_PLACES = ("row", "next", "outer")


def digest(shard: Shard, rows: Sequence[int], prints: Sequence[int]) -> str:
    """SHA-256 over the series in ``rows``, in the order of their fingerprints ``prints``."""
    whole = hashlib.sha256()
    for fingerprint, row in sorted(zip(prints, rows, strict=True)):
        whole.update(int(fingerprint).to_bytes(8, "little"))
        for part in _parts(shard, row):
            whole.update(part)
    return whole.hexdigest()


def _parts(shard: Shard, row: int) -> list[bytes]:
    common: NDArray[np.void] = shard.bank.common[row].copy().view(st.COMMON)
    tail = shard.bank.common[row, TAIL_OFFSET:].tobytes()
    episode = int(common["episode"][0])
    common["episode"] = 0 if episode >= 0 else -1
    clock = shard.clocks[row : row + 1].copy()
    place, waiting = int(clock["pool"][0]), []
    while place >= 0:
        entry = shard.pending[place]
        n = float(entry["n"])
        waiting.append((int(entry["ts_ms"]), float(entry["value"]), -1.0 if math.isnan(n) else n))
        place = int(entry["next"])
    clock["pool"] = clock["rule"] = 0
    if not clock["t0"][0]:
        clock["v0"] = clock["n0"] = 0.0
    if not clock["t1"][0]:
        clock["n1"] = 0.0
        if clock["cadence"][0] and not is_pooled(shard.directory[0], row):
            clock["v1"] = 0.0
    parts = [common.tobytes(), tail, clock.tobytes(), shard.profiles[row].tobytes()]
    parts.append(shard.references[row].tobytes())
    parts.append(np.array(sorted(waiting)).tobytes())
    if pauses := shard.pauses.of(row):
        parts.append(np.array(sorted(pauses), np.int64).tobytes())
    if tried := shard.probation.of(row):
        parts.append(np.array(tried, np.int64).tobytes())
    own, kin = shard.opinions, shard.kin
    for one in (own[own["key"] == row], kin[kin["key"] == shard.clocks["rule"][row]]):
        parts += [one[name].tobytes() for name in st.OPINION.names or () if name not in ("key", "row")]
    while episode >= 0:
        story = shard.episodes[episode]
        episode = int(story["outer"])
        parts += [story[name].tobytes() for name in st.EPISODE.names or () if name not in _PLACES]
    return parts + [part for which in range(MODELS) for part in _model(shard, row, which)]


def _model(shard: Shard, row: int, which: int) -> list[bytes]:
    code = int(shard.common["champion" if which == 0 else "challenger"][row])
    raw = shard.bank.models[row, which].copy()
    if code == Family.NONE:
        return [raw.tobytes()]
    family = BASELINES[Family(code)]
    record: NDArray[np.void] = raw.view(family.dtype).reshape(())
    slots = season_slots(record)
    if slots == 0:
        return [raw.tobytes()]
    at = int(record["at"])
    return [relocate(record, 0).tobytes(), shard.bank.season[at : at + slots].tobytes()]
