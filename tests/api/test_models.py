"""What a series lives by, over HTTP and on the command line: journal, undo, the contest; stages."""

from __future__ import annotations

import json

import pytest

from api.commands import models
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from tests.api.conftest import App, sample
from tests.api.test_command_line import client

ID = f"{Identity.of('orders', {'country': 'NL'}).fingerprint():016x}"
SERIES = f"/api/v1/series/{ID}"


@pytest.fixture
def known(app: App) -> App:
    app.send({"samples": [sample()]})
    return app


def test_the_journal_says_what_and_why(known: App) -> None:
    found = known.http.get(f"{SERIES}/journal").json()
    (entry,) = found["entries"]
    assert (found["series_id"], entry["cause"], entry["undoable"]) == (ID, "learning pass", True)
    assert (entry["before"]["champion"], entry["after"]["champion"]) == ("ema", "holt_winters")
    assert entry["losses"]["holt_winters(24, 0.1)"] < entry["losses"]["ema(0.1)"]


@pytest.mark.parametrize(("what", "pinned"), [("undo", True), ("contest", False)])
def test_a_person_s_word_goes_into_the_log(
    known: App, what: str, pinned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = known.engine.series_one
    monkeypatch.setattr(
        known.engine, "series_one", lambda shard, id: (plain(shard, id) or {}) | {"pinned": True}
    )
    answer = known.http.post(f"{SERIES}/{what}")
    assert (answer.status_code, answer.json()["id"]) == (200, ID)
    assert known.engine.controls == [Control(Kind.ASSIGN, {"series": ID, "pinned": pinned})]


def test_the_contest_of_a_series_that_is_not_pinned_is_open(known: App) -> None:
    assert known.http.post(f"{SERIES}/contest").status_code == 200
    assert known.engine.controls == []


@pytest.mark.parametrize("what", ["journal", "undo", "contest"])
def test_of_a_series_that_is_not_there(known: App, what: str) -> None:
    ask = known.http.get if what == "journal" else known.http.post
    assert ask(f"/api/v1/series/{'0' * 15}1/{what}").status_code == 404
    assert ask(f"/api/v1/series/xyz/{what}").status_code == 422


def test_undo_without_anything_to_undo_is_404(known: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known.engine, "journal", lambda shard, id: [])
    assert known.http.post(f"{SERIES}/undo").status_code == 404
    assert known.engine.controls == []


def test_a_learning_series_says_when_it_will_be_more_and_what_to_expect(known: App) -> None:
    found = known.http.get(SERIES).json()
    assert (found["stage"], found["next_stage"], found["next_stage_buckets"]) == (
        "learning",
        "provisional",
        29,
    )
    assert found["next_stage_ms"] == 120_000 + 29 * 60_000
    band = found["wide_band"]
    assert (band["own_values"], band["siblings"]) == (3, 2)
    assert band["lower"] < 10.0 < 14.0 < band["upper"]
    notes = known.http.get("/api/v1/explain", params={"series": ID, "at": 60_000}).json()["notes"]
    assert notes[-2].startswith("learning by now: provisional after 29 more final buckets, not before 1970")
    assert "3 values of its own and 2 series of the same metric" in notes[-1]


@pytest.mark.parametrize(("name", "status"), [("conformal", 200), ("extreme_value", 200), ("static", 422)])
def test_a_threshold_is_declared_by_name(known: App, name: str, status: int) -> None:
    answer = known.http.put("/api/v1/metrics/orders", json={"threshold": name})
    assert answer.status_code == status
    if status == 200:
        assert known.http.get("/api/v1/metrics/orders").json()["threshold"] == name


def test_the_command_line(
    known: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "Client", lambda *_: client(known)[0])
    assert models.journal("", "", ID, as_json=False) == 0
    shown = capsys.readouterr().out
    assert "holt_winters, kalman beside it; extreme_value; seasonal; seasons of 24 buckets" in shown
    assert "least loss" in shown
    assert models.journal("", "", ID, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["cause"] == "learning pass"
    assert models.undo("", "", ID) == 0
    assert f"watchkeeper series contest {ID}" in capsys.readouterr().out
    assert models.contest("", "", ID) == 0
    monkeypatch.setattr(known.engine, "journal", lambda shard, id: [])
    assert models.journal("", "", ID, as_json=False) == 0
    assert "no model so far" in capsys.readouterr().out
