"""Nothing of one team is seen or changed by another's token."""

from __future__ import annotations

import pytest

from monitor.domain.access import Role, Scope
from monitor.domain.event import ChangeEvent
from monitor.domain.records import Control, Kind
from monitor.service import State
from tests.api.access.conftest import TEAMS, Secured, names, sample, series_ids


@pytest.mark.parametrize("team", TEAMS)
def test_lists_hold_a_teams_own_only(peopled: Secured, team: str) -> None:
    app, token = peopled, peopled.token(Scope.READ, team=team)
    everything = app.token(Scope.READ)

    def get(path: str, by: str = token) -> list[dict[str, str]]:
        return list(app.ask("GET", path, by).json()["items"])

    app.monitor.declaring.metric("orders.*", {"unit": "x"})
    assert names(get("/api/v1/series"), "series") == {f"orders.{team}{{team={team}}}"}
    assert names(get("/api/v1/metrics"), "name") == {f"orders.{team}"}
    assert names(get("/api/v1/incidents"), "title") == {f"orders.{team} up"}
    assert names(get("/api/v1/incidents?team=blue"), "title") == {f"orders.{team} up"}
    assert names(get("/api/v1/anomalies"), "incident_id") == {f"inc-{team}"}
    assert len(get("/api/v1/series", everything)) == len(get("/api/v1/incidents", everything)) == 3
    assert names(get("/api/v1/metrics", everything), "name") >= {"orders.*", "orders.None"}
    for other in {"red", "blue", "None"} - {team}:
        hidden = app.ask("GET", f"/api/v1/series?q=orders.{other}", token).json()
        assert hidden == {"items": [], "next": None}


def test_a_young_series_borrows_from_its_own_teams_series_only(peopled: Secured) -> None:
    for team, bound in (("red", "red"), ("red", None), (None, None)):
        peopled.engine.asked_siblings.clear()
        id = series_ids(peopled)[team]
        answer = peopled.ask("GET", f"/api/v1/series/{id}", peopled.token(Scope.READ, team=bound))
        assert answer.status_code == 200
        assert set(peopled.engine.asked_siblings) == {team or ""}


def test_an_incident_tells_a_team_of_no_changes(peopled: Secured) -> None:
    """Whose a change is, nothing says."""
    start_ms = peopled.story.kept[0].start_ms
    peopled.story.topology.told = [ChangeEvent(start_ms, "deployment", "blue 2", (("team", "blue"),))]
    for bound, seen in ((None, ["blue 2"]), ("red", []), ("blue", [])):
        token = peopled.token(Scope.READ, team=bound)
        incident = peopled.ask("GET", f"/api/v1/incidents/inc-{bound}", token).json()
        assert [change["title"] for change in incident["changes"]] == seen
        assert {line["series"] for line in incident["evidence"]} == {
            member["series"] for member in incident["members"]
        }


def test_status_tells_a_team_of_itself(peopled: Secured) -> None:
    own = peopled.ask("GET", "/api/v1/status", peopled.token(Scope.READ, team="red")).json()
    assert (own["incidents_open"], own["series"], own["shards"], own["limits"]) == (1, None, [], [])
    whole = peopled.ask("GET", "/api/v1/status", peopled.token(Scope.READ)).json()
    assert (whole["incidents_open"], whole["series"] > 0, len(whole["shards"])) == (3, True, 2)


def test_what_is_hidden_answers_as_what_is_not_there(peopled: Secured) -> None:
    token = peopled.token(Scope.READ, Scope.CONFIG, team="red")
    hidden, nowhere = series_ids(peopled)["blue"], "00000000000000ff"
    for method, path in (
        ("GET", "/api/v1/series/{}"),
        ("GET", "/api/v1/series/{}/observations"),
        ("GET", "/api/v1/series/{}/challenger"),
        ("DELETE", "/api/v1/series/{}"),
        ("GET", "/api/v1/explain?series={}&at=0"),
    ):
        answers = [peopled.ask(method, path.format(id), token) for id in (hidden, nowhere)]
        assert {answer.status_code for answer in answers} == {404}, path
        assert answers[0].text.replace(hidden, "") == answers[1].text.replace(nowhere, "")
    assert peopled.story.forgotten == []


