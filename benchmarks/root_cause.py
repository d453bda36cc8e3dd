"""Real faults with a known cause, sample by sample through the whole system: is the cause the first suspect?

PetShop: 20 faults of a shop of some 40 services, by five minutes; before each stands the fault-free day that
its authors name. Nezha: one day by the minute, 24 faults of 10 pods one after the other, minutes apart, the
first two minutes after the data begins. Counted are faults: what was not noticed counts as not found. Faults
minutes apart become one incident, so what is ranked is what began between a fault and the next (an hour at
most), in the way that an incident ranks its suspects: which anomalies belong to a fault is given, and not
measured here. With the call graph, that is declared as lineage: a callee feeds its caller. Beside it stands a
simple rule, the largest robust deviation of a service, and what guessing would find.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figure import Figure
from benchmarks.real import folder
from monitor.assembly import build
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from monitor.domain.lineage import Link
from monitor.domain.series import Identity
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules
from monitor.incidents.suspects import suspects
from monitor.service import Monitor
from monitor.settings import Settings

TITLE = "Real incidents with a known cause"
_NEEDED = ("petshop_train_metrics.parquet", "nezha_metrics.parquet")
_PIECE = 20_000


@dataclass(frozen=True, slots=True)
class Fault:
    at_ms: int
    until_ms: int
    service: str


@dataclass(frozen=True, slots=True)
class Run:
    """Samples in event time (ts_ms, series, service, value), faults in them, and who calls whom."""

    samples: pd.DataFrame
    faults: tuple[Fault, ...]
    calls: tuple[tuple[str, str], ...]


def run(toy: bool) -> list[Figure]:
    there = [name for name in _NEEDED if (folder() / name).exists()]
    told = [Figure("files found", len(there), f"of {len(_NEEDED)}")]
    if len(there) < len(_NEEDED):
        return told
    told += _figures("PetShop", list(islice(petshop(), 1 if toy else None)))
    return told if toy else [*told, *_figures("Nezha", [nezha()])]


def _figures(name: str, runs: Sequence[Run]) -> Iterator[Figure]:
    ways: dict[str, Callable[[Run], list[list[str]]]] = {
        "reference": reference,
        "system": lambda one: through(one, linked=False),
        "system with the call graph": lambda one: through(one, linked=True),
    }
    causes = [fault.service for one in runs for fault in one.faults]
    services = np.mean([one.samples.service.nunique() for one in runs])
    for way, ranked in ways.items():
        found = [order for one in runs for order in ranked(one)]
        pairs = list(zip(causes, found, strict=True))
        for most, words in ((1, "first"), (3, "among three")):
            hits = sum(cause in order[:most] for cause, order in pairs)
            note = f"{hits} of {len(pairs)}; guessing {100 * most / services:.0f} %"
            yield Figure(f"{name}, {way}: cause {words}", 100 * hits / len(pairs), "%", note=note)
        if way != "reference":
            noticed = sum(bool(order) for _, order in pairs)
            yield Figure(f"{name}, {way}: noticed", 100 * noticed / len(pairs), "%")


def petshop() -> Iterator[Run]:
    """One run a fault: the fault-free rows that go with it up to its own, and then those."""
    samples = pd.read_parquet(folder() / "petshop_train_metrics.parquet")
    faults = pd.read_csv(folder() / "petshop_train_incidents.csv")
    edges = pd.read_csv(folder() / "petshop_train_edges.csv")
    samples["ts_ms"] = samples.timestamp.astype("int64") // 1_000
    samples["service"] = samples.service.astype(str)
    samples["series"] = samples.metric.astype(str) + "." + samples.statistic.astype(str)
    for fault in faults.itertuples():
        own = samples[samples.incident == fault.incident]
        usual = samples[samples.incident == f"{fault.normal}/normal"]
        usual = usual[usual.ts_ms < own.ts_ms.min()] if (usual.ts_ms < own.ts_ms.min()).any() else usual[:0]
        columns = ["ts_ms", "series", "service", "value"]
        at_ms = int(fault.inject_time) * 1_000
        calls = edges[edges.incident == fault.incident]
        yield Run(
            pd.concat([usual[columns], own[columns]]).sort_values("ts_ms", kind="stable"),
            (Fault(at_ms, at_ms + HOUR_MS, str(fault.root_service)),),
            tuple(zip(calls.caller, calls.callee, strict=True)),
        )


def nezha() -> Run:
    samples = pd.read_parquet(folder() / "nezha_metrics.parquet")
    faults = pd.read_csv(folder() / "nezha_faults.csv", parse_dates=["timestamp"])
    edges = pd.read_csv(folder() / "nezha_edges.csv")
    samples["ts_ms"] = samples.timestamp.astype("int64") // 1_000
    samples["service"] = [_service(pod) for pod in samples.pod.astype(str)]
    samples["series"] = samples.metric.astype(str)
    at = (faults.timestamp.astype("int64") // 1_000).tolist()
    until = [*at[1:], 2**62]
    told = zip(at, until, faults.pod, strict=True)
    return Run(
        samples[["ts_ms", "series", "service", "value"]].sort_values("ts_ms", kind="stable"),
        tuple(Fault(a, min(b, a + HOUR_MS), _service(pod)) for a, b, pod in told),
        tuple(zip(edges.caller, edges.callee, strict=True)),
    )


def reference(one: Run) -> list[list[str]]:
    """Services by their largest distance from the median before the fault, in spreads (1.4826 × MAD)."""
    found = []
    for fault in one.faults:
        rows = one.samples
        before, after = rows[rows.ts_ms < fault.at_ms], rows[rows.ts_ms.between(fault.at_ms, fault.until_ms)]
        keys = ["service", "series"]
        middle = before.groupby(keys, observed=True).value.median()
        away = (before.set_index(keys).value - middle).abs().groupby(level=keys).median()
        distance = (after.set_index(keys).value - middle).abs() / (1.4826 * away).clip(lower=1e-9)
        largest = distance.dropna().groupby(level="service").max()
        found.append(list(largest.sort_values(ascending=False, kind="stable").index))
    return found


def through(one: Run, *, linked: bool) -> list[list[str]]:
    """Services as the suspects of the incident of each fault have them, the first one first."""
    with tempfile.TemporaryDirectory() as where:
        monitor = build(Settings(engine="inline", shards=1, data_dir=Path(where), auth="off"))
        monitor.start()
        try:
            if linked:
                links = [Link(_selector(callee), _selector(caller)) for caller, callee in one.calls]
                declared = monitor.relating.lineage_of([(x.upstream, x.downstream, 0) for x in links])
                monitor.relating.declare(declared)
            for batch in _batches(one.samples):
                monitor.taking.submit(batch, Mode.BACKFILL).result(120)
            monitor.settle(600)
            found = [_begun(monitor, fault) for fault in one.faults]
            relations = Relations(Rules(), lineage=monitor.relating.kept.lineage())
        finally:
            monitor.stop()
    ranked = [suspects(members, relations) for members in found]
    return [list(dict.fromkeys(dict(s.tags)["service"] for s in some)) for some in ranked]


def _begun(monitor: Monitor, fault: Fault) -> list[Anomaly]:
    """What began while the fault was on, wherever it was grouped."""
    page = monitor.recounting.anomalies(
        since_ms=fault.at_ms - MINUTE_MS, until_ms=fault.until_ms, limit=1_000
    )
    found = [placed.anomaly for placed in page.items if placed.anomaly.kind is not AnomalyKind.ENDED]
    return [one for one in found if fault.at_ms - MINUTE_MS <= one.begin_ms < fault.until_ms]


def _batches(samples: pd.DataFrame) -> Iterator[SampleBatch]:
    pairs = samples[["series", "service"]].drop_duplicates()
    known = {(a, b): Identity.of(a, {"service": b}) for a, b in pairs.itertuples(index=False)}
    canonical = {identity.fingerprint(): identity.canonical() for identity in known.values()}
    prints = {key: identity.fingerprint() for key, identity in known.items()}
    names = zip(samples.series, samples.service, strict=True)
    whole = np.fromiter((prints[name] for name in names), np.uint64, len(samples))
    ts_ms, value = samples.ts_ms.to_numpy(np.int64), samples.value.to_numpy(np.float64)
    for start in range(0, len(samples), _PIECE):
        some = slice(start, start + _PIECE)
        yield SampleBatch(whole[some], ts_ms[some], value[some], None, canonical)


def _selector(service: str) -> str:
    return f"*{{service={service}}}"


def _service(pod: str) -> str:
    """
    >>> _service("cartservice-579f59597d-wc2lz")
    'cartservice'
    """
    return pod.partition("-")[0]
