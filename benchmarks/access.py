"""What a token costs: the same bodies to a server without access control and to one with, in turns."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bodies import FORMATS, Bodies, Format
from benchmarks.figure import Figure
from benchmarks.http import YOUNG, warm
from benchmarks.posting import Poster
from benchmarks.servers import ROOT, ServerProcess, request, watchkeeper

TITLE = "POST /api/v1/samples with a token over without: CPU of all server processes, bodies of 10,000"
_MOST = 1.03
_ARROW_AND_JSON = [form for form in FORMATS if form.name in ("Arrow", "JSON")]


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    warm: int
    sweeps: int
    repeats: int


FULL = Size(series=20_000, batch=10_000, warm=44, sweeps=40, repeats=9)
TOY = Size(series=200, batch=100, warm=YOUNG + 12, sweeps=2, repeats=2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    with TemporaryDirectory(prefix="watchkeeper-bench-") as folder, ExitStack() as stack:
        off = stack.enter_context(watchkeeper(Path(folder) / "off"))
        made = _tokens(Path(folder) / "on")
        on = watchkeeper(Path(folder) / "on", WATCHKEEPER_AUTH="on")
        on.token = made["admin"]
        stack.enter_context(on)
        bound = _bound(on)
        posters = {
            "without": Poster(off, 1),
            "token": Poster(on, 1, token=made["writer"]),
            "bound token": Poster(on, 1, token=bound),
        }
        for poster in posters.values():
            stack.callback(poster.close)
        return _measure(size, {"without": off, "token": on}, posters)


def _tokens(folder: Path) -> dict[str, str]:
    """Made as an operator makes them, before the first start."""
    found = {}
    for name, scopes in {"admin": ("admin", "read"), "writer": ("ingest",)}.items():
        command = [sys.executable, "-m", "api.cli", "token", "create", name, "--data-dir", str(folder)]
        command += [word for scope in scopes for word in ("--scope", scope)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found[name] = done.stdout.strip()
    return found


def _bound(server: ServerProcess) -> str:
    """A token for a team that every series is of, and a prefix that every metric has."""
    team = {"rules": [{"tags": {"zone": "zone-*"}}]}
    _ask(server, "PUT", "/api/v1/teams/all", team)
    wanted = {"name": "bound", "scopes": ["ingest"], "team": "all", "prefix": "http_"}
    return str(_ask(server, "POST", "/api/v1/tokens", wanted)["token"])


def _ask(server: ServerProcess, method: str, path: str, body: Mapping[str, object]) -> dict[str, object]:
    content = json.dumps(body).encode()
    status, answer = request(server.port, method, path, content, "application/json", token=server.token)
    if status not in (200, 201):
        raise RuntimeError(f"{path} answered {status}: {answer[:300]!r}")
    return dict(json.loads(answer))


def _measure(size: Size, servers: Mapping[str, ServerProcess], posters: Mapping[str, Poster]) -> list[Figure]:
    bodies = Bodies(size.series, size.batch)
    for name, server in servers.items():
        warm(server, posters[name], bodies, size.warm)
    figures: list[Figure] = []
    number = size.warm
    for form in _ARROW_AND_JSON:
        spent: dict[str, list[float]] = {name: [] for name in posters}
        for repeat in range(size.repeats):
            order = list(posters) if repeat % 2 else list(posters)[::-1]
            for name in order:
                spent[name].append(_cost(size, bodies, form, number, posters[name]))
                number += size.sweeps
        without = median(spent["without"])
        figures.append(Figure(f"{form.name}, without", without, "ns CPU a sample", note="access control off"))
        for name in ("token", "bound token"):
            ratio = median(a / b for a, b in zip(spent[name], spent["without"], strict=True))
            spread = sorted(a / b for a, b in zip(spent[name], spent["without"], strict=True))
            note = f"of {size.repeats} pairs: {spread[0]:.3f} to {spread[-1]:.3f}"
            figures.append(Figure(f"{form.name}, {name}", ratio, "×", goal=_MOST, at_most=True, note=note))
    return figures


def _cost(size: Size, bodies: Bodies, form: Format, number: int, poster: Poster) -> float:
    work = [bodies.sweep(number + k, form) for k in range(size.sweeps)]
    return poster.measured(work, form.content_type, size.sweeps * size.series).cpu_ns
