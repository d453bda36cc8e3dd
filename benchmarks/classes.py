"""Right classes, right periods, no false seasons; and what season detection and classification cost.

Seeds here are others than those on which the limits were chosen (`learners.synthetic_classes`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.timing import in_turns
from learners.classify import Classified, classify
from learners.rows import Rows
from learners.season import find_seasons, seasons_of
from learners.synthetic_classes import MAKERS, NULLS, Sample, of_class, with_seasons, without_season

TITLE = "metric classes and seasons of windows of 2,016 buckets"
SEED = 977
THREADS = 2
_PEER_SIZE = 4_096


@dataclass(frozen=True, slots=True)
class Size:
    windows: int  # of each kind
    series: int
    repeats: int


FULL = Size(windows=400, series=2_048, repeats=5)
TOY = Size(windows=8, series=24, repeats=1)


def run(toy: bool, seed: int = SEED) -> list[Figure]:
    size = TOY if toy else FULL
    return [*_classes(size, seed), *_seasons(size, seed), *_speed(size, seed)]


def _judged(samples: list[Sample]) -> tuple[list[tuple[int, ...]], list[Classified]]:
    rows = Rows.of(np.stack([one.y for one in samples]))
    found = find_seasons(rows, np.array([one.cadence_ms for one in samples]))
    has_n = np.array([one.has_n for one in samples])
    none: list[str | None] = [None] * len(samples)
    return [seasons_of(row).periods for row in found], classify(rows, found, none, has_n, none)


def _many(make: Callable[[int], Sample], count: int) -> list[Sample]:
    return [make(number) for number in range(count)]


def _classes(size: Size, seed: int) -> list[Figure]:
    figures = []
    for name in MAKERS:
        samples = _many(lambda i, name=name: of_class(name, i, seed), size.windows)  # type: ignore[misc]
        _, classes = _judged(samples)
        right = float(np.mean([a.metric_class == b.name for a, b in zip(samples, classes, strict=True)]))
        figures.append(Figure(f"class {name}", 100.0 * right, "%", goal=95.0))
    for seasons in (1, 2):
        samples = _many(lambda i, k=seasons: with_seasons(k, i, seed), size.windows)  # type: ignore[misc]
        right = float(np.mean([one.name == "seasonal" for one in _judged(samples)[1]]))
        figures.append(Figure(f"class seasonal, {seasons}", 100.0 * right, "%", goal=95.0))
    return figures


def _seasons(size: Size, seed: int) -> list[Figure]:
    figures = []
    for gaps, outliers, word in ((0.0, 0.0, "clean"), (0.1, 0.01, "10 % gaps, 1 % outliers")):
        for seasons, goal in ((1, 97.0), (2, 90.0)):
            samples = _many(
                lambda i, k=seasons, g=gaps, o=outliers: with_seasons(k, i, seed, gaps=g, outliers=o),  # type: ignore[misc]
                size.windows,
            )
            periods, _ = _judged(samples)
            right = float(np.mean([_right(a.periods, b) for a, b in zip(samples, periods, strict=True)]))
            exact = float(np.mean([a.periods == b for a, b in zip(samples, periods, strict=True)]))
            name = f"right periods, {seasons}, {word}"
            note = f"within 1 % or a bucket; exact {exact:.1%}"
            figures.append(Figure(name, 100.0 * right, "%", goal=goal, note=note))
        false = {}
        for name in NULLS:
            samples = _many(
                lambda i, k=name, g=gaps, o=outliers: without_season(k, i, seed, gaps=g, outliers=o),  # type: ignore[misc]
                size.windows,
            )
            false[name] = 100.0 * float(np.mean([bool(found) for found in _judged(samples)[0]]))
        worst = max(false, key=lambda name: false[name])
        note = f"most in {worst}: {false[worst]:.1f} %"
        mean = float(np.mean(list(false.values())))
        figures.append(Figure(f"false seasons, {word}", mean, "%", goal=2.0, at_most=True, note=note))
        figures.append(Figure(f"false seasons, worst, {word}", false[worst], "%", goal=2.0, at_most=True))
    return figures


def _right(true: tuple[int, ...], found: tuple[int, ...]) -> bool:
    if len(true) != len(found):
        return False
    return all(abs(a - b) <= max(1.0, 0.01 * a) for a, b in zip(sorted(true), found, strict=True))


def _speed(size: Size, seed: int) -> list[Figure]:
    kinds: list[Callable[[int], Sample]] = [
        lambda i: with_seasons(1, i, seed, gaps=0.1),
        lambda i: with_seasons(2, i, seed),
        lambda i: of_class("smooth", i, seed),
        lambda i: of_class("count", i, seed),
        lambda i: without_season("AR(1) 0.98", i, seed),
        lambda i: of_class("discrete", i, seed),
        lambda i: of_class("trending", i, seed),
        lambda i: of_class("bursty", i, seed),
    ]
    samples = [kinds[i % len(kinds)](i) for i in range(size.series)]
    values = np.stack([one.y for one in samples])
    cadence = np.array([one.cadence_ms for one in samples])

    def part(which: NDArray[np.int64]) -> None:
        rows = Rows.of(values[which])
        found = find_seasons(rows, cadence[which])
        none: list[str | None] = [None] * len(which)
        classify(rows, found, none, np.zeros(len(which), np.bool_), none)

    chunks = np.array_split(np.arange(size.series), max(size.series // 256, THREADS))
    pool = ThreadPoolExecutor(THREADS)

    def alone(repeat: int) -> None:
        for chunk in chunks:
            part(chunk)

    def together(repeat: int) -> None:
        list(pool.map(part, chunks))

    whole = np.nan_to_num(values)

    def transform(repeat: int) -> None:
        for chunk in chunks:
            scipy.fft.rfft(whole[chunk], _PEER_SIZE, axis=1, workers=1)

    alone(0)
    cost = in_turns({"one": alone, "two": together, "transform": transform}, size.repeats)
    pool.shutdown()
    cpu_us = cost["one"].cpu_ns(size.series) / 1e3
    return [
        Figure("series a second, by CPU", THREADS * 1e6 / cpu_us, "/s", goal=8_000.0, note="two cores"),
        Figure("series a second", size.series / cost["two"].wall_s, "/s", note="two threads, on the clock"),
        Figure("cost", cpu_us, "µs CPU a series", note="one thread; season detection and classification"),
        Figure(
            "cost over a transform",
            cost["one"].cpu_s / cost["transform"].cpu_s,
            "×",
            note=f"CPU; one scipy rfft of each row, padded to {_PEER_SIZE:,}",
        ),
        Figure("threads", cost["one"].wall_s / cost["two"].wall_s, "×", note="two over one, on the clock"),
    ]
