"""Labels through the whole system: what they change, what a dry run says of it, and that a replay agrees."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity
from monitor.service import Monitor
from tests.scenarios.test_chain import START_MS, client_of, fail, run, stories

JSON = dict[str, Any]
ORDERS = Identity.of("orders", {"shop": "nl"})
SERIES = f"{ORDERS.fingerprint():016x}"
LENGTH, FIRST = 3_700, 2_000
SECOND = FIRST + 1_440
CUT = SECOND - 100


def values() -> NDArray[np.float64]:
    value = 100.0 + np.random.default_rng(1).standard_normal(LENGTH)
    value[FIRST] += 14.0
    value[SECOND] += 13.0
    return value


def feed(monitor: Monitor, first: int, end: int) -> None:
    at = np.arange(first, end)
    prints = np.full(len(at), ORDERS.fingerprint(), np.uint64)
    names = {ORDERS.fingerprint(): ORDERS.canonical()}
    batch = SampleBatch(prints, START_MS + at * MINUTE_MS, values()[at], None, names)
    monitor.taking.submit(batch, Mode.BACKFILL).result(30)
    monitor.settle(120)


class Desk:
    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.http: TestClient = client_of(monitor)

    def onsets(self) -> list[int]:
        """Buckets at which anomalies of the series began."""
        found = self.http.get("/api/v1/anomalies", params={"series": SERIES}).json()["items"]
        return sorted((one["onset_ms"] - START_MS) // MINUTE_MS for one in found)

    def anomaly(self, bucket: int) -> str:
        found = self.http.get("/api/v1/anomalies", params={"series": SERIES}).json()["items"]
        return str(next(one["id"] for one in found if one["onset_ms"] == START_MS + bucket * MINUTE_MS))

    def label(self, said: str, status: int = 200, target: JSON | None = None, **asked: Any) -> JSON:
        body = {"label": said, **(target or {"anomaly": self.anomaly(FIRST)})}
        answer = self.http.post("/api/v1/labels", json=body, params=asked)
        assert answer.status_code == status, answer.text
        self.monitor.settle(30)
        return dict(answer.json())

    def explain(self, bucket: int) -> JSON:
        at = {"series": SERIES, "at": str(START_MS + bucket * MINUTE_MS)}
        return dict(self.http.get("/api/v1/explain", params=at).json())

    def digests(self) -> list[str]:
        return [self.monitor._engine.ask(shard, "digest") for shard in range(2)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    monitor = run(tmp_path / "live")
    feed(monitor, 0, CUT)
    made = Desk(monitor)
    assert made.onsets() == [FIRST]
    yield made
    monitor.stop()


def test_a_false_alarm_is_quieted_next_time_and_says_why_after_a_replay_too(
    desk: Desk, tmp_path: Path
) -> None:
    label = desk.label("false alarm")
    feed(desk.monitor, CUT, LENGTH)
    assert desk.onsets() == [FIRST]
    told = desk.explain(SECOND)
    assert told["reason"] == "quieted"
    assert f"quieter here since the label that anyone set on {label['at'][:10]}" in told["text"]
    assert label["id"] in told["text"]
    before = desk.digests()
    shutil.copytree(tmp_path / "live", tmp_path / "copy")  # as killed
    again = run(tmp_path / "copy")
    try:
        again.settle(60)
        replayed = Desk(again)
        assert replayed.digests() == before
        assert replayed.onsets() == [FIRST]
        assert replayed.explain(SECOND)["text"] == told["text"]
    finally:
        again.stop()


def test_an_undo_leaves_the_state_of_before(desk: Desk) -> None:
    before = desk.digests()
    label = desk.label("false alarm")
    assert desk.digests() != before
    desk.http.post(f"/api/v1/labels/{label['id']}/undo")
    desk.monitor.settle(30)
    assert desk.digests() == before
    feed(desk.monitor, CUT, LENGTH)
    assert desk.onsets() == [FIRST, SECOND]


def test_a_dry_run_says_what_would_vanish_and_sets_nothing(desk: Desk) -> None:
    feed(desk.monitor, CUT, LENGTH)
    before = desk.digests()
    told = desk.label("false alarm", dry_run=1, days=2)
    assert [(one["onset_ms"] - START_MS) // MINUTE_MS for one in told["vanish"]] == [FIRST, SECOND]
    assert (told["series"], told["appear"], told["dry_run"]) == (1, [], True)
    assert desk.digests() == before
    assert desk.http.get("/api/v1/labels").json()["items"] == []


def test_a_dry_run_is_refused_where_something_confirmed_would_vanish(desk: Desk) -> None:
    feed(desk.monitor, CUT, LENGTH)
    desk.label("true", target={"anomaly": desk.anomaly(SECOND)})
    span = {"series": SERIES, "from_ms": START_MS + (SECOND - 5) * MINUTE_MS}
    span["to_ms"] = START_MS + (SECOND + 5) * MINUTE_MS
    first = desk.label("false alarm", dry_run=1, days=2)
    assert [one["confirmed"] for one in first["vanish"]] == []  # one confirmed outweighs one false alarm
    desk.label("false alarm")
    refused = desk.label("false alarm", 409, target=span, dry_run=1, days=2)
    assert refused["type"].endswith("confirmed-would-vanish")
    assert [one["confirmed"] for one in refused["vanish"]] == [False, True]
    forced = desk.label("false alarm", target=span, dry_run=1, days=2, force=1)
    assert [one["confirmed"] for one in forced["vanish"]] == [False, True]


def test_what_was_expected_is_an_entry_of_a_calendar_until_it_is_taken_back(desk: Desk) -> None:
    label = desk.label("expected")
    (calendar,) = desk.http.get("/api/v1/calendars").json()["items"]
    assert calendar["id"] == f"expected-{label['id']}"
    desk.http.post(f"/api/v1/labels/{label['id']}/undo")
    desk.monitor.settle(30)
    assert desk.http.get("/api/v1/calendars").json()["items"] == []


def test_a_wrong_group_is_parted_until_that_is_taken_back(tmp_path: Path) -> None:
    monitor = run(tmp_path)
    try:
        fail(monitor, (0, 3, 6))
        desk = Desk(monitor)
        one, two, _ = sorted(stories(desk.http), key=lambda story: story["start_ms"])
        desk.http.post(f"/api/v1/incidents/{one['id']}/merge", json={"other": two["id"]})
        monitor.settle(30)
        assert len(stories(desk.http)) == 2
        assert desk.label("true", target={"incident": two["id"]})["target"] == one["id"]
        member = {"anomaly": two["members"][0]["id"]}
        label = desk.label("wrong group", target=member)
        assert len(stories(desk.http)) == 3
        desk.http.post(f"/api/v1/labels/{label['id']}/undo")
        monitor.settle(30)
        assert len(stories(desk.http)) == 2
    finally:
        monitor.stop()
