"""End to end: real HTTP on loopback, durable, two models a sample, all processes of the server counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bodies import FORMATS, Bodies
from benchmarks.figure import Figure
from benchmarks.posting import Poster, Spent, settle
from benchmarks.servers import ServerProcess, watchkeeper

TITLE = "POST /api/v1/samples on loopback: decode, log with fsync, two models, incidents"
YOUNG = 32
"""Final buckets at which a series gets its first models; the next learning pass is due at 128."""
_GOALS = {"Arrow": 1_000_000.0, "NDJSON": 400_000.0, "JSON": 400_000.0}


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    lanes: int
    warm: int  # sweeps before anything is measured
    sweeps: int  # in one repetition of one format
    repeats: int


FULL = Size(series=100_000, batch=10_000, lanes=2, warm=44, sweeps=3, repeats=6)
TOY = Size(series=400, batch=100, lanes=2, warm=44, sweeps=2, repeats=2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    with TemporaryDirectory(prefix="watchkeeper-bench-") as folder, watchkeeper(Path(folder)) as server:
        poster = Poster(server, size.lanes)
        try:
            return _measure(size, server, poster)
        finally:
            poster.close()


def _measure(size: Size, server: ServerProcess, poster: Poster) -> list[Figure]:
    bodies = Bodies(size.series, size.batch)
    warm_cpu_s = warm(server, poster, bodies, size.warm)
    spent: dict[str, list[Spent]] = {form.name: [] for form in FORMATS}
    number = size.warm
    samples = size.sweeps * size.series
    for _ in range(size.repeats):
        for form in FORMATS:
            work = [bodies.sweep(number + k, form) for k in range(size.sweeps)]
            number += size.sweeps
            spent[form.name].append(poster.measured(work, form.content_type, samples))
    status = settle(server)
    assert status["series"] == size.series
    assert sum(shard["samples"] for shard in status["shards"]) == number * size.series
    check_models(server)
    figures: list[Figure] = []
    measured = f"{size.repeats} × {size.sweeps} sweeps of {size.series:,} series in bodies of {size.batch:,}"
    for name, parts in spent.items():
        cpu, wall = median(s.cpu_ns for s in parts), median(s.wall_ns for s in parts)
        figures += [
            Figure(name, 1e9 / cpu, "samples/s a core", goal=_GOALS.get(name), note=f"CPU; {measured}"),
            Figure(f"{name}, CPU", cpu, "ns a sample", note="all server processes, until applied"),
            Figure(f"{name}, wall", 1e9 / wall, "samples/s", note=f"acknowledged, {size.lanes} connections"),
        ]
    return [
        *figures,
        Figure(
            "warm-up", 1e6 * warm_cpu_s / size.series, "µs CPU a series", note=f"{size.warm} sweeps, models"
        ),
        Figure("resident", server.resident_bytes() / 2**20, "MiB", note="all server processes, at the end"),
        Figure("asked to wait", float(poster.refused), "answers", note="429 or 503, sent again"),
    ]


def warm(server: ServerProcess, poster: Poster, bodies: Bodies, sweeps: int) -> float:
    """Send sweeps until every series has its models; -> the CPU seconds this took."""
    before = server.cpu_s()
    form = FORMATS[0]
    for number in range(sweeps):
        poster.sweeps([bodies.sweep(number, form)], form.content_type)
        if number == YOUNG + 2:
            settle(server)
    settle(server)
    return server.cpu_s() - before


def check_models(server: ServerProcess) -> None:
    """Series that were looked at have two models and a threshold."""
    items = server.get("/api/v1/series?limit=100")["items"]
    assert items, "no series"
    for item in items:
        assert all(item[part] for part in ("champion", "challenger", "threshold")), f"no models yet: {item}"
        assert item["stage"] != "learning", f"still learning: {item}"
