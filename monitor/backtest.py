"""A back-test: samples scored offline by the engine that runs live, in a folder that is thrown away.

>>> import pandas as pd
>>> times = pd.date_range("2026-01-01", periods=300, freq="min", tz="UTC")
>>> frame = pd.DataFrame({"timestamp": times, "orders": [10.0, 11.0, 9.0] * 100})
>>> scored = backtest(frame)
>>> list(scored.columns)[:3], len(scored)
(['timestamp', 'metric', 'value'], 300)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collectors.files import chunks, merged_in_time
from monitor.domain.anomaly import ANOMALOUS, Anomaly, AnomalyKind
from monitor.domain.batch import SampleBatch
from monitor.domain.observation import Observations
from monitor.domain.records import Tick
from monitor.domain.series import Identity
from monitor.settings import Settings
from monitor.shadow import Shadow

CHUNK = 50_000
_SCORED = ("expected", "lower", "upper", "score")


def backtest(frame: pd.DataFrame, settings: Settings | None = None) -> pd.DataFrame:
    """Score every sample of ``frame`` with what the server would have said of it.

    ``frame`` is long (columns ``metric`` and ``value``, a time column, ``n`` optional, other text columns are
    tags) or wide (first time column, one column a metric). Times are UTC if naive. Rows without a finite
    value are left out. Returned, in the frame's order: timestamp, metric, tags…, value, expected, lower,
    upper, score (0-100), anomaly (Int64, unique in the run, missing if none), kind. Some 3 µs a sample.
    """
    settings = settings or Settings()
    table = _long(frame)
    batch, keys = _batch(table)
    order = merged_in_time(batch)
    run = _Run()
    run.play(chunks(batch, order, CHUNK), int(batch.ts_ms.max(initial=0)), settings)
    return _joined(table, keys, batch.ts_ms, run)


def _long(frame: pd.DataFrame) -> pd.DataFrame:
    time = next((c for c in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[c])), None)
    if time is None:
        raise ValueError("the frame has no time column")
    if not {"metric", "value"} <= set(frame.columns):
        frame = frame.melt(id_vars=[time], var_name="metric", value_name="value", ignore_index=False)
        frame = frame.sort_index(kind="stable")
    frame = frame.rename(columns={time: "timestamp"})
    values = frame["value"].to_numpy(np.float64)
    finite: pd.DataFrame = frame[np.isfinite(values)]
    return finite.reset_index(drop=True)


def _tags(table: pd.DataFrame) -> list[str]:
    known = {"timestamp", "metric", "value", "n", "label", "scored", "weight"}
    text = [c for c in table.columns if c not in known and not pd.api.types.is_numeric_dtype(table[c])]
    return [str(c) for c in text]


def _batch(table: pd.DataFrame) -> tuple[SampleBatch, NDArray[np.uint64]]:
    tags = _tags(table)
    codes = table.groupby(["metric", *tags], dropna=False, sort=False).ngroup().to_numpy()
    firsts = table.iloc[np.unique(codes, return_index=True)[1]]
    identities = [
        Identity.of(str(row["metric"]), {t: str(row[t]) for t in tags if pd.notna(row[t])})
        for _, row in firsts.iterrows()
    ]
    prints = np.array([i.fingerprint() for i in identities], np.uint64)
    times = pd.to_datetime(table["timestamp"], utc=True).dt.as_unit("ms").astype("int64").to_numpy()
    n = table["n"].to_numpy(np.float64) if "n" in table.columns else None
    batch = SampleBatch(
        fingerprint=prints[codes],
        ts_ms=np.array(times, np.int64),
        value=np.array(table["value"].to_numpy(np.float64)),
        n=np.array(n) if n is not None else None,
        identities={i.fingerprint(): i.canonical() for i in identities},
    )
    return batch, batch.fingerprint


class _Run:
    """What an inline engine says of the samples: observations, anomalies, cadences."""

    def __init__(self) -> None:
        self._parts: list[tuple[Observations, NDArray[np.uint64]]] = []
        self.anomalies: dict[str, Anomaly] = {}
        self.cadences: dict[int, int] = {}

    def play(self, batches: Iterator[SampleBatch], end_ms: int, settings: Settings) -> None:
        with Shadow(settings.default_timezone, settings.limits, self._observe) as shadow:
            for batch in batches:
                shadow.feed(batch, end_ms)
            shadow.engine.control(Tick(end_ms, complete=True)).result()
            shadow.settle()
            self.cadences = shadow.engine.ask(0, "cadences")
        self.anomalies = shadow.anomalies

    def _observe(self, observations: Observations, prints: NDArray[np.uint64]) -> None:
        if len(observations):
            self._parts.append((observations, prints[observations.row]))

    def observations(self) -> pd.DataFrame:
        parts = [p for p, _ in self._parts]
        whole = Observations.concat(parts)
        prints = [f for _, f in self._parts] or [np.empty(0, np.uint64)]
        return pd.DataFrame(
            {
                "key": np.concatenate(prints),
                "bucket": whole.ts_ms,
                **{c: getattr(whole, c) for c in (*_SCORED, "verdict")},
            }
        )


def _joined(
    table: pd.DataFrame, keys: NDArray[np.uint64], ts_ms: NDArray[np.int64], run: _Run
) -> pd.DataFrame:
    distinct, which = np.unique(keys, return_inverse=True)
    cadence = np.array([run.cadences.get(int(key), 1) for key in distinct], np.int64)[which]
    bucket = ts_ms // np.maximum(cadence, 1) * np.maximum(cadence, 1)
    left = pd.DataFrame({"key": keys, "bucket": bucket})
    scored = left.merge(run.observations(), on=["key", "bucket"], how="left", sort=False)
    out = table[["timestamp", "metric", *_tags(table), "value"]].copy()
    for column in _SCORED:
        out[column] = scored[column].to_numpy(np.float64)
    numbers, kinds = _placed(keys, bucket, scored["verdict"].to_numpy(np.float64), run.anomalies)
    out["anomaly"] = numbers
    out["kind"] = kinds
    return out


def _placed(
    keys: NDArray[np.uint64],
    bucket: NDArray[np.int64],
    verdict: NDArray[np.float64],
    anomalies: dict[str, Anomaly],
) -> tuple[Any, NDArray[np.object_]]:
    """The number and the kind of the anomaly that each sample is part of, of two the one that began later."""
    number = np.zeros(len(keys), np.int64)
    kind = np.full(len(keys), None, object)
    order = np.lexsort((bucket, keys))
    ordered = keys[order]
    drift = (
        AnomalyKind.ABSORBED_DRIFT
    )  # told at one sample, and gives way to what the sample itself is part of
    ranked = sorted(anomalies.values(), key=lambda a: (a.kind is not drift, a.begin_ms, a.id))
    for count, anomaly in enumerate(ranked, start=1):
        if anomaly.kind in (AnomalyKind.NO_DATA, AnomalyKind.ENDED):
            continue
        key = np.uint64(anomaly.series.fingerprint())
        first, last = np.searchsorted(ordered, key, "left"), np.searchsorted(ordered, key, "right")
        part = order[first:last]
        last_ms = anomaly.last_ms if anomaly.end_ms is not None else _still(part, bucket, verdict)
        inside = part[(bucket[part] >= anomaly.begin_ms) & (bucket[part] <= last_ms)]
        number[inside] = count
        kind[inside] = anomaly.kind.value
    return pd.arrays.IntegerArray(number, number == 0), kind


def _still(part: NDArray[np.intp], bucket: NDArray[np.int64], verdict: NDArray[np.float64]) -> int:
    """The last anomalous bucket of a series whose anomaly is open where the data end."""
    return int(bucket[part[np.isin(verdict[part], ANOMALOUS)]].max(initial=0))
