"""The command line: quick help, exit codes, tables and JSON, sending in spite of trouble."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from api.cli import _code_of
from api.cli import app as cli
from api.client import Client, ServerTrouble
from api.commands import ask, ingest, log
from api.commands.storm import shortcomings
from api.server import NotAllowed, check_bind, listen
from collectors.flights import as_arrow
from monitor.domain.batch import Mode
from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import BadRequest
from monitor.settings import Settings
from tests.api.conftest import App, sample
from tests.fakes import storm_anomaly, storm_incident

COMMANDS = (
    *("demo", "serve", "backtest", "ingest", "incidents", "anomalies", "series", "explain", "status"),
    *("log", "db"),
)


def test_help_imports_nothing_heavy() -> None:
    heavy = "numpy pandas numba fastapi uvicorn sqlalchemy pyarrow pydantic httpx2"
    code = (
        "import sys; from typer.testing import CliRunner; from api.cli import app\n"
        "r = CliRunner().invoke(app, ['--help']); assert r.exit_code == 0, r.output; print(r.output)\n"
        f"bad = [m for m in '{heavy}'.split() if m in sys.modules]; assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS[:9], "log verify", "log repair", "db upgrade"])
def test_every_command_explains_itself(command: str) -> None:
    assert CliRunner().invoke(cli, [*command.split(), "--help"]).exit_code == 0


def test_wrong_usage_is_2() -> None:
    assert CliRunner().invoke(cli, ["serve", "--port", "many"]).exit_code == 2
    assert CliRunner().invoke(cli, ["ingest"]).exit_code == 2
    assert _code_of(BadRequest("x")) == 2
    assert _code_of(ServerTrouble("x")) == 1
    assert _code_of(RuntimeError("x")) is None


def test_an_unreadable_file_is_2_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.parquet"
    file.write_bytes(b"PAR1 and nothing more")
    command = [sys.executable, "-m", "api.cli", "ingest", str(file), "--url", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_any_address_but_loopback_is_refused(host: str) -> None:
    with pytest.raises(NotAllowed, match="access control is off"):
        check_bind(Settings(host=host))


def test_a_busy_port_moves_to_the_next() -> None:
    said: list[str] = []
    first = listen(Settings(port=0), said.append)
    port = first.getsockname()[1]
    second = listen(Settings(port=port), said.append)
    assert second.getsockname()[1] > port
    assert said[0] == f"port {port} is busy, trying {port + 1}"
    first.close()
    second.close()


class Bridge(httpx2.BaseTransport):
    """Carries the client's requests to a test application, after the answers in ``before``."""

    def __init__(self, app: App, before: list[Any]) -> None:
        self._app = app
        self._before: list[httpx2.Response | Exception] = before
        self.seen: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        if self._before:
            answer = self._before.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        headers = {k: v for k, v in request.headers.items() if k != "host"}
        answer = self._app.http.request(
            request.method, request.url.raw_path.decode(), content=request.read(), headers=headers
        )
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client(app: App, *before: Any, give_up_s: float = 60.0) -> tuple[Client, Bridge, list[float]]:
    bridge, slept = Bridge(app, list(before)), list[float]()
    made = Client(
        "http://localhost",
        transport=bridge,
        sleep=slept.append,
        clock=lambda: sum(slept),
        give_up_s=give_up_s,
    )
    return made, bridge, slept


def test_trouble_is_waited_out_under_one_key(app: App) -> None:
    busy = httpx2.Response(503, headers={"Retry-After": "7"}, json={"detail": "full"})
    server, bridge, slept = client(app, httpx2.ConnectError("refused"), busy)
    body = json.dumps({"samples": [sample()]}).encode()
    answer = server.send(body, "key-1", mode="backfill", complete_ms=5, content_type="application/json")
    assert answer["accepted"] == 1
    assert len(slept) == 2
    assert slept[1] >= 7
    assert {request.headers["idempotency-key"] for request in bridge.seen} == {"key-1"}
    assert app.engine.submitted[0].mode is Mode.BACKFILL


def test_trouble_without_end_is_given_up(app: App) -> None:
    server, _, slept = client(app, *[httpx2.ConnectError("refused") for _ in range(99)], give_up_s=20)
    with pytest.raises(ServerTrouble, match="gave up"):
        server.send(b"", "k", mode="live")
    assert sum(slept) <= 20


