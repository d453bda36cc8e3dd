"""The same JSON bodies sent to the product and to the service one would write first, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bodies import FORMATS, JSON, Bodies
from benchmarks.figure import Figure
from benchmarks.http import check_models, warm
from benchmarks.posting import Poster, Spent, settle
from benchmarks.servers import ServerProcess, free_port, watchkeeper

TITLE = "the product against FastAPI, Pydantic, River objects and SQLite; JSON over HTTP"
_JSON = next(form for form in FORMATS if form.content_type == JSON)


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    warm: int
    sweeps: int  # for the product, in one repetition
    naive_sweeps: int
    repeats: int


FULL = Size(series=10_000, batch=10_000, warm=44, sweeps=14, naive_sweeps=2, repeats=5)
TOY = Size(series=200, batch=100, warm=44, sweeps=2, naive_sweeps=1, repeats=2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    with (
        TemporaryDirectory(prefix="watchkeeper-bench-") as folder,
        watchkeeper(Path(folder) / "data") as ours,
        _naive(Path(folder)) as theirs,
    ):
        return _measure(size, ours, theirs)


def _naive(folder: Path) -> ServerProcess:
    port = free_port()
    arguments = ["-m", "benchmarks.naive_service", str(port), str(folder / "naive.db")]
    return ServerProcess(arguments, port, "/ready")


def _measure(size: Size, ours: ServerProcess, theirs: ServerProcess) -> list[Figure]:
    bodies = Bodies(size.series, size.batch)
    poster, naive = Poster(ours, 1), Poster(theirs, 1)
    warm(ours, poster, bodies, size.warm)
    for number in range(size.warm - 26, size.warm):  # a season, and some for the scorers
        naive.sweeps([bodies.sweep(number, _JSON)], JSON)
    spent: list[Spent] = []
    naive_spent: list[Spent] = []
    number = size.warm
    for _ in range(size.repeats):
        work = [bodies.sweep(number + k, _JSON) for k in range(size.sweeps)]
        number += size.sweeps
        spent.append(poster.measured(work, JSON, size.sweeps * size.series))
        some = work[-size.naive_sweeps :]
        naive_spent.append(naive.measured(some, JSON, size.naive_sweeps * size.series, applied_at_once=True))
    settle(ours)
    check_models(ours)
    poster.close()
    naive.close()
    return _figures(size, spent, naive_spent)


def _figures(size: Size, spent: list[Spent], naive_spent: list[Spent]) -> list[Figure]:
    cpu, naive_cpu = median(s.cpu_ns for s in spent), median(s.cpu_ns for s in naive_spent)
    wall, naive_wall = median(s.wall_ns for s in spent), median(s.wall_ns for s in naive_spent)
    where = f"{size.series:,} series, bodies of {size.batch:,}, one connection"
    return [
        Figure("naive over ours", naive_cpu / cpu, "×", goal=8.0, note=f"CPU of the server; {where}"),
        Figure("naive over ours, wall", naive_wall / wall, "×", note="until acknowledged"),
        Figure("ours", cpu, "ns CPU a sample", note=f"{size.repeats} × {size.sweeps} sweeps"),
        Figure("naive", naive_cpu, "ns CPU a sample", note=f"{size.repeats} × {size.naive_sweeps} sweeps"),
        Figure("ours, wall", wall, "ns a sample"),
        Figure("naive, wall", naive_wall, "ns a sample"),
    ]
