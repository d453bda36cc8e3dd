"""People answer incidents, through the whole system: take, put together, take apart, label, and take back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from monitor.domain.durations import MINUTE_MS
from monitor.service import Monitor
from tests.scenarios.test_chain import CHAIN, FAULT, START_MS, client_of, fail, run, stories

JSON = dict[str, Any]


class Desk:
    """What somebody at a running system does, and sees once it is settled."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.http: TestClient = client_of(monitor)

    def post(self, path: str, body: JSON | None = None, status: int = 200) -> JSON:
        answer = self.http.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == status, answer.text
        self.monitor.settle(30)
        return dict(answer.json())

    def get(self, path: str) -> JSON:
        return dict(self.http.get(f"/api/v1/{path}").json())

    def stories(self) -> list[JSON]:
        """Of the fault, whole, the first to begin first; those merged into others are none."""
        return sorted(stories(self.http), key=lambda one: one["start_ms"])

    def seen(self) -> list[JSON]:
        """All that must be the same after a replay, which may take in one step what took people several."""
        labels = self.get("labels")["items"]
        apart = ("contributors", "steps")
        whole = [{key: value for key, value in one.items() if key not in apart} for one in self.stories()]
        return [*whole, *labels]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Three incidents of one series each."""
    monitor = run(tmp_path / "live")
    fail(monitor, (0, 3, 6))
    made = Desk(monitor)
    assert [one["series_count"] for one in made.stories()] == [1, 1, 1]
    yield made
    monitor.stop()


def test_a_replay_of_the_log_finds_what_people_did_and_said(desk: Desk, tmp_path: Path) -> None:
    one, two, three = desk.stories()
    taken = desk.post(f"incidents/{one['id']}/acknowledge", {"comment": "on it"})
    assert desk.post(f"incidents/{one['id']}/acknowledge", {"comment": "on it"})["id"] == taken["id"]
    desk.post(f"incidents/{two['id']}/merge", {"other": one["id"]})
    desk.post(f"incidents/{three['id']}/comment", {"comment": "<b>not</b> ours"})
    moved = desk.post(f"incidents/{one['id']}/move", {"anomalies": []}, status=422)
    assert moved["status"] == 422
    apart = desk.post(f"incidents/{one['id']}/split", {"anomalies": [two["members"][0]["id"]]})
    desk.post(f"acts/{apart['id']}/undo")
    span = {"label": "expected", "series": three["members"][0]["series_id"], "note": "sale"}
    desk.post("labels", span | {"from_ms": START_MS, "to_ms": START_MS + (FAULT + 60) * MINUTE_MS})
    desk.post("labels", {"label": "wrong severity", "incident": two["id"]})  # by an old link
    wrong = desk.post("labels", {"label": "false alarm", "incident": one["id"]})
    desk.post("labels", {"label": "true", "incident": one["id"]})
    desk.post(f"labels/{wrong['id']}/undo")
    before = desk.seen()
    (whole, other) = desk.stories()
    assert (whole["id"], whole["series_count"]) == (one["id"], 2)
    assert (whole["state"], whole["acknowledged_by"]) == ("acknowledged", "anyone")
    assert [(act["verb"], act["undone_by"]) for act in whole["acts"]] == [
        ("acknowledge", None),
        ("merge", None),
        ("split", "anyone"),
    ]
    assert other["acts"][0]["comment"] == "<b>not</b> ours"
    assert other["members"][0]["labels"] == ["expected"]
    assert [(told["label"], told["rules"]) for told in whole["labels"]] == [
        ("true", True),
        ("false alarm", False),
        ("wrong severity", True),
    ]
    gone = desk.get(f"incidents/{two['id']}")
    assert (gone["state"], gone["merged_into"]) == ("merged", one["id"])

    def log_only(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name.startswith("watchkeeper.db")}

    shutil.copytree(tmp_path / "live", tmp_path / "copy", ignore=log_only)  # as killed, its database lost
    again = run(tmp_path / "copy")
    try:
        again.settle(60)
        assert Desk(again).seen() == before
    finally:
        again.stop()


def test_each_act_can_be_taken_back(desk: Desk) -> None:
    before = desk.stories()
    one, two, three = (story["id"] for story in before)
    merged = desk.post(f"incidents/{one}/merge", {"other": three, "comment": "one import"})
    whole, alone = desk.stories()
    assert (whole["id"], alone["id"]) == (one, two)
    assert {member["metric"] for member in whole["members"]} == {CHAIN[0][0].metric, CHAIN[2][0].metric}
    off = [member["id"] for member in whole["members"]][1:]
    split = desk.post(f"incidents/{one}/split", {"anomalies": off})
    assert [story["id"] for story in desk.stories()] == [one, two, three]
    assert desk.get(f"incidents/{three}")["merged_into"] is None
    desk.post(f"acts/{split['id']}/undo")
    desk.post(f"acts/{split['id']}/undo")  # what was undone stays so
    assert len(desk.stories()) == 2
    desk.post(f"acts/{merged['id']}/undo")
    desk.post(f"incidents/{one}/acknowledge")
    assert desk.stories()[0]["state"] == "acknowledged"
    desk.post(f"incidents/{one}/unacknowledge")
    after = desk.stories()
    assert [story["state"] for story in after] == [story["state"] for story in before]
    assert [story["members"] for story in after] == [story["members"] for story in before]


def test_what_does_not_fit_is_refused(desk: Desk) -> None:
    one, two, _ = desk.stories()
    founder = one["members"][0]["id"]
    desk.post(f"incidents/{one['id']}/merge", {"other": one["id"]}, status=422)
    desk.post(f"incidents/{one['id']}/merge", {"other": "inc-none"}, status=404)
    desk.post(f"incidents/{one['id']}/split", {"anomalies": [founder]}, status=422)
    desk.post(f"incidents/{one['id']}/split", {"anomalies": [two["members"][0]["id"]]}, status=404)
    desk.post(f"incidents/{one['id']}/move", {"anomalies": [founder]}, status=422)
    desk.post("incidents/inc-none/acknowledge", status=404)
    desk.post("acts/none/undo", status=404)
    desk.post(f"incidents/{one['id']}/comment", {"comment": ""}, status=422)


def test_a_moved_anomaly_takes_its_incident_along_where_it_was_alone(desk: Desk) -> None:
    one, two, _ = desk.stories()
    desk.post(f"incidents/{one['id']}/move", {"anomalies": [two["members"][0]["id"]]})
    assert len(desk.stories()) == 2
    assert desk.get(f"incidents/{two['id']}")["merged_into"] == one["id"]
