"""What Watchkeeper's own series cost beside the path of a sample: the same shard with and without them.

Of the path here are an Arrow body's decoding, the log's record, the shard, and history with its files; what
the server does around them is left out.
With: each applied record is counted by the ledger, and once for each sample of all series (by the minute the
figures come five times less often) the shard is asked for its account and figures are made. Pairs in one run,
taking turns over the same samples' successors.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

from benchmarks.bodies import ARROW, Bodies, Format, build_arrow
from benchmarks.figure import Figure
from benchmarks.fleet import CADENCE_MS, Fleet, Values, entry_of
from collectors.arrow_stream import ArrowDecoder
from collectors.keys import WireKeys
from monitor.engine.account import account
from monitor.engine.parts import Parts
from monitor.history.history import History
from monitor.intake.codec import encode
from monitor.meta.figures import Facts, figures
from monitor.meta.ledger import Ledger
from monitor.shard.apply import apply
from monitor.shard.results import Applied
from monitor.shard.shard import Shard

TITLE = "Own series: ledger, account and figures beside decoding, record, shard and history; CPU, in pairs"

_ARROW = Format("Arrow", ARROW, build_arrow)


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    pairs: int


FULL = Size(100_000, 10_000, 7)
TOY = Size(500, 250, 3)


@dataclass(slots=True)
class _Parts:
    """What an account needs of a shard's parts."""

    shard: Shard
    ledger: Ledger


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    fleet = Fleet(size.series)
    parts = _Parts(fleet.shard, Ledger(lambda row: b"benchmark"))
    with TemporaryDirectory() as folder:
        return _measured(size, fleet, parts, History(Path(folder)))


def _measured(size: Size, fleet: Fleet, parts: _Parts, history: History) -> list[Figure]:
    bodies, decoder = Bodies(size.series, size.batch).sweep(0, _ARROW), ArrowDecoder(WireKeys(seed=1))
    before = Facts(shards=[_account(parts, fleet)])
    alone, beside = [], []
    for pair in range(2 * size.pairs + 2):
        work, began = _sweep(fleet, size.batch), time.thread_time()
        counted = 0.0
        for body, values in zip(bodies, work, strict=True):
            decoder.decode(body)
            entry = entry_of(values)
            encode(entry)
            applied = apply(fleet.shard, entry)
            history.append(applied.observations)
            if pair % 2:
                counted -= time.thread_time()
                _count(parts, applied)
                counted += time.thread_time()
        history.flush()
        if pair % 2:
            counted -= time.thread_time()
            now = Facts(shards=[_account(parts, fleet)])
            found = figures(before, now)
            before = now
            counted += time.thread_time()
            assert len(found) > 5, "there is something to tell"
        if pair > 1:  # the first pair warms up
            (beside if pair % 2 else alone).append((time.thread_time() - began, counted))
    plain = median(total for total, _ in alone)
    extra = median(counted for _, counted in beside)
    with_all = median(total for total, _ in beside)
    note = f"{size.series:,} series, batches of {size.batch:,}, one account for each sample of all"
    return [
        Figure("path, time", plain / size.series * 1e9, "ns CPU a sample", note=note),
        Figure("own series, time", extra / size.series * 1e9, "ns CPU a sample"),
        Figure(
            "own series beside the path",
            100 * extra / plain,
            "%",
            goal=3.0,
            at_most=True,
            note="timed by itself",
        ),
        Figure("path with own series, time", with_all / size.series * 1e9, "ns CPU a sample"),
    ]


def _sweep(fleet: Fleet, batch: int) -> list[Values]:
    whole = fleet.sweep()
    return [whole.part(at, min(at + batch, len(whole))) for at in range(0, len(whole), batch)]


def _count(parts: _Parts, applied: Applied) -> None:
    shard = parts.shard
    parts.ledger.observed(applied.observations, shard.profiles["metric_class"], shard.clocks["final_n"])
    parts.ledger.spent("apply", 0.0, len(applied.observations))


def _account(parts: _Parts, fleet: Fleet) -> dict[str, Any]:
    return account(cast(Parts, parts), int(fleet.next[0]) * CADENCE_MS)
