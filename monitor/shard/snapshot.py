"""A shard as arrays and plain values, for a checkpoint, and the same shard made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank, grown
from learners.drift import reference
from monitor.shard import heeding
from monitor.shard import state as st
from monitor.shard.arrays import widened
from monitor.shard.labelled import Labelled
from monitor.shard.pauses import Pauses
from monitor.shard.probation import Probation
from monitor.shard.rules import Rules
from monitor.shard.shard import Shard

_KEPT = ("n_pending", "n_episodes", "free_pending", "free_episode")


def snapshot(shard: Shard) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays (not copied) and plain values from which `restore` makes the same shard."""
    arrays: dict[str, NDArray[Any]] = {f"bank.{name}": a for name, a in shard.bank.state().items()}
    arrays |= {
        "clocks": shard.clocks[: shard.rows],
        "profiles": shard.profiles[: shard.rows],
        "references": shard.references[: shard.rows],
        "pending": shard.pending,
        "episodes": shard.episodes,
        "counts": np.array([shard.directory[name][0] for name in _KEPT], np.int64),
    }
    plain = {"rows": shard.rows, "rules": shard.rules.state(), "labels": shard.labelled.state()}
    if len(shard.pauses):
        arrays["paused"] = shard.pauses.rows[: shard.rows]
        plain["pauses"] = shard.pauses.state()
    if len(shard.probation):
        plain["probation"] = shard.probation.state()
    return arrays, plain


def restore(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Shard:
    shard = Shard(meta["rules"]["default_zone"], rows=1)
    bank = {name.removeprefix("bank."): a for name, a in arrays.items() if name.startswith("bank.")}
    shard.bank = Bank.from_state(bank)
    size = len(shard.bank.common)
    shard.rows = int(meta["rows"])
    shard.rules = Rules.from_state(meta["rules"])
    shard.clocks = grown(arrays["clocks"], size)
    shard.profiles = grown(arrays["profiles"], size)
    shard.references = grown(arrays.get("references", reference.empty(0)), size)
    shard.pending = np.array(arrays["pending"])
    shard.episodes = widened(arrays["episodes"], st.EPISODE)
    for name, count in zip(_KEPT, arrays["counts"], strict=True):
        shard.directory[name] = count
    shard.labelled = Labelled.from_state(meta.get("labels", ()))
    shard.probation = Probation.from_state(meta.get("probation", {}))
    shard.pauses = Pauses.from_state(meta.get("pauses", ()), arrays.get("paused", np.zeros(0, st.PAUSED)))
    heeding.heed(shard)
    return shard


def state_bytes(shard: Shard) -> int:
    """Resident bytes of all arrays that hold state."""
    arrays, _ = snapshot(shard)
    return sum(a.nbytes for a in arrays.values())
