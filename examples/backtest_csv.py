"""Back-test a CSV file in which faults were planted, and see which of them are found.

    python examples/backtest_csv.py

Writes two weeks of five-minute traffic with a spike, an outage and a lasting drop, scores the file with the
code that runs live, and prints every anomaly with the fault it belongs to.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from monitor.backtest import backtest

START = pd.Timestamp("2026-01-05", tz="UTC")
DAY = 288
SAMPLES = 14 * DAY


@dataclass(frozen=True)
class Fault:
    """Samples ``first`` to ``last`` (inclusive) are multiplied by ``factor``."""

    name: str
    first: int
    last: int
    factor: float


FAULTS = (
    Fault("spike", 9 * DAY + 100, 9 * DAY + 101, 2.5),
    Fault("outage", 11 * DAY + 50, 11 * DAY + 61, 0.05),
    Fault("drop", 12 * DAY + 150, SAMPLES - 1, 0.5),
)


def write(path: Path, seed: int = 7) -> None:
    """The file: a daily rhythm, noise of 3 %, and the faults."""
    rng = random.Random(seed)
    with path.open("w") as file:
        file.write("timestamp,requests\n")
        for i in range(SAMPLES):
            value = 1000.0 * (1.0 + 0.5 * math.sin(2 * math.pi * i / DAY)) * rng.gauss(1.0, 0.03)
            for fault in FAULTS:
                if fault.first <= i <= fault.last:
                    value *= fault.factor
            file.write(f"{(START + pd.Timedelta(minutes=5 * i)).isoformat()},{value:.2f}\n")


def score(path: Path) -> pd.DataFrame:
    """The samples of the file with expected, lower, upper, score, anomaly and kind."""
    frame = pd.read_csv(path, parse_dates=["timestamp"])
    return backtest(frame)


def anomalies(scored: pd.DataFrame) -> pd.DataFrame:
    """One row an anomaly: kind, first and last sample, highest score, and the fault planted there, if any."""
    found = scored.assign(sample=range(len(scored))).dropna(subset=["anomaly"]).groupby("anomaly")
    table = found.agg(
        kind=("kind", "first"), first=("sample", "min"), last=("sample", "max"), score=("score", "max")
    )
    ends = zip(table["first"].to_list(), table["last"].to_list(), strict=True)
    table["fault"] = [fault_at(first, last) for first, last in ends]
    return table


def fault_at(first: int, last: int) -> str:
    return ", ".join(f.name for f in FAULTS if f.first <= last and first <= f.last) or "none"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests.csv"
        write(path)
        table = anomalies(score(path))
    print(table.to_string(float_format="{:.1f}".format))
    missed = [f.name for f in FAULTS if not table["fault"].str.contains(f.name).any()]
    print("missed: " + (", ".join(missed) or "nothing"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
