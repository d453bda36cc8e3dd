"""What an InfluxDB client is told."""

from __future__ import annotations

from monitor.domain.batch import Mode
from monitor.domain.errors import Overloaded
from tests.api.conftest import App
from tests.fakes import NOW_MS
from tests.hostile.influx import PATH, TEXT


def test_bad_lines_are_named_in_their_form(app: App) -> None:
    body = f"a f=1 {NOW_MS}\nb\nc f=x {NOW_MS}\n"
    answer = app.http.post(PATH + "?precision=ms", content=body.encode(), headers=TEXT)
    assert answer.status_code == 400
    said = answer.json()
    assert said["code"] == "invalid"
    assert said["message"] == (
        "partial write: 1 kept, 1 bad_value, 1 bad_line. line 2: bad_line: b; line 3: bad_value: x"
    )
    assert [(error["line"], error["reason"]) for error in said["errors"]] == [
        (2, "bad_line"),
        (3, "bad_value"),
    ]


def test_a_line_without_a_time_happened_now(app: App) -> None:
    assert app.http.post(PATH, content=b"a f=1", headers=TEXT).status_code == 204
    assert app.engine.submitted[0].batch.ts_ms.tolist() == [NOW_MS]


def test_history_may_be_sent(app: App) -> None:
    assert app.http.post(PATH + "?mode=backfill", content=b"a f=1 1", headers=TEXT).status_code == 204
    assert app.engine.submitted[0].mode is Mode.BACKFILL


def test_the_same_again_has_no_second_effect(app: App) -> None:
    for _ in range(2):
        answer = app.http.post(PATH + "?precision=ms", content=f"a f=1 {NOW_MS}".encode(), headers=TEXT)
        assert answer.status_code == 204
    assert len(app.engine.submitted) == 1


def test_trouble_is_503_and_worth_a_retry(app: App) -> None:
    app.engine.fail = [Overloaded("full", 7)]
    answer = app.http.post(PATH, content=b"a f=1", headers=TEXT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json() == {"code": "unavailable", "message": "full"}
