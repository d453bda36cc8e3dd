"""What a token adds to a request of 10,000 samples, beside what such a request costs the server in all.

The two are measured apart: on a shared machine no pair of whole runs is alike to some tenths of a per cent,
and all that access adds stands in two places, `Gate.admit` once a request and `Fence.through` once a sample.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from starlette.datastructures import Headers
from starlette.responses import Response

from api.access.access import Access
from api.access.actor import COMMAND_LINE
from api.access.fence import Fence
from api.access.gate import Gate
from benchmarks.bodies import FORMATS, Bodies
from benchmarks.figure import Figure
from benchmarks.http import warm
from benchmarks.posting import Poster
from benchmarks.servers import watchkeeper
from collectors.base import Decoded
from monitor.domain.access import Scope
from monitor.domain.batch import SampleBatch
from monitor.domain.series import Identity
from monitor.domain.teams import Teams
from monitor.settings import Settings
from monitor.store.accounts import Accounts
from monitor.store.database import Database
from monitor.store.migrations import upgrade

TITLE = "POST /api/v1/samples: with a token over without, CPU, bodies of 10,000"
BATCH = 10_000
_MOST = 1.03
_TURNS = 9


@dataclass(frozen=True, slots=True)
class Size:
    series: int
    batch: int
    warm: int
    sweeps: int
    calls: int


FULL = Size(series=50_000, batch=BATCH, warm=44, sweeps=12, calls=2_000)
TOY = Size(series=200, batch=100, warm=44, sweeps=2, calls=20)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    with TemporaryDirectory(prefix="watchkeeper-bench-") as folder:
        admitted, unasked = _admissions(size, Path(folder))
        fenced = _fence(size)
        whole = _whole(size, Path(folder) / "server")
    token = max(admitted - unasked, 0.0) / BATCH
    figures = [
        Figure("admission", admitted / 1e3, "µs a request", note=f"{unasked / 1e3:.1f} while access is off"),
        Figure("fence", fenced, "ns a sample", note="of a token bound to a team and a prefix"),
    ]
    for name, cost in whole.items():
        figures.append(Figure(f"{name}, without", cost, "ns CPU a sample", note="all server processes"))
        for what, added in (("token", token), ("bound token", token + fenced)):
            ratio = 1.0 + added / cost
            figures.append(Figure(f"{name}, {what}", ratio, "×", goal=_MOST, at_most=True))
    return figures


def _admissions(size: Size, folder: Path) -> tuple[float, float]:
    """Nanoseconds that a request is asked who it is: with a token, and where nobody asks."""
    url = f"sqlite:///{folder / 'access.db'}"
    upgrade(url)
    with Database(url) as database:
        accounts = Accounts(database)
        on, off = (Access(Settings(auth=auth), accounts) for auth in ("on", "off"))
        _, text = on.tokens.create("bench", [Scope.INGEST], COMMAND_LINE)
        head = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        asked = {"type": "http", "method": "POST", "path": "/api/v1/samples", "headers": head}
        signed = {**asked, "headers": [*head, (b"authorization", f"Bearer {text}".encode())]}
        gates = [Gate(access, list, Response) for access in (on, off)]
        admit = [
            lambda gate=gate, scope=scope: gate.admit(scope, Headers(scope=scope))
            for gate, scope in zip(gates, (signed, asked), strict=True)
        ]
        with_token, without = (_least_ns(call, size.calls) for call in admit)
    return with_token, without


def _fence(size: Size) -> float:
    """Nanoseconds a sample, of series that were decided on before."""
    names = [Identity.of(f"http_{i % 10}", {"host": f"h{i // 10}", "team": "red"}) for i in range(BATCH)]
    prints = np.array([name.fingerprint() for name in names], np.uint64)
    times, values = np.zeros(BATCH, np.int64), np.zeros(BATCH)
    identities = {name.fingerprint(): name.canonical() for name in names}
    known = Decoded(SampleBatch(prints, times, values, None, identities))
    again = Decoded(SampleBatch(prints, times, values))
    fence = Fence("red", "http_", Teams({"red": [{"team": "red"}]}))
    fence.through(known, lambda: known)
    return _least_ns(lambda: fence.through(again, lambda: known), max(size.calls // 50, 1)) / BATCH


def _whole(size: Size, folder: Path) -> dict[str, float]:
    """Nanoseconds of all server processes a sample, by format, access off."""
    found = {}
    with watchkeeper(folder) as server:
        poster = Poster(server, 1)
        try:
            bodies = Bodies(size.series, size.batch)
            warm(server, poster, bodies, size.warm)
            number = size.warm
            for form in (form for form in FORMATS if form.name in ("Arrow", "JSON")):
                work = [bodies.sweep(number + k, form) for k in range(size.sweeps)]
                number += size.sweeps
                spent = poster.measured(work, form.content_type, size.sweeps * size.series)
                found[form.name] = max(spent.cpu_ns, 1.0)  # a toy may cost less than the clock shows
        finally:
            poster.close()
    return found


def _least_ns(call: Callable[[], object], times: int) -> float:
    """The least of some turns: what others on the machine do only adds."""
    least = float("inf")
    for _ in range(_TURNS):
        began = time.process_time_ns()
        for _ in range(times):
            call()
        least = min(least, (time.process_time_ns() - began) / times)
    return least
