"""``watchkeeper ingest`` says what became of the rows that came too late, and of those that were refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.commands import ingest
from monitor.assembly import build
from monitor.settings import Settings


class Bridge(httpx2.BaseTransport):
    """Carries a client's requests to an application."""

    def __init__(self, app: TestClient) -> None:
        self._app = app

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._app.request(
            request.method,
            request.url.raw_path.decode(),
            content=request.read(),
            headers=dict(request.headers) | {"host": "localhost"},
        )
        headers = [(name, value) for name, value in answer.headers.items() if name != "content-encoding"]
        return httpx2.Response(answer.status_code, headers=headers, content=answer.content)


def test_late_rows_and_refused_ones_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor = build(Settings(engine="inline", shards=1, data_dir=tmp_path / "data", auth="off"))
    monitor.start()
    app = TestClient(create_app(monitor), base_url="http://localhost")
    bridged = lambda url, token: Client("http://localhost", token, transport=Bridge(app))  # noqa: E731
    monkeypatch.setattr(ingest, "Client", bridged)

    def send(name: str, lines: list[str], as_json: bool) -> str:
        file = tmp_path / name
        file.write_text("\n".join(["timestamp,metric,value", *lines, ""]))
        asked: dict[str, Any] = {"batch": 1_000, "tags": "", "tz": "UTC", "mode": "backfill"}
        assert ingest.ingest(file, "", "", **asked, as_json=as_json) == 0
        return capsys.readouterr().out

    minute, first = 60, 1_700_000_040
    whole = [f"{first + i * minute},orders,{i % 5}" for i in range(100)]
    assert send("whole.csv", whole, False).endswith("100 samples read; the server: 100 accepted\n")
    late = [f"{first + i * minute + 30},orders,7" for i in (10, 20, 30)]
    odd = [*late, "no time,orders,1", "4102444800,orders,1"]
    told = json.loads(send("late.csv", odd, True))
    told.pop("file")
    assert told == {"read": 4, "left_out": 1, "accepted": 3, "rejected": 1, "late": 3}
    words = send("again.csv", [f"{first + 31 * minute},orders,9", "1700000041,orders,8"], False)
    assert "2 accepted, 2 late (kept, not scored" in words
    monitor.stop()
