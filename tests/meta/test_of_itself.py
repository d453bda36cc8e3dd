"""What is told of Watchkeeper itself over HTTP; and that it does not feed on itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import SeriesCounts
from monitor.domain.meta import EVERY_MS, FIGURES, of_itself
from monitor.domain.series import Identity
from monitor.incidents.title import title
from monitor.meta.deployment import deployed, noted
from monitor.meta.freeze import Freeze
from monitor.meta.heartbeat import Heartbeat
from tests.meta.living import START_MS, Living, living, named, noise


def client_of(system: Living) -> TestClient:
    return TestClient(create_app(system.monitor), base_url="http://localhost")


def test_own_series_are_no_part_of_what_is_counted(tmp_path: Path) -> None:
    with living(tmp_path, named(20), lambda step: 10.0 + noise(step, 20)) as system:
        system.past(520)
        system.live(36)
        monitor = system.monitor
        before = monitor.overseeing.facts(system.now_ms)
        own = [one for one in monitor.reading.series(limit=1_000).items if of_itself(one["metric"])]
        assert len(own) >= 8
        assert any(one["stage"] != "learning" for one in own)
        system.live(1)
        now = monitor.overseeing.facts(system.now_ms)
        assert sum(one["living"] for one in now.shards) == 20
        grown = sum(int(np.sum(one["counts"])) for one in now.shards)
        grown -= sum(int(np.sum(one["counts"])) for one in before.shards)
        assert grown == 20  # one final bucket of each of the others
        assert len(monitor.reading.series(limit=1_000).items) == 20 + len(own)


def test_it_is_told_over_http(tmp_path: Path) -> None:
    with living(tmp_path, named(12), lambda step: 10.0 + noise(step, 12)) as system:
        system.live(3)
        client = client_of(system)
        told = client.get("/api/v1/meta").json()
        assert (told["frozen"], told["incidents"], told["heartbeat_ms"]) == (None, [], None)
        assert "watchkeeper.source.samples" in {one["metric"] for one in told["figures"]}
        frozen = client.post("/api/v1/meta/freeze", json={"reason": "a test"}).json()["frozen"]
        assert frozen == "frozen by anyone: a test"
        assert client.get("/api/v1/meta").json()["frozen"] == frozen
        assert client.post("/api/v1/meta/unfreeze").json() == {"frozen": None}
        since = {"since_ms": START_MS, "dry_run": True}
        assert client.post("/api/v1/meta/rollback", json=since).json() == {"dry_run": True, "items": []}
        assert client.post("/api/v1/meta/rollback", json={"since_ms": START_MS}).json()["items"] == []
        assert client.post("/api/v1/meta/reopen", json={"since_ms": START_MS}).status_code == 204
        assert client.post("/api/v1/meta/rollback", json={}).status_code == 422


def test_a_freeze_outlives_a_restart(tmp_path: Path) -> None:
    for checkpointed in (False, True):
        with living(tmp_path, named(3), lambda step: 10.0 + noise(step, 3)) as system:
            if checkpointed:
                assert system.monitor.overseeing.freeze.reason == "frozen by ann: first"
                system.monitor.checkpoint()
            else:
                system.monitor.overseeing.freeze_by("ann", "first")


def test_who_unfreezes_knows_of_what_is_open() -> None:
    seen = Freeze().seen({"inc-1": "one"})
    assert seen.reason.startswith("frozen while meta-incident inc-1 is open")
    thawed = seen.unfrozen()
    assert (thawed.reason, thawed.seen({"inc-1": "one"}).reason) == ("", "")
    assert thawed.seen({"inc-1": "one", "inc-2": "two"}).reason.endswith("two")
    assert thawed.seen({}) == Freeze()


def test_a_heartbeat_each_minute_while_all_is_well() -> None:
    now, trouble, sent = [0], [""], []

    def send() -> None:
        if trouble[0] == "refused":
            raise OSError("no")
        sent.append(now[0])

    heart = Heartbeat(lambda: "" if trouble[0] == "refused" else trouble[0], send, lambda: now[0])
    for minute, what in enumerate(["", "", "the log", "refused", ""]):
        trouble[0] = what
        for second in (0, 30_000):
            now[0] = minute * MINUTE_MS + second
            heart.beat()
        assert heart.trouble == {"refused": "the heartbeat was not taken: no"}.get(what, what)
    assert sent == [0, MINUTE_MS, 4 * MINUTE_MS]
    assert heart.sent_ms == 4 * MINUTE_MS


def test_another_version_is_a_change(tmp_path: Path) -> None:
    assert deployed(tmp_path, "1.0", 5) is None
    noted(tmp_path, "1.0")
    assert deployed(tmp_path, "1.0", 5) is None
    change = deployed(tmp_path, "1.1", 5)
    assert change is not None
    assert (change.kind, change.title, change.at_ms) == ("deployment", "Watchkeeper 1.0 became 1.1", 5)


def own_anomaly(metric: str, tags: dict[str, str], score: float, value: float, expected: float) -> Anomaly:
    series = Identity.of(metric, tags)
    return Anomaly(
        id=metric,
        series=series,
        kind=AnomalyKind.DIP,
        direction=-1,
        onset_ms=START_MS,
        peak_ms=START_MS,
        last_ms=START_MS,
        end_ms=None,
        score=score,
        value=value,
        expected=expected,
        lower=0.0,
        upper=1.0,
        buckets=4,
        cadence_ms=EVERY_MS,
    )


def test_a_title_names_the_cause_first_however_high_the_others_score() -> None:
    members = [
        own_anomaly("watchkeeper.surprise.p01", {"family": "ema"}, 90.0, 0.5, 0.01),
        own_anomaly("watchkeeper.band.coverage", {"family": "holt_winters"}, 60.0, 0.61, 0.99),
    ]
    told = title(members, SeriesCounts(), START_MS, None)
    assert told.startswith("Family holt_winters: band coverage fell from 99 to 61 % since ")
    assert told.endswith("; 1 more of Watchkeeper's own series")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: str(one.metric))
def test_what_is_declared_may_be_declared(figure: object) -> None:
    from api.schemas import Declaration

    declared = next(one.declared for one in FIGURES if one is figure)
    assert json.loads(Declaration.model_validate(declared).model_dump_json(exclude_none=True))
