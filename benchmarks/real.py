"""Labelled public streams, scored as their README says: the development half, the other half only when asked.

The folder is that of the environment variable WATCHKEEPER_DATA (default ../shared/data). A metric belongs to
the development half if the CRC-32 of its name is even. Nothing of the warm-up counts, which is what the
file does not score, at least a day and a tenth of the series.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.detectors import DETECTORS, SLOW, Flags, Series
from benchmarks.figure import Figure
from benchmarks.measures import Tally, spans_of, tally

TITLE = "Labelled public streams, development half"
FILES = ("kpi_dev", "mscloud", "nab_part")
NO_RIVER = ("kpi_dev",)
"""Files too long for detectors of 100 µs a point."""
_ROOT = Path(__file__).resolve().parent.parent
_TOY_POINTS = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A series on its own grid, with what people said of it."""

    metric: str
    series: Series
    label: Flags


def folder() -> Path:
    """Where the streams should be."""
    return Path(os.environ.get("WATCHKEEPER_DATA") or _ROOT.parent / "shared" / "data").resolve()


def is_held_back(metric: str) -> bool:
    """Is it in the half that nobody looks at while developing?

    >>> [is_held_back(name) for name in ("a", "b")]
    [True, False]
    """
    return zlib.crc32(metric.encode()) % 2 == 1


def run(toy: bool) -> list[Figure]:
    return figures(toy, held_back=False)


def figures(toy: bool, *, held_back: bool) -> list[Figure]:
    """Measures of every detector on each file; one figure that says so where the folder is not there."""
    there = [name for name in FILES if (folder() / f"{name}.parquet").exists()]
    told = [Figure("files found", len(there), f"of {len(FILES)}", note=_absent(there))]
    for name in there:
        many = labelled(name, held_back)
        if toy:
            many = [start(one) for one in many[:1]]
        if not many:
            continue
        detectors = DETECTORS if name in NO_RIVER or toy else {**DETECTORS, **SLOW}
        for detector, detect in detectors.items():
            flags = detect([one.series for one in many])
            total = Tally.of(_judged(one, found) for one, found in zip(many, flags, strict=True))
            told += _measures(f"{name}, {detector}", total)
    return told


def labelled(name: str, held_back: bool) -> list[Labelled]:
    """The series of a file that are of the half asked for, in the order of their names."""
    frame = pd.read_parquet(folder() / f"{name}.parquet")
    wanted = [m for m in sorted(frame["metric"].unique()) if is_held_back(m) == held_back]
    rows = frame[frame["metric"].isin(wanted)]
    return [_on_grid(str(metric), part) for metric, part in rows.groupby("metric", sort=True)]


def _on_grid(metric: str, part: pd.DataFrame) -> Labelled:
    part = part[np.isfinite(part["value"])].sort_values("timestamp", kind="stable")
    ts_ms = pd.to_datetime(part["timestamp"], utc=True).dt.as_unit("ms").astype("int64").to_numpy()
    steps = np.diff(ts_ms)
    cadence = max(int(np.median(steps[steps > 0])), 1)
    at = ts_ms // cadence - ts_ms[0] // cadence
    value = np.full(int(at[-1]) + 1, np.nan)
    label, scored = np.zeros(len(value), np.bool_), np.zeros(len(value), np.bool_)
    value[at] = part["value"].to_numpy(np.float64)
    label[at] = part["label"].to_numpy(np.int64) > 0
    scored[at] = part["scored"].to_numpy(np.bool_)
    label[np.isnan(value)] = False
    quiet = int(np.argmax(scored)) if scored.any() else 0
    warm = max(quiet, min(86_400_000 // cadence, len(value) // 3), len(value) // 10)
    return Labelled(metric, Series(value, warm, cadence, int(ts_ms[0] // cadence * cadence)), label)


def start(one: Labelled) -> Labelled:
    part, series = slice(0, _TOY_POINTS), one.series
    warm = min(series.warm, _TOY_POINTS // 2)
    short = Series(series.value[part], warm, series.cadence_ms, series.start_ms)
    return Labelled(one.metric, short, one.label[part])


def _judged(one: Labelled, flags: Flags) -> Tally:
    """Points that were sent, after the warm-up; gaps are no points. Nothing settles: labels are people's."""
    there = np.isfinite(one.series.value)
    there[: one.series.warm] = False
    return tally(flags[there], spans_of(one.label[there]), one.series.cadence_ms, settling=0)


def _measures(name: str, told: Tally) -> list[Figure]:
    figures = [
        Figure(f"{name}: delay-F1", told.delay_f1, "", note=f"{told.spans} spans in {told.points:,} points"),
        Figure(f"{name}: event F1", told.event_f1, ""),
        Figure(f"{name}: precision", 100.0 * told.precision, "%"),
        Figure(f"{name}: recall", 100.0 * told.recall, "%"),
        Figure(f"{name}: false alarms", told.false_per_10k, "in 10,000 points"),
    ]
    if told.delays:
        note = f"p90 {told.delay(0.9):.0f}"
        figures.append(Figure(f"{name}: delay", told.delay(0.5), "points", note=note))
    return figures


def _absent(there: list[str]) -> str:
    if len(there) == len(FILES):
        return ""
    missing = ", ".join(f"{name}.parquet" for name in FILES if name not in there)
    return f"no {missing}: set WATCHKEEPER_DATA to the folder that has them"
