"""A server of the built page with canned answers in the shapes of /api/v1, for tests of the page alone.

It can also be looked at: ``python -m tests.browser.fake_api`` serves it on port 8399.
"""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from monitor.domain.durations import HOUR_MS
from tests.browser import fake_meta, fake_models, fake_story
from tests.browser.canned import HOSTILE, STORM_MS, all_series, incident, observations

DIST = Path(__file__).resolve().parents[2] / "api" / "ui" / "dist"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}

Json = dict[str, Any]


class FakeApi:
    """The state that a test may change while the page looks at it."""

    def __init__(self, *, hostile: bool = False, empty: bool = False) -> None:
        self.series = [] if empty else all_series(hostile)
        self.text = HOSTILE if hostile else ""
        self.incidents: list[Json] = []
        self.listeners: list[queue.Queue[bytes]] = []
        self.posted: list[tuple[str, Json]] = []
        if not empty:
            ordinary = [one for one in self.series if one["metric"] != HOSTILE]
            storm = incident(1, "cancelled_share up at JFK, LGA, EWR", "closed", ordinary, STORM_MS, 96.5)
            late = incident(
                2, "departures down at JFK", "open", ordinary[-1:], STORM_MS + 20 * 24 * HOUR_MS, 71.0
            )
            late["members"][0].update(
                onset_ms=late["start_ms"],
                peak_ms=late["start_ms"] + HOUR_MS,
                last_ms=late["start_ms"] + HOUR_MS,
                end=None,
                end_ms=None,
            )
            self.incidents = [storm, late]
        if hostile:
            self.incidents.append(incident(3, HOSTILE, "closed", self.series[:1], STORM_MS, 88.0))
            self.incidents[-1]["contributors"][0]["text"] = HOSTILE
            self.incidents[-1]["suspects"][0]["why"] = HOSTILE
            self.incidents[-1]["members"][0]["normal"] = HOSTILE

    def announce(self, change: Json) -> None:
        data = f"event: incident\ndata: {json.dumps(change)}\n\n".encode()
        for listener in self.listeners:
            listener.put(data)

    def status(self) -> Json:
        shard = {"shard": 0, "appended": 9, "applied": 9, "checkpointed": 5, "lag_samples": 0, "held": 0}
        shard |= {
            "series": len(self.series),
            "samples": 336_776,
            "log_bytes": 1,
            "state_bytes": 1,
            "log_ok": True,
        }
        return {
            "version": "0.1.0",
            "auth": "off",
            "engine": "processes",
            "shards": [{**shard, "clock_ms": STORM_MS}],
            "limits": [{"name": "series", "value": 1_000_000, "used": len(self.series), "hits": 0}],
            "series": len(self.series),
            "incidents_open": sum(one["state"] == "open" for one in self.incidents),
        }

    def answer(self, path: str, query: dict[str, str]) -> Json | None:
        """The JSON of one path below /api/v1/, None where there is none."""
        if path == "status":
            return self.status()
        if path == "me":
            return fake_story.ME
        if path == "incidents":
            states = {query["state"]} if "state" in query else {"open", "closed", "expired"}
            fit = [one for one in self.incidents if one["state"] in states]
            return _page([{**one, "members": None} for one in fit if query.get("q", "") in one["title"]])
        if path == "explain":
            return fake_story.explanation(self.series[0], int(query["at"]), self.text)
        if path == "labels":
            series, until_ms = query["series"], STORM_MS + 26 * HOUR_MS
            return _page([fake_story.label(series, "span", series, STORM_MS, until_ms, self.text)])
        if path == "meta":
            return fake_meta.meta(self.series, next(iter(self.incidents), None), self.text)
        if path == "models":
            return _page([fake_models.model(self.text)])
        if path.startswith("models/"):
            return fake_models.model(self.text)
        if path.startswith("metrics/"):
            return {**fake_story.METRIC, "name": path.removeprefix("metrics/")}
        if path == "anomalies":
            members = [member for one in self.incidents for member in one["members"]]
            return _page([member for member in members if member["series_id"] == query.get("series")])
        if path == "series":
            return _page([one for one in self.series if query.get("q", "") in one["series"]])
        kind, name, *rest = path.split("/")
        things = {"incidents": self.incidents, "series": self.series}.get(kind, [])
        found = next((one for one in things if one["id"] == name), None)
        if found is None:
            return None
        if rest == ["notices"]:
            return fake_story.notices(STORM_MS, self.text)
        if rest == ["journal"]:
            return {"series_id": name, "entries": fake_story.journal(STORM_MS, self.text)}
        if rest != ["observations"]:
            return found if kind == "series" else fake_story.story(found, self.text)
        start = int(query.get("from_ms", STORM_MS - 30 * 24 * HOUR_MS))
        start = min(start, found["last_ms"] - 48 * HOUR_MS)  # asked by today's clock, too
        return observations(found, start, min(int(query.get("to_ms", found["last_ms"])), found["last_ms"]))


def _page(items: list[Json]) -> Json:
    return {"items": items, "next": None}


class Handler(BaseHTTPRequestHandler):
    """With the headers that the real server sends. POST is for labels only, which nothing comes of."""

    server: Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path)
        if path == "/api/v1/events":
            self._events()
        elif path == "/openapi.json":
            self._send(200, "application/json", json.dumps(fake_story.DESCRIBED).encode())
        elif path.startswith("/api/v1/"):
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            found = self.server.api.answer(path.removeprefix("/api/v1/"), query)
            problem = {"type": "about:blank", "title": "Not found", "status": 404, "detail": path}
            kind = "application/json" if found is not None else "application/problem+json"
            self._send(200 if found is not None else 404, kind, json.dumps(found or problem).encode())
        else:
            self._file("index.html" if path == "/" else path.lstrip("/"))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else {}
        self.server.api.posted.append((self.path, body))
        text = self.server.api.text
        dry = "dry_run" in self.path
        answer = (
            fake_story.rehearsal(STORM_MS + HOUR_MS, text)
            if dry
            else fake_story.label("i1", "incident", None, 0, None, text)
        )
        if self.path.endswith("/meta/rollback"):
            answer = fake_meta.rolled_back(self.server.api.series, body["dry_run"])
        self._send(200, "application/json", json.dumps(answer).encode())

    def _file(self, name: str) -> None:
        path = (DIST / name).resolve()
        if path.is_relative_to(DIST) and path.is_file():
            self._send(200, TYPES.get(path.suffix, "application/octet-stream"), path.read_bytes())
        else:
            self._send(404, "text/plain", b"not found")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self._headers(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")

    def _events(self) -> None:
        self.send_response(200)
        self._headers("text/event-stream")
        self.end_headers()
        listener: queue.Queue[bytes] = queue.Queue()
        self.server.api.listeners.append(listener)
        try:
            self.wfile.write(b"event: heartbeat\ndata: {}\n\n")
            self.wfile.flush()
            while not self.server.ending.is_set():
                try:
                    self.wfile.write(listener.get(timeout=0.2))
                except queue.Empty:
                    self.wfile.write(b": still here\n\n")
                self.wfile.flush()
        except OSError:
            pass  # the page went away
        finally:
            self.server.api.listeners.remove(listener)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: FakeApi, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api = api
        self.ending = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    with Server(FakeApi(hostile=True), 8399) as server:
        print(server.url)
        threading.Event().wait()
