"""Alert budgets over HTTP and from the command line."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.alert import Standing, Withheld
from monitor.domain.budget import Budget
from tests.api.conftest import App
from tests.fakes import FakeAlerts, FakeAlertStore, storm_incident

BUDGETS = "/api/v1/budgets"


def test_a_budget_is_shown_with_the_score_that_it_asks_for_and_is_in_the_audit_log(app: App) -> None:
    shown = app.http.put(f"{BUDGETS}/team:web", json={"per_week": 5})
    assert shown.status_code == 200
    assert shown.json()["per_week"] == 5.0
    assert shown.json()["score"] >= 100 * 5 / 9
    assert app.http.get(BUDGETS).json()["items"] == [shown.json() | {"told_week": 0, "held": []}]
    assert app.http.delete(f"{BUDGETS}/team:web").json() == {"status": "removed"}
    assert isinstance(app.monitor.alerts, FakeAlerts)
    assert [one.action for one in app.monitor.alerts.declared.deeds][-2:] == [
        "budget declared",
        "budget removed",
    ]


def test_what_a_budget_holds_back_is_listed_with_the_reason(app: App) -> None:
    app.http.put(f"{BUDGETS}/team:web", json={"per_week": 5})
    app.http.put(f"{BUDGETS}/team:pay", json={"per_week": 5})
    why = f"{Budget(5.0, team='web').holds} score 60.0 < 66.7"
    held = Standing(storm_incident(), withheld={"ops": Withheld(why), "night": Withheld("muted by m")})
    over = replace(held, open=False)
    assert isinstance(app.monitor.alerts, FakeAlerts)
    assert isinstance(app.monitor.alerts.store, FakeAlertStore)
    app.monitor.alerts.store.kept_standings = [held, over]
    uses = {one["name"]: one["held"] for one in app.http.get(BUDGETS).json()["items"]}
    assert uses["team:pay"] == []
    (told,) = uses["team:web"]
    assert (told["incident_id"], told["route"], told["why"]) == (held.incident.id, "ops", why)


def test_what_cannot_be_a_budget_is_refused(app: App) -> None:
    for name, per_week, status in (
        ("web", 5, 422),
        ("team: ", 5, 422),
        ("team:web", 0, 422),
        ("route:none", 5, 404),
    ):
        assert app.http.put(f"{BUDGETS}/{name}", json={"per_week": per_week}).status_code == status
    assert app.http.put("/api/v1/routes/daily", json={"digest": "day"}).status_code == 200
    assert app.http.put(f"{BUDGETS}/route:daily", json={"per_week": 5}).status_code == 400
    assert app.http.delete(f"{BUDGETS}/team:web").status_code == 404
