"""How much one user may say, and that nobody answers for another team."""

from __future__ import annotations

from monitor.domain.access import Scope
from tests.api.access.conftest import Secured, busy


def test_one_request_too_many_in_a_minute(peopled: Secured) -> None:
    busy(peopled)
    token = peopled.token(Scope.FEEDBACK, Scope.READ)
    path = "/api/v1/incidents/inc-red/comment"
    answers = [peopled.ask("POST", path, token, json={"comment": str(i)}) for i in range(61)]
    assert [a.status_code for a in answers] == [200] * 60 + [429]
    assert answers[-1].json()["type"].endswith("feedback-per-minute")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert peopled.ask("POST", path, peopled.token(Scope.FEEDBACK), json={"comment": "a"}).status_code == 200
    admin = peopled.token(*Scope)
    answers = [peopled.ask("POST", path, admin, json={"comment": str(i)}) for i in range(62)]
    assert {a.status_code for a in answers} == {200}
    uses = {use.name: use.hits for use in peopled.monitor.telemetry.limits.read()}
    assert (uses["http.feedback_per_minute"], uses["http.note_bytes"]) == (1, 0)


def test_labels_and_acts_of_other_teams_are_not_there(peopled: Secured) -> None:
    busy(peopled)
    token = peopled.token(Scope.FEEDBACK, Scope.READ, team="red")
    listed = peopled.ask("GET", "/api/v1/labels", token).json()["items"]
    assert [one["target"] for one in listed] == ["inc-red"]
    for path, body in (
        ("incidents/inc-red/merge", {"other": "more-blue"}),
        ("incidents/inc-red/move", {"anomalies": ["d-blue"]}),
        ("labels", {"label": "true", "anomaly": "a-blue"}),
        ("acts/act-blue/undo", None),
        ("labels/label-blue/undo", None),
    ):
        assert peopled.ask("POST", f"/api/v1/{path}", token, json=body).status_code == 404
    everyone = peopled.token(Scope.FEEDBACK)
    for path, body in (
        ("incidents/inc-red/merge", {"other": "more-blue"}),
        ("incidents/inc-red/move", {"anomalies": ["d-blue"]}),
    ):
        assert peopled.ask("POST", f"/api/v1/{path}", everyone, json=body).status_code == 422
