"""Served models and teams: who may tell of which, and who sees which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.domain.access import Scope
from tests.api.access.conftest import Secured, secured
from tests.fakes import NOW_MS


def tell(app: Secured, token: str, *models: str) -> dict[str, Any]:
    rows = [{"id": 1, "model": model, "timestamp": NOW_MS - 5, "score": 0.5} for model in models]
    answer = app.ask("POST", "/api/v1/predictions", token, json={"predictions": rows})
    return {"status": answer.status_code, **answer.json()}


def test_a_team_tells_of_its_own_models_and_sees_no_others(tmp_path: Path) -> None:
    with secured(served=tmp_path) as app:
        app.monitor.declaring.team("red", [{"model": "churn"}])
        app.monitor.declaring.team("blue", [{"model": "fraud"}])
        red, anybody = (app.token(Scope.INGEST, team=team) for team in ("red", None))
        assert tell(app, anybody, "churn", "fraud", "other")["accepted"] == 3
        mixed = tell(app, red, "churn", "fraud")
        assert (mixed["accepted"], mixed["rejected"]) == (1, 1)
        assert mixed["errors"][0]["reason"] == "foreign_series"
        assert tell(app, red, "fraud")["status"] == 400
        outcome = {"outcomes": [{"id": 1, "model": "fraud", "outcome": 1}]}
        assert app.ask("POST", "/api/v1/outcomes", red, json=outcome).status_code == 400
        app.monitor.serving.settle(60)
        reader, whole = (app.token(Scope.READ, team=team) for team in ("red", None))
        names = [one["name"] for one in app.ask("GET", "/api/v1/models", reader).json()["items"]]
        assert names == ["churn"]
        assert len(app.ask("GET", "/api/v1/models", whole).json()["items"]) == 3
        assert app.ask("GET", "/api/v1/models/churn", reader).status_code == 200
        assert app.ask("GET", "/api/v1/models/fraud", reader).status_code == 404
        editor = app.token(Scope.CONFIG, team="red")
        body = {"maturity_ms": 3_600_000}
        assert app.ask("PUT", "/api/v1/models/churn", editor, json=body).status_code == 200
        assert app.ask("PUT", "/api/v1/models/fraud", editor, json=body).status_code == 404


def test_each_route_asks_for_its_scope(tmp_path: Path) -> None:
    needs = {
        ("POST", "/api/v1/predictions"): Scope.INGEST,
        ("POST", "/api/v1/outcomes"): Scope.INGEST,
        ("GET", "/api/v1/models"): Scope.READ,
        ("GET", "/api/v1/models/churn"): Scope.READ,
        ("PUT", "/api/v1/models/churn"): Scope.CONFIG,
    }
    with secured(served=tmp_path) as app:
        for scope in Scope:
            token = app.token(scope)
            for (method, path), needed in needs.items():
                answer = app.ask(method, path, token, json={})
                assert (answer.status_code == 403) == (scope is not needed), (scope, method, path)
        assert app.ask("GET", "/api/v1/models").status_code == 401
