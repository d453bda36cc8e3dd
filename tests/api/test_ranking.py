"""The ranking over HTTP: how it stands, and incidents in its order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from api.cli import app as cli
from api.client import Client
from monitor.domain.labels import Label
from monitor.domain.records import Control, Kind
from tests.api.conftest import App
from tests.fakes import storm_incident
from tests.ranking.test_ranking import bodies_of, drawn


def taught(app: App, many: int = 600) -> None:
    """Level shifts are acted on, and large scores, by what was said of others."""
    app.engine.verdict_bodies = bodies_of(drawn(many, 3))
    spike = replace(storm_incident(), kind="spike", score=57.0, start_ms=2_000)
    shift = replace(storm_incident(), id="inc-shift", kind="level shift", score=90.0, start_ms=1_000)
    app.story.kept = [spike, shift]


def ids(app: App, query: str = "") -> list[str]:
    return [one["id"] for one in app.http.get(f"/api/v1/incidents{query}").json()["items"]]


def test_the_most_likely_come_first_with_reasons(app: App) -> None:
    taught(app)
    assert ids(app) == [storm_incident().id, "inc-shift"]
    found = app.http.get("/api/v1/incidents?sort=likely").json()
    assert [one["id"] for one in found["items"]] == ["inc-shift", storm_incident().id]
    first, second = (one["likely"] for one in found["items"])
    assert first["chance"] > second["chance"]
    assert "acted on more often: kind=level shift" in first["reasons"]
    assert found["next"] is None
    assert app.http.get("/api/v1/incidents/inc-shift").json()["likely"] == first


def test_before_it_is_proven_nothing_is_said_and_the_order_stays(app: App) -> None:
    taught(app, many=10)
    assert ids(app, "?sort=likely") == ids(app)
    assert app.http.get("/api/v1/incidents").json()["items"][0]["likely"] is None
    incidents, notices = app.http.get("/api/v1/ranking").json()["rankings"]
    assert (incidents["of"], notices["of"]) == ("incidents", "notices")
    assert not incidents["proven"]
    assert incidents["lacks"].startswith("labels: 20 of each sort")


def test_the_command_says_how_it_stands(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    taught(app)
    monkeypatch.setattr(Client, "_ask", lambda _, method, path, asked: app.http.get(path).json())
    done = CliRunner().invoke(cli, ["ranking"])
    assert done.exit_code == 0, done.output
    assert "incidents" in done.output
    assert "no notice is held back" in done.output


def test_a_label_of_an_incident_carries_what_was_known_of_it_then(app: App) -> None:
    app.story.kept = [storm_incident()]
    app.http.post("/api/v1/labels", json={"incident": storm_incident().id, "label": "true"})
    (told,) = (one for one in app.engine.controls if isinstance(one, Control) and one.kind is Kind.LABEL)
    traits = Label.from_body(told.body).traits
    assert traits is not None
    assert (traits.score, traits.kind) == (storm_incident().score, storm_incident().kind)