def test_a_refusal_is_not_tried_again(app: App) -> None:
    server, bridge, _ = client(app)
    with pytest.raises(ServerTrouble, match="415"):
        server.send(b"", "k", mode="live", content_type="text/plain")
    assert len(bridge.seen) == 1


def test_a_file_is_sent_in_event_time_and_completed(app: App, tmp_path: Path) -> None:
    from collectors.files import chunks, merged_in_time, read_file

    file = tmp_path / "f.csv"
    file.write_text("timestamp,metric,value,origin\n300,m,3,JFK\n100,m,1,JFK\n200,m,2,\nbad,m,1,JFK\n")
    samples = read_file(file)
    server, bridge, _ = client(app)
    parts = chunks(samples.batch, merged_in_time(samples.batch), 2)
    answers = list(ingest.send_all(server, parts, "backfill", 300_000))
    assert [(answer["accepted"], sent) for answer, sent in answers] == [(2, 2), (1, 1)]
    assert [s.batch.ts_ms.tolist() for s in app.engine.submitted] == [[100_000, 200_000], [300_000]]
    assert ["complete" in str(request.url) for request in bridge.seen] == [False, True]
    again = list(
        ingest.send_all(server, chunks(samples.batch, merged_in_time(samples.batch), 2), "backfill", 300_000)
    )
    assert all(answer["repeated"] for answer, _ in again)


def test_tables_and_json_say_the_same(
    app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app.story.placed.append(storm_anomaly())
    app.story.kept.append(storm_incident())
    app.send({"samples": [sample()]})
    monkeypatch.setattr(ask, "Client", lambda url, token: client(app)[0])
    monkeypatch.setenv("COLUMNS", "200")
    ask.incidents("", "", None, state=None, limit=5, as_json=True)
    (listed,) = json.loads(capsys.readouterr().out)["items"]
    assert ask.incidents("", "", None, state=None, limit=5, as_json=False) == 0
    table = capsys.readouterr().out
    assert listed["title"] in table
    assert "2013-02-08 19:00" in table
    assert ask.incidents("", "", listed["id"], state=None, limit=5, as_json=False) == 0
    assert "14 of 16 series with origin=JFK" in capsys.readouterr().out
    assert ask.anomalies("", "", series=None, metric=None, state=None, limit=5, as_json=False) == 0
    assert ask.series("", "", metric=None, q=None, tag=None, limit=5, as_json=False) == 0
    assert "orders{country=NL}" in capsys.readouterr().out
    assert ask.status("", "", as_json=False) == 0
    assert "auth = off" in capsys.readouterr().out


def test_a_folder_without_a_log_is_unreadable(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadRequest):
            log.verify(folder, as_json=False)


STORM_MS = 1_360_350_000_000


def told(start_ms: int, end_ms: int | None, airports: str = "EWR JFK LGA", name: str = "a") -> dict[str, Any]:
    members = [
        {"metric": "flights.cancelled_share", "direction": 1, "tags": {"origin": airport}}
        for airport in airports.split()
    ]
    return {"id": name, "start": "", "end": "", "start_ms": start_ms, "end_ms": end_ms, "members": members}


def test_the_storm_is_one_incident_with_three_airports() -> None:
    until_ms = STORM_MS + 300 * 24 * HOUR_MS
    storm = told(STORM_MS, STORM_MS + 30 * HOUR_MS)
    assert shortcomings([storm], until_ms) == []
    wrong = [
        [],
        [told(STORM_MS, STORM_MS + 30 * HOUR_MS, "EWR JFK")],
        [told(STORM_MS - 60 * HOUR_MS, STORM_MS)],
        [told(STORM_MS, STORM_MS + 90 * HOUR_MS)],
        [storm, told(0, 97 * HOUR_MS, name="long")],
        [storm, told(until_ms - 97 * HOUR_MS, None, name="open")],
        [storm, *[told(i, i + 1, name=str(i)) for i in range(60)]],
    ]
    assert [len(shortcomings(incidents, until_ms)) for incidents in wrong] == [1] * len(wrong)


def test_arrow_of_a_batch_is_what_the_server_reads(app: App) -> None:
    app.send({"samples": [sample(2.5, n=4)]})
    batch = app.engine.submitted[0].batch
    again = app.send(as_arrow(batch), "application/vnd.apache.arrow.stream", "?mode=backfill")
    assert again.json()["accepted"] == 1
    sent = app.engine.submitted[1].batch
    assert sent.fingerprint.tolist() == batch.fingerprint.tolist()
    assert sent.n is not None
    assert sent.n.tolist() == [4.0]
