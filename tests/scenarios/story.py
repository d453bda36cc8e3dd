"""Five series with everything that happens to real ones, as the rows of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from monitor.domain.durations import HOUR_MS, MINUTE_MS

START_MS = 1_700_000_040_000 // HOUR_MS * HOUR_MS
LENGTH = 700


def rows() -> pd.DataFrame:
    """Long rows in event time: seasons, noise, gaps, a level change, spikes, duplicates and conflicts."""
    random = np.random.default_rng(20_260_101)
    parts = [_series(random, place) for place in range(5)]
    frame = pd.concat(parts).sort_values(["ts_ms", "metric", "host"], kind="stable").reset_index(drop=True)
    frame.insert(0, "timestamp", pd.to_datetime(frame["ts_ms"], unit="ms", utc=True))
    return frame


def _series(random: np.random.Generator, place: int) -> pd.DataFrame:
    step = HOUR_MS if place < 2 else MINUTE_MS
    at = np.arange(LENGTH)
    value = 100.0 + random.normal(size=LENGTH)
    if place < 2:
        value += 20 * np.sin(2 * np.pi * at / 24)  # a day
    if place == 3:
        value[at >= 420] += 60.0  # a new level, far enough out for a first day
    if place == 4:
        value = np.where(random.random(LENGTH) < 0.3, 1.0, 0.0) * random.integers(1, 9, LENGTH)
    for spike in (300, 301, 555):
        value[spike] += 100.0
    kept = np.ones(LENGTH, bool)
    kept[random.integers(50, LENGTH, 25)] = False  # gaps of one
    kept[600:606] = False  # and one of six
    if place == 2:
        kept[250:290] = False
    ts_ms = START_MS + at * step + random.integers(0, step // 3, LENGTH)
    table = pd.DataFrame({"ts_ms": ts_ms, "value": np.round(value, 6)})[kept]
    again = table.sample(20, random_state=place)  # the same sample twice
    other = table.sample(20, random_state=place + 50).assign(value=lambda t: t["value"] + 0.5)
    table = pd.concat([table, again, other])
    return table.assign(metric="orders" if place < 2 else "latency", host=f"h{place}")


def jittered(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows as they might arrive: each late by less than a bucket of its series."""
    random = np.random.default_rng(seed)
    step = np.where(frame["metric"] == "orders", HOUR_MS, MINUTE_MS)
    arrival = frame["ts_ms"].to_numpy() + random.random(len(frame)) * step * 0.9
    return frame.iloc[np.argsort(arrival, kind="stable")].reset_index(drop=True)


def shuffled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    return frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.drop(columns="ts_ms").to_csv(path, index=False)
    return path
