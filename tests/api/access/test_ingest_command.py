"""``watchkeeper ingest`` with a token: a bound one sends a file too, and does not tell its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.client import Client
from api.commands import ingest
from monitor.domain.access import Scope
from monitor.domain.records import Tick
from tests.api.access.conftest import Secured


class Bridge(httpx2.BaseTransport):
    """Carries the client's requests to a test application."""

    def __init__(self, app: Secured) -> None:
        self._app = app

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = self._app.http.request(
            request.method, request.url.raw_path.decode(), content=request.read(), headers=headers
        )
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.mark.parametrize(("bound", "ends"), [({}, 1), ({"team": "red"}, 0), ({"prefix": "m"}, 0)])
def test_a_file_is_sent_by_whoever_may(
    app: Secured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bound: dict[str, Any],
    ends: int,
) -> None:
    file = tmp_path / "f.csv"
    file.write_text("timestamp,metric,value,team\n100,m,1,red\n200,m,2,blue\n")
    bridged = lambda url, token: Client("https://localhost", token, transport=Bridge(app))  # noqa: E731
    monkeypatch.setattr(ingest, "Client", bridged)
    token = app.token(Scope.INGEST, **bound)
    asked: dict[str, Any] = {"batch": 10, "tags": "team", "tz": "UTC", "mode": "backfill", "as_json": True}
    assert ingest.ingest(file, "", token, **asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["accepted"], told["rejected"]) == ((1, 1) if "team" in bound else (2, 0))
    assert sum(isinstance(entry, Tick) for entry in app.engine.controls) == ends
