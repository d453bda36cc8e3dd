"""One learner alone: no server, no log, no files. Forecast, score and learn, a value at a time.

    python examples/one_series.py

A thermometer that is read every hour, with a rhythm of a day, and one hour in which it stands in the sun.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from learners.single import Forecast, Model

HOURS = 24 * 30
SUNNY = 24 * 25 + 14


def readings(seed: int = 3) -> Iterator[tuple[int, float]]:
    """(hour, degrees)."""
    rng = random.Random(seed)
    for hour in range(HOURS):
        degrees = 12.0 + 6.0 * math.sin(2 * math.pi * hour / 24) + rng.gauss(0, 0.5)
        yield hour, degrees + (9.0 if hour == SUNNY else 0.0)


def watch() -> list[tuple[int, float, float, Forecast]]:
    """(hour, degrees, score, forecast) of every reading. What scores high teaches nothing."""
    model = Model("seasonal_profile", offset=12.0, unit=5.0, periods=(24,))
    seen = []
    for hour, degrees in readings():
        forecast = model.forecast(hour)
        score = model.score_one(degrees, hour)
        warm = hour >= 24 * 7
        model.learn_one(degrees, hour, weight=0.0 if warm and score > 55.6 else 1.0)
        if warm:
            seen.append((hour, degrees, score, forecast))
    return seen


def main() -> int:
    for hour, degrees, score, forecast in sorted(watch(), key=lambda row: -row[2])[:3]:
        band = f"{forecast.lower:.1f} to {forecast.upper:.1f}"
        expected = f"expected {forecast.centre:.1f} ({band})"
        print(f"hour {hour}: {degrees:.1f} degrees, {expected}, score {score:.0f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
