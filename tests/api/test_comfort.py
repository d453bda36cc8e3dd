"""Comfort calibration over HTTP and from the command line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from api.cli import app as cli
from api.client import Client
from monitor.domain.mute import Selector
from monitor.view import View
from tests.api.conftest import App, sample

COMFORT = "/api/v1/comfort"


def known(app: App) -> None:
    """Two series, whose values and scores are those of `FakeEngine.observations`."""
    for metric in ("orders", "refunds"):
        assert app.send({"samples": [sample(metric=metric)]}).status_code == 200


def test_each_threshold_says_how_many_runs_reached_it(app: App) -> None:
    known(app)
    found = app.http.get(COMFORT, params={"metric": "orders", "score": [20, 10]}).json()
    assert (found["series"], found["metrics"], found["truncated"]) == (1, 1, False)
    assert [(one["score"], one["runs"], one["series"]) for one in found["thresholds"]] == [
        (10.0, 1, 1),
        (20.0, 0, 0),
    ]
    (run,) = found["runs"]
    assert (run["series"], run["from_ms"], run["to_ms"], run["score"]) == (
        "orders{country=NL}",
        0,
        60_000,
        12.5,
    )


def test_excess_of_several_metrics_is_not_summed(app: App) -> None:
    known(app)
    one, both = (
        app.http.get(COMFORT, params={"metric": metric, "score": [10]}).json()["thresholds"][0]
        for metric in ("orders", "*")
    )
    assert one["excess"] == 0.0
    assert (both["runs"], both["excess"]) == (2, None)


def test_tags_and_routes_narrow_the_set(app: App) -> None:
    known(app)
    assert app.http.get(COMFORT, params={"tag": "country=N*"}).json()["series"] == 2
    assert app.http.get(COMFORT, params={"tag": "country=DE"}).json()["series"] == 0
    assert app.http.put("/api/v1/routes/shop", json={"metrics": ["ref*"]}).status_code == 200
    assert app.http.get(COMFORT, params={"route": "shop"}).json()["runs"] == []
    assert app.http.get(COMFORT, params={"route": "shop"}).json()["series"] == 1


def test_a_team_is_told_of_its_own(app: App) -> None:
    known(app)
    assert View(app.monitor, "pay").comfort(Selector(), 14, (10.0,)).series == 0


@pytest.mark.parametrize(
    "asked, status",
    [
        ({"route": "none"}, 404),
        ({"route": "x", "metric": "y"}, 422),
        ({"tag": "country"}, 422),
        ({"days": "0"}, 422),
        ({"score": "100"}, 422),
        ({"metric": "a\x00b"}, 400),
    ],
)
def test_what_cannot_be_is_refused(app: App, asked: dict[str, str], status: int) -> None:
    assert app.http.get(COMFORT, params=asked).status_code == status


def test_the_command_prints_a_table(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    known(app)
    monkeypatch.setattr(Client, "_ask", lambda _, method, path, asked, **__: _asked(app, path, asked))
    done = CliRunner().invoke(cli, ["comfort", "orders", "--tag", "country=NL", "--days", "7"])
    assert done.exit_code == 0, done.output
    assert "1 series" in done.output
    assert "outside the band" in done.output


def _asked(app: App, path: str, asked: dict[str, object]) -> object:
    kept = {name: value for name, value in asked.items() if value is not None}
    return app.http.get(path, params=kept).json()  # type: ignore[arg-type]
