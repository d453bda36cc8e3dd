"""Searching a million series by words, a tag and a metric: one shard's answer to the explorer's question.

Each question asks for a page of 100, and mostly of another word than the one before. In full size the same
names are pushed to a server of two shards and asked for over HTTP (`benchmarks.search_http`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np

from benchmarks.figure import Figure
from benchmarks.search_http import over_http
from benchmarks.shard_memory import resident
from monitor.catalogue.built import Names
from monitor.catalogue.catalogue import Catalogue
from monitor.catalogue.kernels import warm_catalogue
from monitor.domain.series import Identity
from monitor.engine.parts import Parts
from monitor.engine.queries import Queries
from monitor.intake.dedup import Remembered
from monitor.intake.index import SeriesIndex
from monitor.intake.limits import Limits
from monitor.shard.shard import Shard

TITLE = "a million series searched in one shard"
GOAL_MS = 200.0
TEAM = "of a team with few"
_METRICS = ("requests_total", "errors_total", "latency_seconds", "queue_length", "cache_hits")
_COUNTRIES = ("NL", "DE", "BE", "FR", "IT", "ES", "PT", "SE", "NO", "DK")
_SERVICES = ("checkout", "payments", "search", "basket", "login", "shipping", "reviews", "images")
_SERIES_AND_NEW = 10
"""One in so many came since the last build."""


def run(toy: bool) -> list[Figure]:
    series, asked = (2_000, 8) if toy else (1_000_000, 40)
    warm_catalogue()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        index = SeriesIndex()
        old = series - series // _SERIES_AND_NEW
        _enter(index, range(old))
        catalogue = Catalogue(Path(folder) / "names")
        before = resident()
        catalogue.begin()
        names = Names(*index.names())
        began, cpu = time.perf_counter(), time.process_time()
        catalogue.adopt(catalogue.build(names))
        built_s, built_cpu_s = time.perf_counter() - began, time.process_time() - cpu
        del names
        opened_s = _timed_s(lambda: Catalogue(Path(folder) / "names"))
        on_disk = (Path(folder) / "names").stat().st_size
        mapped = resident() - before
        _enter(index, range(old, series))
        before = resident()
        parts = _parts(index, catalogue)
        figures = [
            Figure("built", built_s, "s", note=f"{old} series; {built_cpu_s:.1f} s of CPU"),
            Figure("opened", opened_s, "s", note="read once, to check it"),
            Figure("on disk", on_disk / old, "bytes", note="a series"),
            Figure(
                "resident after a build", max(mapped, 0) / old, "bytes", note="a series; pages of the file"
            ),
            Figure("waiting in memory", float(series - old), "series"),
        ]
        queries = Queries(parts, Lock())
        for kind, questions in _questions(series, asked).items():
            figures += _asked(queries, kind, questions)
    if toy:
        return figures
    asked_over_http = {kind: some for kind, some in _questions(series, asked).items() if kind != TEAM}
    return [*figures, *over_http([_name(number) for number in range(series)], asked_over_http, GOAL_MS)]


def _timed_s(what: Any) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _name(number: int) -> Identity:
    return Identity.of(
        _METRICS[number % 5],
        {
            "country": _COUNTRIES[number // 5 % 10],
            "service": _SERVICES[number // 50 % 8],
            "host": f"web-{number // 400:04}.example",
        },
    )


def _enter(index: SeriesIndex, numbers: Sequence[int]) -> None:
    for number in numbers:
        name = _name(number)
        index.insert(name.fingerprint(), name.canonical())


def _parts(index: SeriesIndex, catalogue: Catalogue) -> Parts:
    """A shard that knows names and no samples."""
    nothing = cast(Any, None)
    shard = Shard("UTC")
    parts = Parts(nothing, index, Remembered(), shard, nothing, nothing, limits=Limits(), catalogue=catalogue)
    parts.teams.declare(
        "few", [{"host": "web-0000.example"}, {"service": "payments", "country": "NL", "host": "web-0001*"}]
    )
    return parts


def _questions(series: int, asked: int) -> dict[str, list[dict[str, str]]]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    host = [f"web-{i * 7919 % max(1, series // 400):04}" for i in range(asked)]
    return {
        "no word": [{}] * asked,
        "one letter": [{"q": letters[i % 36]} for i in range(asked)],
        "two letters": [{"q": letters[i * 7 % 36] + letters[i * 11 % 36]} for i in range(asked)],
        "common words": [{"q": (*_METRICS, *_SERVICES)[i % 13]} for i in range(asked)],
        "rare words": [{"q": one} for one in host],
        "words that fit nothing": [{"q": f"{one} Vienna"} for one in host],
        "three words": [{"q": f"{_COUNTRIES[i % 10].lower()} ERRORS {one}"} for i, one in enumerate(host)],
        "common words, never together": [{"q": f"requests errors {one}"} for one in _SERVICES] * (asked // 8),
        "letters that are common apart": [{"q": f"{_SERVICES[i % 8]}ch"} for i in range(asked)],
        TEAM: [{"team": "few"}] * asked,
        "a tag": [{"tag": f"host={one}.example"} for one in host],
        "a metric and a word": [{"metric": _METRICS[i % 5], "q": one} for i, one in enumerate(host)],
    }


def _asked(queries: Queries, kind: str, questions: Sequence[Mapping[str, str]]) -> list[Figure]:
    taken, cpu, found = [], [], 0
    for question in questions:
        began, began_cpu = time.perf_counter(), time.process_time()
        wanted: dict[str, Any] = {"metric": None, "q": None, "tag": None, **question}
        found += len(queries.series_list(**wanted, after="", limit=101))
        taken.append((time.perf_counter() - began) * 1_000)
        cpu.append((time.process_time() - began_cpu) * 1_000)
    p50, p95 = np.percentile(taken, [50, 95])
    note = f"{np.percentile(cpu, 95):.1f} ms of CPU; {found / len(questions):.0f} found on average"
    return [
        Figure(f"{kind}, p50", float(p50), "ms"),
        Figure(f"{kind}, p95", float(p95), "ms", goal=GOAL_MS, at_most=True, note=note),
    ]
