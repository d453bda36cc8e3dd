"""Who may use the lab, and of which series."""

from __future__ import annotations

from monitor.domain.access import Scope
from tests.api.access.conftest import Secured, series_ids

CSV = {"content": b"timestamp,orders\n60,1\n", "headers": {"content-type": "text/csv"}}
POINTS = {"ts_ms": [60_000], "value": [1.0], "detectors": [{}]}


def test_who_may_give_feedback_may_try_detectors(peopled: Secured) -> None:
    for scope in Scope:
        token = peopled.token(scope)
        wanted = 200 if scope is Scope.FEEDBACK else 403
        assert peopled.ask("POST", "/api/v1/lab", token, json=POINTS).status_code == wanted, scope
        assert peopled.ask("POST", "/api/v1/lab/csv", token, **CSV).status_code == wanted, scope


def test_another_teams_series_is_not_there(peopled: Secured) -> None:
    token = peopled.token(Scope.FEEDBACK, team="red")
    for team, wanted in (("red", 200), ("blue", 404), (None, 404)):
        asked = POINTS | {"series": series_ids(peopled)[team]}
        assert peopled.ask("POST", "/api/v1/lab", token, json=asked).status_code == wanted, team