def test_a_teams_token_writes_its_own_series_only(app: Secured) -> None:
    token = app.token(Scope.INGEST, team="red")
    mixed = [sample("red", value=1.0), sample("blue", value=2.0), sample(None, value=3.0)]
    for _ in range(2):  # the second time what may pass is known by fingerprint
        answer = app.send(token, *mixed, Idempotency_Key="x")
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)
        assert answer.json()["errors"] == [{"reason": "foreign_series", "detail": "2 samples"}]
        mixed[0]["value"] += 1.0
    (first, second) = [one.batch for one in app.engine.submitted]
    assert (first.value.tolist(), second.value.tolist()) == ([1.0], [2.0])
    assert len(first.identities) == 1
    assert set(app.engine.known.values()) == {b"orders\x1fteam\x1ered"}
    answer = app.send(token, sample("blue"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (400, "all-rejected")
    assert app.send(token, *mixed, query="?strict=1").status_code == 422
    assert app.send(token, sample("red"), query="?complete=1").status_code == 403


def test_a_prefix_bounds_what_is_written(app: Secured) -> None:
    token = app.token(Scope.INGEST, prefix="shop.")
    answer = app.send(token, sample(None, "shop.orders"), sample(None, "shopping"), sample(None, "x"))
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)
    both = app.token(Scope.INGEST, prefix="shop.", team="blue")
    answer = app.send(both, sample("blue", "shop.a"), sample("red", "shop.a"), sample("blue", "a"))
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)


def test_a_series_the_shard_does_not_know_is_asked_for_within_the_fence(app: Secured) -> None:
    token = app.token(Scope.INGEST, team="red")
    assert app.send(token, sample("red"), sample("blue")).json()["accepted"] == 1
    app.engine.known.clear()  # forgotten meanwhile
    answer = app.send(token, sample("red", value=5.0), sample("blue", value=5.0))
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
    assert set(app.engine.known.values()) == {b"orders\x1fteam\x1ered"}


def test_one_teams_request_is_never_anothers_repeat(app: Secured) -> None:
    for team in TEAMS:
        token = app.token(Scope.INGEST, team=team)
        answer = app.send(token, sample(team), **{"idempotency-key": "same"})
        assert answer.json() == {"accepted": 1, "rejected": 0, "errors": [], "repeated": False}
        again = app.send(token, sample(team), **{"idempotency-key": "same"})
        assert again.json()["repeated"] is True


def test_while_teams_are_not_known_yet_a_sender_is_asked_to_come_again(app: Secured) -> None:
    token = app.token(Scope.INGEST, team="red")
    app.monitor._state = State.RECOVERING
    answer = app.send(token, sample("red"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    app.monitor._state = State.RUNNING
    assert app.send(token, sample("red")).json()["accepted"] == 1


def test_teams_declared_anew_hold_for_the_next_request(app: Secured) -> None:
    token, admin = app.token(Scope.INGEST, team="red"), app.token(Scope.ADMIN)
    assert app.send(token, sample("red")).status_code == 200
    rules = {"rules": [{"tags": {"team": "red", "country": "NL"}}]}
    assert app.ask("PUT", "/api/v1/teams/red", admin, json=rules).status_code == 200
    assert app.send(token, sample("red", value=2.0)).status_code == 400
    assert app.send(token, sample("red", country="NL")).status_code == 200
    listed = app.ask("GET", "/api/v1/teams", admin).json()["items"]
    assert listed == [
        {"rules": [{"tags": {"team": "blue"}}], "name": "blue"},
        {"rules": [{"tags": {"team": "red", "country": "NL"}}], "name": "red"},
    ]
    teams = [c.body for c in app.engine.controls if isinstance(c, Control) and c.kind is Kind.TEAM]
    assert teams[-1] == {"name": "red", "rules": [{"team": "red", "country": "NL"}]}


def test_a_persons_team_is_theirs_in_the_browser_too(peopled: Secured) -> None:
    peopled.user("ann", Role.VIEWER, "red")
    assert peopled.login("ann").status_code == 303
    listed = peopled.http.get("/api/v1/incidents").json()["items"]
    assert names(listed, "title") == {"orders.red up"}


def test_rules_that_cannot_be_are_refused(app: Secured) -> None:
    admin = app.token(Scope.ADMIN)
    unlike: list[dict[str, str]] = [{}, {"a": "\n"}, {"": "x"}]
    for tags in unlike:
        body = {"rules": [{"tags": tags}]}
        assert app.ask("PUT", "/api/v1/teams/green", admin, json=body).status_code == 422
    assert "green" not in app.monitor.declaring.teams
    assert app.ask("PUT", "/api/v1/teams/red", admin, json={"rules": []}).status_code == 200
    assert "red" not in app.monitor.declaring.teams
