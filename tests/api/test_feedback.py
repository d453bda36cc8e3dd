"""Labels and acts over HTTP and on the command line: what is answered, refused, limited and shown."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from api.client import Client, ServerTrouble
from api.commands import ask, respond, watch
from monitor.domain.acts import Act
from monitor.domain.incident import IncidentState
from monitor.domain.labels import Label, Said
from monitor.domain.records import Control, Kind
from tests.api.conftest import App
from tests.api.test_command_line import client
from tests.fakes import NOW_MS, storm_anomaly, storm_incident

STORM = storm_anomaly().anomaly
SERIES = f"{STORM.series.fingerprint():016x}"


@pytest.fixture
def storm(app: App) -> App:
    app.story.placed.append(storm_anomaly())
    app.story.kept.append(storm_incident())
    app.engine.known[STORM.series.fingerprint()] = STORM.series.canonical()
    return app


def post(app: App, path: str, body: Any = None) -> httpx2.Response:
    answer: httpx2.Response = app.http.post(f"/api/v1/{path}", json=body)
    return answer


def told(app: App, kind: Kind) -> list[dict[str, Any]]:
    return [c.body for c in app.engine.controls if isinstance(c, Control) and c.kind is kind]


TARGETS: list[dict[str, Any]] = [
    {"incident": storm_incident().id},
    {"anomaly": STORM.id},
    {"series": SERIES, "from_ms": 5, "to_ms": NOW_MS},
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: next(iter(one)))
def test_a_label_is_told_once_and_again_after_an_undo(storm: App, target: dict[str, Any]) -> None:
    body = {"label": "false alarm", "note": "<script>&\n", **target}
    first, again = post(storm, "labels", body), post(storm, "labels", body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (first.json()["note"], first.json()["user"]) == ("<script>&\n", "anyone")
    (record,) = told(storm, Kind.LABEL)
    assert Label.from_body(record).id == first.json()["id"]
    undone = post(storm, f"labels/{first.json()['id']}/undo").json()
    assert (undone["undone_by"], undone["rules"]) == ("anyone", False)
    assert post(storm, f"labels/{first.json()['id']}/undo").json() == undone
    assert post(storm, "labels", body).json()["id"] != first.json()["id"]
    assert len(told(storm, Kind.LABEL)) == 3


def test_what_was_taken_back_is_so_before_the_store_hears_of_it(storm: App) -> None:
    id = post(storm, "labels", {"label": "true", "anomaly": STORM.id}).json()["id"]
    storm.story.feedback.said.append(Label.from_body(told(storm, Kind.LABEL)[0]))

    def listed() -> list[tuple[str, str | None, bool]]:
        items = storm.http.get("/api/v1/labels").json()["items"]
        return [(one["id"], one["undone_by"], one["rules"]) for one in items]

    assert listed() == [(id, None, True)]
    post(storm, f"labels/{id}/undo")
    assert listed() == [(id, "anyone", False)]


def test_incidents_in_a_list_say_how_they_are_labelled(storm: App) -> None:
    def said() -> list[str]:
        (one,) = storm.http.get("/api/v1/incidents").json()["items"]
        assert storm.http.get(f"/api/v1/incidents/{one['id']}").json()["said"] == one["said"]
        return list(one["said"])

    assert said() == []
    id = post(storm, "labels", {"label": "expected", "incident": storm_incident().id}).json()["id"]
    storm.story.feedback.said.append(Label.from_body(told(storm, Kind.LABEL)[0]))
    assert said() == ["expected"]
    post(storm, f"labels/{id}/undo")
    assert said() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"label": "true", "incident": "inc-none"}, 404),
        ({"label": "true", "anomaly": "none"}, 404),
        ({"label": "true", "series": "0" * 16, "from_ms": 1, "to_ms": 2}, 404),
        ({"label": "true"}, 422),
        ({"label": "true", "incident": "a", "anomaly": "b"}, 422),
        ({"label": "odd", "incident": storm_incident().id}, 422),
        ({"label": "true", "series": SERIES}, 422),
        ({"label": "true", "anomaly": STORM.id, "from_ms": 1, "to_ms": 2}, 422),
        ({"label": "true", "series": SERIES, "from_ms": 2, "to_ms": 2}, 422),
        ({"label": "true", "series": SERIES, "from_ms": 2, "to_ms": NOW_MS + 11 * 60_000}, 422),
        ({"label": "wrong group", "series": SERIES, "from_ms": 1, "to_ms": 2}, 422),
        ({"label": "true", "incident": storm_incident().id, "note": "x" * 4_097}, 413),
        ({"label": "true", "incident": storm_incident().id, "note": "é" * 2_049}, 413),
        ({"label": "true", "incident": storm_incident().id, "note": "a\0"}, 422),
    ],
)
def test_what_is_no_label_is_refused_and_not_told(storm: App, body: dict[str, Any], status: int) -> None:
    assert post(storm, "labels", body).status_code == status
    assert told(storm, Kind.LABEL) == []


def test_the_longest_note_passes(storm: App) -> None:
    body = {"label": "true", "incident": storm_incident().id, "note": "x" * 4_096}
    assert post(storm, "labels", body).status_code == 200


def test_an_incident_that_is_over_cannot_be_taken(storm: App) -> None:
    storm.story.kept[:] = [storm_incident(IncidentState.CLOSED)]
    assert post(storm, f"incidents/{storm_incident().id}/acknowledge").status_code == 422
    assert post(storm, f"incidents/{storm_incident().id}/comment", {"comment": "a"}).status_code == 200


def test_what_was_taken_a_moment_ago_can_be_given_back(storm: App) -> None:
    """The store has not heard of it yet."""
    path = f"incidents/{storm_incident().id}"
    taken = post(storm, f"{path}/acknowledge").json()
    assert [act["id"] for act in storm.http.get(f"/api/v1/{path}").json()["acts"]] == [taken["id"]]
    (back,) = post(storm, f"{path}/unacknowledge").json()["items"]
    assert (back["id"], back["undone_by"]) == (taken["id"], "anyone")
    assert post(storm, f"{path}/unacknowledge").json()["items"] == []
    assert post(storm, f"{path}/acknowledge").json()["id"] != taken["id"]


def test_a_function_of_the_service_sets_a_label(storm: App) -> None:
    """What one-click links call."""
    labelling = storm.monitor.labelling
    label = labelling.set(labelling.whole(storm_incident().id), Said.TRUE, "link:ann", "by mail")
    assert labelling.set(labelling.whole(storm_incident().id), Said.TRUE, "link:ann", "by mail") == label
    assert told(storm, Kind.LABEL) == [label.to_body()]


# -- the command line -------------------------------------------------------------------------------


@pytest.fixture
def terminal(storm: App, monkeypatch: pytest.MonkeyPatch) -> App:
    for module in (ask, respond):
        monkeypatch.setattr(module, "Client", lambda url, token: client(storm)[0])
    monkeypatch.setenv("COLUMNS", "200")
    return storm


def test_acts_and_labels_on_the_command_line(terminal: App, capsys: pytest.CaptureFixture[str]) -> None:
    incident = storm_incident().id
    assert respond.act("", "", incident, "acknowledge", {"comment": ""}, as_json=False) == 0
    assert capsys.readouterr().out.startswith(f"acknowledge {incident} (")
    assert respond.act("", "", incident, "comment", {"comment": "[red]"}, as_json=True) == 0
    told_act = json.loads(capsys.readouterr().out)
    assert (told_act["verb"], told_act["comment"]) == ("comment", "[red]")
    assert respond.undo_act("", "", told_act["id"], as_json=False) == 0
    assert capsys.readouterr().out.startswith("undone: comment")
    asked = {"label": "expected", "note": "", "incident": None, "anomaly": None, "series": SERIES}
    asked |= {"from": "2013-02-08 14:00", "to": "2013-02-09T14:00:00Z"}
    assert respond.label("", "", asked, tz="America/New_York", as_json=True) == 0
    told_label = json.loads(capsys.readouterr().out)
    assert (told_label["from_ms"], told_label["to_ms"]) == (1_360_350_000_000, 1_360_418_400_000)
    assert respond.undo_label("", "", told_label["id"], as_json=False) == 0
    assert respond.labels("", "", limit=5, as_json=False, label=None) == 0
    assert capsys.readouterr().out.endswith("no labels\n")
    with pytest.raises(ServerTrouble, match="404"):
        respond.act("", "", "inc-none", "acknowledge", None, as_json=False)
    assert [Act.from_body(body).verb.value for body in told(terminal, Kind.ACT)[:2]] == [
        "acknowledge",
        "comment",
    ]


REHEARSED = {
    "dry_run": True,
    "label": "false alarm",
    "from_ms": 1_360_350_000_000,
    "to_ms": 1_361_350_000_000,
    "series": 3,
    "vanish": [{"id": "a-1", "series": "orders", "kind": "spike", "onset_ms": 1_360_350_000_000}],
    "appear": [],
}


def test_a_dry_run_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [httpx2.Response(200, json=REHEARSED), httpx2.Response(200, json=REHEARSED | {"vanish": []})]
    asked = {"label": "false alarm", "note": "", "anomaly": "a-1", "from": None, "to": None}
    for answer in answers:
        monkeypatch.setattr(respond, "Client", stub(answer))
        assert respond.label("", "", asked, tz="UTC", as_json=False, dry_run=True) == 0
    told = capsys.readouterr().out
    assert "vanish" in told
    assert "orders" in told
    assert told.endswith("nothing would change since 2013-02-08 19:00 UTC (3 series scored)\n")


STREAM = (
    b"event: heartbeat\ndata: {}\n\n"
    b'event: incident\ndata: {"id": "inc-1", "change": "opened", "state": "open", "priority": "P2", '
    b'"title": "m up\\n\\u001b[31m [red]", "start_ms": 1360350000000}\n\n'
)


def stub(*answers: httpx2.Response | Exception) -> Any:
    """A server that answers with these, one after the other."""
    left = list(answers)

    class Transport(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    return lambda url, token: Client("http://server", token, transport=Transport())


def test_incidents_are_watched_line_by_line_through_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    answers = (
        httpx2.Response(200, content=STREAM),
        httpx2.ConnectError("gone"),
        httpx2.Response(200, content=STREAM),
    )
    assert watch.watch("", "", as_json=False, tries=3, connect=stub(*answers), sleep=slept.append) == 0
    done = capsys.readouterr()
    line = "2013-02-08 19:00  opened  open  P2  inc-1  m up\ufffd\ufffd[31m [red]"
    assert done.out.splitlines() == [line, line]
    assert slept == [1.0, 2.0]
    assert "again in 1 s" in done.err
    assert watch.watch("", "", as_json=True, tries=1, connect=stub(answers[0])) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "inc-1"


def test_a_server_that_is_not_there_cannot_be_watched() -> None:
    with pytest.raises(ServerTrouble):
        watch.watch("", "", as_json=False, tries=2, connect=stub(httpx2.ConnectError("no")))
    with pytest.raises(ServerTrouble, match="401"):
        watch.watch(
            "", "", as_json=False, tries=2, connect=stub(httpx2.Response(401, json={"detail": "who"}))
        )
