"""``watchkeeper demo``: a year of flights through the whole system, over HTTP, as a backfill."""

from __future__ import annotations

import hashlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import numpy as np
from rich.console import Console

from api.client import Client, ServerTrouble, Values
from api.commands.ask import INCIDENT_COLUMNS
from api.commands.ingest import bar, send_all
from api.commands.serve import assemble, banner
from api.commands.storm import shortcomings
from api.tables import err, out, table
from collectors import flights
from collectors.flights_served import MODEL, SETTINGS
from monitor import warming
from monitor.domain.batch import SampleBatch
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.service import Monitor
from monitor.settings import Settings, load

BATCH = 5_000
SETTLE_S = 600.0
READY_S = 120.0
RETENTION_DAYS = 36_500
"""The flights lie years before the server's clock, by which the next checkpoint would drop their history."""


def demo(*, leave: bool, port: int | None, data_dir: Path | None, engine: str | None) -> int:
    """0 once stopped by Ctrl-C; with ``leave``, 0 only if the year was told as it must be."""
    say = err()
    with _data_dir(data_dir, leave) as folder:
        settings = load(
            None,
            data_dir=folder,
            port=port,
            engine=engine,
            auth="off",
            retention_days=RETENTION_DAYS,
        )
        warming.begin(settings)
        with say.status("reading the flights of 2013"):
            year = flights.load()
        monitor: Monitor = assemble(settings, say)
        with _serving(monitor, settings, say) as url, Client(url) as server:
            began = time.monotonic()
            _stream(server, year)
            with say.status("waiting until all of it is learned from"):
                monitor.settle(SETTLE_S)
            seconds = time.monotonic() - began
            watched = int(server.get("/api/v1/status")["series"])
            say.print(summary(len(year), len(year.series), seconds, watched), soft_wrap=True)
            faults = _tell(server, year.end_ms, say)
            if leave:
                return 1 if faults else 0
            _stay(url, say)
    return 0


def summary(samples: int, series: int, seconds: float, watched: int) -> str:
    """What was streamed, and how that goes with the number of series that the server counts.

    >>> print(summary(700_000, 200, 41.3, 281))
    700,000 samples of 200 series in 41 s; the page counts 281 series, with those of the served model and of
    Watchkeeper itself
    """
    streamed = f"{samples:,} samples of {series:,} series in {seconds:.0f} s"
    more = "with those of the served model and of Watchkeeper itself"
    return f"{streamed}; the page counts {watched:,} series, {more}"


def _stream(server: Client, year: flights.Flights) -> None:
    for name, declaration in flights.declarations().items():
        server.put(f"/api/v1/metrics/{quote(name, safe='')}", declaration)
    server.put(f"/api/v1/models/{MODEL}", SETTINGS)
    with bar() as progress:
        task = progress.add_task("streaming 2013", total=len(year))
        for _, sent in send_all(server, _with_model(server, year), "backfill", year.end_ms):
            progress.advance(task, sent)


def _with_model(server: Client, year: flights.Flights) -> Iterator[SampleBatch]:
    """The samples of the year in batches; before each, what the model said until then and what came of it.
    The last one ends the year, so the model's year has ended before it."""
    from_ms = year.start_ms
    for batch in year.batches(BATCH):
        until_ms = int(batch.ts_ms.max()) + HOUR_MS
        last = until_ms == year.end_ms
        for kind, body in year.served.between(from_ms, until_ms + DAY_MS if last else until_ms):
            _send(server, kind, body, None)
        if last:
            _send(server, "outcomes", year.served.outcomes(np.empty(0, np.intp)), year.end_ms + 2 * DAY_MS)
        yield batch
        from_ms = until_ms


def _send(server: Client, kind: str, body: bytes, complete_ms: int | None) -> None:
    key = hashlib.blake2b(body, digest_size=16).hexdigest()
    server.send(body, key, mode="backfill", complete_ms=complete_ms, path=f"/api/v1/{kind}")


def _tell(server: Client, until_ms: int, say: Console) -> list[str]:
    listed = list(server.items("/api/v1/incidents"))
    listed.sort(key=lambda incident: incident["start_ms"])
    out().print(table(listed, INCIDENT_COLUMNS, title="incidents of 2013"))
    details: list[Values] = [server.get(f"/api/v1/incidents/{incident['id']}") for incident in listed]
    faults = shortcomings(details, until_ms)
    for fault in faults:
        say.print(f"[red]not as it must be:[/red] {fault}", soft_wrap=True)
    if not faults:
        say.print("the winter storm of 8-9 February is one incident and names EWR, JFK and LGA")
    return faults


def _stay(url: str, say: Console) -> None:
    say.print(f"the page is on [bold]{url}[/bold]; Ctrl-C stops it")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


@contextmanager
def _serving(monitor: Monitor, settings: Settings, say: Console) -> Iterator[str]:
    from api.server import Server, listen, url_of

    listener: socket.socket = listen(settings, say.print)
    url = url_of(listener)
    server = Server(monitor)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
    thread.start()
    try:
        _await_ready(url, thread)
        banner(settings, url, say)
        yield url
    finally:
        server.stop()
        thread.join()


def _await_ready(url: str, thread: Thread) -> None:
    deadline = time.monotonic() + READY_S
    with Client(url) as server:
        while thread.is_alive():
            try:
                server.get("/ready")
            except ServerTrouble as trouble:
                if time.monotonic() > deadline:
                    raise ServerTrouble(f"the server did not become ready: {trouble}") from trouble
                time.sleep(0.05)
            else:
                return
    raise ServerTrouble("the server stopped before it was ready")


@contextmanager
def _data_dir(chosen: Path | None, leave: bool) -> Iterator[Path]:
    """The folder to fill: the chosen one, a temporary one that goes again, or a new one beside us."""
    if chosen is not None:
        yield chosen
    elif leave:
        folder = Path(tempfile.mkdtemp(prefix="watchkeeper-demo-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    else:
        yield next(path for n in count(1) if not (path := Path(f"watchkeeper-demo-data-{n}")).exists())
