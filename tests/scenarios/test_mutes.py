"""Mutes, calendars and charts through the whole system, and through a replay of its log."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from api.app import create_app
from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import built
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.incident import Incident
from monitor.domain.mute import Mute, Selector
from monitor.domain.notice import Notice, NoticeKind
from monitor.domain.series import Identity
from monitor.service import Monitor
from tests.alerting.making import serving
from tests.fakes import storm_incident
from tests.scenarios.test_chain import fail, run


def incident_of(monitor: Monitor) -> Incident:
    """The one whose first suspect is the shop's conversion."""
    found = [
        one for one in monitor.recounting.incidents().items if one.suspects[0].metric == "shop.conversion"
    ]
    return found[0]


def test_a_mute_hits_what_its_preview_said_and_outlives_the_database(tmp_path: Path) -> None:
    monitor = run(tmp_path / "live")
    with TestClient(create_app(monitor), base_url="http://localhost") as client:
        fail(monitor, (0, 5, 10))
        incident = incident_of(monitor)
        selector = {"metric": "shop.*", "tags": {"country": "N*"}}
        hits = client.post("/api/v1/mutes/preview", json={"selector": selector}).json()
        assert hits["names"] == ["shop.conversion{country=NL}"]
        assert incident.id in [one["id"] for one in hits["incidents"]]
        now_ms = monitor.now_ms()
        assert monitor.muting.muted(incident, now_ms) is None
        asked = {"selector": selector, "reason": "new shop", "minutes": 60}
        kept = client.post("/api/v1/mutes", json=asked).json()["id"]
        ended = client.post("/api/v1/mutes", json=asked).json()["id"]
        days = {"name": "NL", "country": "NL", "selector": selector}
        calendar = client.post("/api/v1/calendars", json=days).json()
        assert client.delete(f"/api/v1/mutes/{ended}").status_code == 200
        why = monitor.muting.muted(incident, now_ms + 1_000)
        assert why is not None
        assert why.endswith(": new shop")
        others = [one for one in monitor.recounting.incidents().items if one.id != incident.id]
        assert others
        assert all(monitor.muting.muted(one, now_ms + 1_000) is None for one in others)
        said = client.get("/api/v1/mutes?past=true").json()
        monitor.settle(30)
    lost = shutil.ignore_patterns("watchkeeper.db*")
    shutil.copytree(tmp_path / "live", tmp_path / "copy", ignore=lost)  # as killed, its database lost
    monitor.stop()
    again = run(tmp_path / "copy")
    again.settle(60)
    with TestClient(create_app(again), base_url="http://localhost") as client:
        assert client.get("/api/v1/mutes?past=true").json() == said
        assert [one["id"] for one in client.get("/api/v1/mutes").json()["items"]] == [kept]
        assert client.get("/api/v1/calendars").json()["items"] == [calendar]
        why = again.muting.muted(incident_of(again), now_ms + 1_000)
        assert why is not None
    again.stop()


def test_a_notice_of_an_incident_carries_its_chart(tmp_path: Path) -> None:
    monitor = run(tmp_path)
    fail(monitor, (0, 5, 10))
    incident = incident_of(monitor)
    (picture,) = monitor.illustrating.of(incident)
    monitor.stop()
    assert picture.alt.startswith("shop.conversion{country=NL}: ")
    assert "was expected" in picture.alt
    told = Notice("k", 1, NoticeKind.OPENED, incident.start_ms, incident, pictures=(picture,))
    with serving() as server:
        settings = {"url": server.url, "pictures": True}
        built("webhook", settings, Outbound(["127.0.0.1"])).deliver(told)
        assert server.asked[0].json["pictures"][0]["alt"] == picture.alt


