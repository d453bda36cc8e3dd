"""The page in Chromium, on loopback: how long until the first chart of a large incident, what is sent for it,
and how many frames a second there are while a chart of 10,000 values is moved.

Chromium runs without a screen and without a graphics processor, so that frames are painted by the same cores.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bodies import ARROW, CADENCE_MS, FIRST_MS
from benchmarks.figure import Figure
from benchmarks.posting import SAMPLES
from benchmarks.servers import ServerProcess, request, watchkeeper

TITLE = "the page: first chart, weight, frames"
_FAULT = 40
_MOVES = 180
_WATCH = """
window.first = undefined;
new MutationObserver((_, watcher) => {
  if (!document.querySelector('[data-testid=chart] canvas')) return;
  watcher.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.first = performance.now(); }));
}).observe(document, {childList: true, subtree: true});
"""
_FRAMES = """
window.frames_at = [];
const note = (at) => { window.frames_at.push(at); window.watching && requestAnimationFrame(note); };
window.watching = true;
requestAnimationFrame(note);
"""


def run(toy: bool) -> list[Figure]:
    members, points = (4, 400) if toy else (20, 10_000)
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as folder,
        watchkeeper(Path(folder), WATCHKEEPER_META__ENABLED="false") as server,
        chromium() as browser,
    ):
        _load(server, members, points)
        incident, found = _incident(server, members)
        address = f"http://127.0.0.1:{server.port}/"
        there = f"{address}#/incident/{incident['id']}"
        cold = [_first_chart(browser, there) for _ in range(1 if toy else 5)]
        series = incident["members"][0]["series_id"]
        rates, slow = _moved(browser, f"{address}#/series/{series}", 20 if toy else _MOVES)
    first_s, sent, files = (float(np.median(column)) for column in zip(*cold, strict=True))
    return [
        Figure("members", found, "series", note=f"of {points} values each"),
        Figure(
            "first chart",
            first_s,
            "s",
            goal=1.0,
            at_most=True,
            note="from the request, nothing cached",
        ),
        Figure("sent", sent / 1_000, "kB", note=f"{files:.0f} files of the page, as they are sent"),
        Figure("frames a second", rates, "", goal=60.0, note=f"while {points} values are moved"),
        Figure("slowest of twenty frames", slow, "ms", note="95th percentile between two frames"),
    ]


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


def _load(server: ServerProcess, members: int, points: int) -> None:
    random = np.random.default_rng(1)
    ts_ms = FIRST_MS + np.arange(points) * CADENCE_MS
    for member in range(members):
        value = 100.0 + random.normal(size=points)
        value[points - _FAULT :] += 40.0
        columns: dict[str, Any] = {
            "metric": ["latency"] * points,
            "timestamp": ts_ms,
            "value": value,
            "service": ["checkout"] * points,
            "host": [f"web-{member}"] * points,
        }
        table = pa.table(columns)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        status, said = request(server.port, "POST", SAMPLES, sink.getvalue().to_pybytes(), ARROW)
        assert status == 200, said[:300]


def _incident(server: ServerProcess, members: int) -> tuple[dict[str, Any], int]:
    """The incident with the most members, once it has all, or no more come."""
    best: dict[str, Any] = {}
    until = time.perf_counter() + 60
    while time.perf_counter() < until:
        for one in server.get("/api/v1/incidents?limit=50")["items"]:
            whole = server.get(f"/api/v1/incidents/{one['id']}")
            if len(whole["members"]) > len(best.get("members", ())):
                best = whole
        if len({one["series_id"] for one in best.get("members", ())}) >= members:
            break
        time.sleep(1)
    return best, len({one["series_id"] for one in best["members"]})


def _first_chart(browser: Browser, address: str) -> tuple[float, float, float]:
    """Seconds from the request to the first chart on the screen; bytes sent for the page, in files."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(_WATCH)
    page = context.new_page()
    try:
        page.goto(address)
        page.locator("[data-testid=chart] canvas").first.wait_for()
        page.wait_for_timeout(500)
        first_ms = float(page.evaluate("window.first"))
        sent: Sequence[int] = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".filter(one => !one.name.includes('/api/')).map(one => one.transferSize)"
        )
    finally:
        context.close()
    return first_ms / 1_000, float(sum(sent)), float(len(sent))


def _moved(browser: Browser, address: str, moves: int) -> tuple[float, float]:
    """Frames a second while a series' chart is moved by hand, and the 95th percentile between two, in ms."""
    page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(address)
        chart = page.locator("[data-testid=history] .u-over")
        chart.wait_for()
        chart.scroll_into_view_if_needed()
        page.wait_for_timeout(1_000)
        box = chart.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.keyboard.down("Shift")
        page.mouse.move(box["x"] + box["width"] - 40, middle)
        page.mouse.down()
        page.evaluate(_FRAMES)
        for step in range(moves):
            page.mouse.move(box["x"] + box["width"] - 40 - 3 * (step % 200), middle)
            page.wait_for_timeout(8)
        page.evaluate("window.watching = false")
        at = np.array(page.evaluate("window.frames_at"))
        page.mouse.up()
        page.keyboard.up("Shift")
    finally:
        page.close()
    between = np.diff(at)
    return 1_000 / float(np.mean(between)), float(np.percentile(between, 95))