def test_learning_stops_for_a_window_and_goes_on_after_it_in_a_replay_too(tmp_path: Path) -> None:
    minute_ms, series = 60_000, [Identity.of("shop.orders"), Identity.of("cpu")]
    monitor = run(tmp_path / "live")
    start_ms = monitor.now_ms() // minute_ms * minute_ms - 1_440 * minute_ms

    def feed(first: int, end: int) -> list[int]:
        """Minutes of both series; of how many buckets either has learned by then."""
        at = np.arange(first, end)
        for place, one in enumerate(series):
            value = 100.0 + np.random.default_rng(place).standard_normal(1_440)[at]
            prints = np.full(len(at), one.fingerprint(), np.uint64)
            names = {one.fingerprint(): one.canonical()}
            batch = SampleBatch(prints, start_ms + at * minute_ms, value, None, names)
            monitor.taking.submit(batch, Mode.BACKFILL).result(30)
        monitor.settle(60)
        return [monitor.reading.series_one(f"{one.fingerprint():016x}")["final_buckets"] for one in series]

    with TestClient(create_app(monitor), base_url="http://localhost") as client:
        assert feed(0, 600) == [598, 598]
        asked = {"selector": {"metric": "shop.*"}, "reason": "new shop", "learning": True, "notices": False}
        asked |= {"start_ms": start_ms + 600 * minute_ms, "end_ms": monitor.now_ms() + 60 * minute_ms}
        made = client.post("/api/v1/mutes", json=asked).json()
        assert (made["learning"], made["notices"]) == (True, False)
        assert monitor.muting.muted(incident_like(), monitor.now_ms()) is None
        assert feed(600, 900) == [600, 898]
        assert client.delete(f"/api/v1/mutes/{made['id']}").status_code == 200
        assert feed(900, 1_000) == [600, 998]  # the end was now; all of this was before it
    before = [monitor._engine.ask(shard, "digest") for shard in range(2)]
    shutil.copytree(tmp_path / "live", tmp_path / "copy")  # as killed
    monitor.stop()
    again = run(tmp_path / "copy")
    again.settle(60)
    assert [again._engine.ask(shard, "digest") for shard in range(2)] == before
    again.stop()
    restored = run(tmp_path / "live")  # from the checkpoint of its stop
    assert [restored._engine.ask(shard, "digest") for shard in range(2)] == before
    restored.stop()


def incident_like() -> Incident:
    return replace(storm_incident(), suspects=(), series_count=0, team="")


def test_a_mute_without_incidents_keeps_anomalies_out_and_restores_what_goes_on(tmp_path: Path) -> None:
    """One series is well before the end of the window, the other is not; the log alone says the same."""
    minute_ms = 60_000
    monitor = run(tmp_path / "live")
    series = [Identity.of("shop.orders", {"country": name}) for name in ("NL", "BE")]
    now_ms = monitor.now_ms() // minute_ms * minute_ms - 120 * minute_ms  # what is ahead of it may be sent
    start_ms, end_ms = now_ms - 1_000 * minute_ms, now_ms + 30 * minute_ms

    def feed(first: int, end: int) -> None:
        at = np.arange(first, end)
        for place, one in enumerate(series):
            value = 100.0 + np.random.default_rng(place).standard_normal(1_440)[at]
            ill = (at >= 1_010) & (at < (1_025 if place == 0 else 2_000))
            prints = np.full(len(at), one.fingerprint(), np.uint64)
            names = {one.fingerprint(): one.canonical()}
            batch = SampleBatch(prints, start_ms + at * minute_ms, value + 60.0 * ill, None, names)
            monitor.taking.submit(batch, Mode.BACKFILL).result(30)
        monitor.settle(60)

    with TestClient(create_app(monitor), base_url="http://localhost") as client:
        feed(0, 1_000)
        mute = Mute("a" * 16, Selector("shop.*"), now_ms, end_ms, "ann", "move", False, True)
        monitor.muting.add(replace(mute, created_ms=now_ms))
        feed(1_000, 1_028)
        found = client.get("/api/v1/anomalies").json()["items"]
        assert {(one["incident_id"], one["muted_until_ms"]) for one in found} == {(None, end_ms)}
        assert len(found) == 2
        id, at_ms = found[0]["series_id"], start_ms + 1_012 * minute_ms
        why = client.get(f"/api/v1/explain?series={id}&at={at_ms}").json()
        assert why["reason"] == "muted"
        assert why["text"].startswith("Muted until ")
        assert client.get("/api/v1/incidents").json()["items"] == []
        feed(1_028, 1_050)
        (incident,) = client.get("/api/v1/incidents").json()["items"]
        assert (incident["start_ms"], incident["series_count"]) == (end_ms, 1)
        assert incident["suspects"][0]["tags"] == {"country": "BE"}
    lost = shutil.ignore_patterns("watchkeeper.db*")
    shutil.copytree(tmp_path / "live", tmp_path / "copy", ignore=lost)  # as killed, its database lost
    monitor.stop()
    again = run(tmp_path / "copy")
    again.settle(60)
    with TestClient(create_app(again), base_url="http://localhost") as client:
        (replayed,) = client.get("/api/v1/incidents").json()["items"]
    assert {**replayed, "sequence": 0} == {**incident, "sequence": 0}
    again.stop()
