"""What is told of incidents, to whom and when: stories, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.alerting.ruling import Rules
from monitor.domain.durations import HOUR_MS, MINUTE_MS
from monitor.domain.incident import Incident, IncidentState
from monitor.domain.lineage import Lineage, Link
from monitor.domain.notice import NoticeKind
from monitor.domain.route import DEFAULT, Digest, Hours, Route
from monitor.domain.series import Identity
from tests.alerting.stepping import ORDERS, START, Server, step

ALL = Route(DEFAULT, ("all",))


def told(*routes: Route, **more: Any) -> Server:
    return Server(Rules(routes, **more))


def kinds(server: Server) -> list[str]:
    return [kind for _, kind, _ in server.said()]


def test_an_opening_waits_for_what_belongs_to_it_and_a_close_does_not() -> None:
    server = told(ALL).hear(step(), step("closed", 90, sequence=2))
    opened, closed = server.dispatches
    assert (opened.kind, opened.due_ms - START) == (NoticeKind.OPENED, 30_000)
    assert (closed.kind, closed.due_ms - START) == (NoticeKind.CLOSED, 90 * MINUTE_MS)
    assert opened.key == closed.key == "inc-a"


def test_the_first_route_that_fits_is_taken_and_the_next_where_it_says_so() -> None:
    web = Route("web", ("w",), tags=(("service", "we*"),))
    assert told(web, ALL).hear(step()).said() == [("w", "opened", "inc-a")]
    both = told(replace(web, goes_on=True), ALL).hear(step())
    assert both.said() == [("w", "opened", "inc-a"), ("all", "opened", "inc-a")]
    other = Route("db", ("d",), tags=(("service", "db"),))
    assert told(other, ALL).hear(step()).said() == [("all", "opened", "inc-a")]


def test_all_that_is_asked_for_must_be_of_one_series() -> None:
    mixed = (Identity.of("orders", {"service": "db"}), Identity.of("latency", {"service": "web"}))
    route = Route("r", ("r",), metrics=("ord*",), tags=(("service", "web"),))
    assert told(route).hear(step(series=mixed)).said() == []
    assert told(route).hear(step(series=(*mixed, ORDERS))).said() != []


@pytest.mark.parametrize("asked", [{"severity": 81.0}, {"score": 81.0}, {"team": "red"}, {"priority": "P3"}])
def test_what_asks_for_more_is_not_taken(asked: dict[str, Any]) -> None:
    assert told(replace(ALL, **asked)).hear(step()).said() == []


def test_a_receiver_of_two_routes_is_told_once() -> None:
    routes = (Route("a", ("x",), goes_on=True), Route("b", ("x", "y")))
    assert told(*routes).hear(step()).said() == [("x", "opened", "inc-a"), ("y", "opened", "inc-a")]


def test_a_rise_is_told_and_a_fall_is_not() -> None:
    server = told(ALL).hear(step(), step("updated", 10, severity=170.0), step("updated", 20, severity=60.0))
    assert kinds(server) == ["opened", "updated"]
    assert server.dispatches[1].changed == ("severity has risen to 170",)


def test_a_new_kind_is_told() -> None:
    server = told(ALL).hear(step(), step("updated", 10, kinds=("dip",)), step("updated", 20))
    assert [one.changed for one in server.dispatches[1:]] == [("new kind: dip",)]


def test_updates_come_no_faster_than_the_interval_and_none_is_forgotten() -> None:
    server = told(ALL).hear(step(), step("updated", 1, severity=170.0))
    assert kinds(server) == ["opened"]
    server.look(4).look(5)
    assert kinds(server) == ["opened", "updated"]


def test_what_stays_open_is_repeated_until_somebody_has_taken_it() -> None:
    server = told(replace(ALL, repeat_s=3_600)).hear(step()).look(61).look(121)
    assert kinds(server) == ["opened", "updated", "updated"]
    assert server.dispatches[1].changed == ("still open",)
    quiet = told(replace(ALL, repeat_s=0)).hear(step()).look(1_400)
    assert kinds(quiet) == ["opened"]


def test_what_comes_back_is_something_new_to_a_receiver() -> None:
    server = told(ALL).hear(step(), step("closed", 60, sequence=2), step("reopened", 90, sequence=3))
    server.hear(step("closed", 120, sequence=4))
    assert [key for _, _, key in server.said()] == ["inc-a", "inc-a", "inc-a~2", "inc-a~2"]


def test_who_was_told_is_told_of_the_end_though_the_route_is_gone() -> None:
    server = told(ALL).hear(step())
    server.rules = Rules(())
    assert server.hear(step("expired", 60, sequence=2)).said()[-1] == ("all", "closed", "inc-a")


def test_a_merged_incident_is_closed_and_says_into_which() -> None:
    server = told(ALL).hear(step(), step("merged", 5, sequence=2, merged_into="inc-b"))
    assert server.dispatches[-1].changed == ("merged into inc-b",)


def test_a_change_to_what_is_over_tells_nobody() -> None:
    server = told(ALL).hear(step(), step("closed", 60, sequence=2))
    server.hear(
        step("updated", 61, sequence=3, severity=900.0, state=server.dispatches[-1].incidents[0].state)
    )
    assert kinds(server) == ["opened", "closed"]


def test_outside_its_hours_a_route_does_not_fit_and_takes_over_when_they_begin() -> None:
    office = Route(
        "office", ("o",), hours=(Hours((0, 1, 2, 3, 4), 8 * 60, 18 * 60),), timezone="Europe/Berlin"
    )
    server = told(office).hear(step(at=0))  # 01:00 in Berlin
    assert server.said() == []
    server.look(7 * 60 - 1)
    assert server.said() == []
    server.look(9 * 60)
    (opened,) = server.dispatches
    assert opened.at_ms == START + 7 * HOUR_MS


def test_what_was_muted_and_goes_on_is_told_once_when_the_mute_ends() -> None:
    def muted(_i: Incident, _s: Sequence[Identity], at_ms: int) -> str | None:
        return "muted by ann" if at_ms < START + 30 * MINUTE_MS else None

    server = told(ALL, muted=muted).hear(step(), step("updated", 10, severity=400.0)).look(29)
    assert server.said() == []
    assert [one.why for one in server.holdings] == ["muted by ann"]
    server.look(45)
    (opened,) = server.dispatches
    assert (opened.at_ms, opened.changed) == (
        START + 30 * MINUTE_MS,
        ("still going on; not told before: muted by ann",),
    )


def test_what_ends_while_it_is_muted_is_never_told() -> None:
    server = told(ALL, muted=lambda _i, _s, _t: "muted").hear(step(), step("closed", 9, sequence=2)).look(60)
    assert server.said() == []


def test_what_was_muted_and_recovers_is_told_only_if_it_comes_back() -> None:
    def muted(_i: Incident, _s: Sequence[Identity], at_ms: int) -> str | None:
        return "muted" if at_ms < START + 30 * MINUTE_MS else None

    recovers = step("recovering", 9, sequence=2, state=IncidentState.RECOVERING)
    server = told(ALL, muted=muted).hear(step(), recovers).look(60)
    assert server.said() == []
    assert kinds(server.hear(step("updated", 61, sequence=3))) == ["opened"]


def test_what_recovers_is_not_said_to_have_risen() -> None:
    worse = step("recovering", 30, sequence=2, state=IncidentState.RECOVERING, severity=4_000.0)
    assert kinds(told(ALL).hear(step(), worse).look(300)) == ["opened"]


def test_a_close_passes_a_mute() -> None:
    server = told(ALL).hear(step())
    server.rules = Rules((ALL,), muted=lambda _i, _s, _t: "muted")
    assert kinds(server.hear(step("closed", 60, sequence=2))) == ["opened", "closed"]


FEATURE, ACCURACY = Identity.of("feature.age"), Identity.of("accuracy")
FEEDS = Lineage([Link("feature.*", "accuracy")])


def test_an_incident_upstream_silences_until_it_is_over() -> None:
    server = told(ALL, lineage=FEEDS)
    server.hear(step(id="inc-up", series=(FEATURE,)), step(at=5, id="inc-down", series=(ACCURACY,)))
    assert server.said() == [("all", "opened", "inc-up")]
    assert [(one.incident_id, one.by) for one in server.holdings] == [("inc-down", "inc-up")]
    server.hear(step("closed", 60, "inc-up", sequence=2)).look(61)
    assert server.said()[-1] == ("all", "opened", "inc-down")


def test_those_that_feed_each_other_silence_nobody() -> None:
    ring = Lineage([Link("feature.*", "accuracy"), Link("accuracy", "feature.*")])
    server = told(ALL, lineage=ring)
    server.hear(step(id="inc-up", series=(FEATURE,)), step(at=5, id="inc-down", series=(ACCURACY,)))
    assert len(server.said()) == 2


@pytest.mark.parametrize(("count", "host", "expected"), [(9, "a", 1), (1, "a", 2), (9, "b", 2)])
def test_a_larger_one_with_the_same_tags_silences(count: int, host: str, expected: int) -> None:
    server = told(replace(ALL, broader=("host",)))
    large = (Identity.of("latency", {"host": host}), Identity.of("errors", {"host": host}))
    server.hear(step(id="inc-large", series=large, series_count=count), step(at=5, id="inc-small"))
    assert len(server.said()) == expected


def test_a_backfill_tells_nobody_unless_asked() -> None:
    assert told(ALL).hear(step(old=True)).look(600).said() == []
    assert told(replace(ALL, backfill=True)).hear(step(old=True)).said() != []


def test_what_began_in_a_backfill_and_goes_on_is_told_when_it_is_news() -> None:
    assert told(ALL).hear(step(old=True), step("updated", 5, sequence=2)).said() != []


def test_a_digest_tells_all_of_a_day_at_once() -> None:
    daily = replace(ALL, digest=Digest.DAY, timezone="America/New_York")
    server = told(daily).hear(step(), step(at=5, id="inc-b", severity=300.0), step("closed", 9, sequence=2))
    server.look(5 * 60 - 1)
    assert server.said() == []
    server.look(5 * 60)  # midnight in New York
    (digest,) = server.dispatches
    assert [one.id for one in digest.incidents] == ["inc-b", "inc-a"]
    server.look(29 * 60)
    assert len(server.dispatches) == 1


def test_forgotten_incidents_are_closed_where_they_were_told() -> None:
    server = told(ALL).hear(step())
    ruling = server._ruling("inc-a")
    ruling.forget("inc-a", START + MINUTE_MS)
    (closed,) = ruling.ruled().dispatches
    assert (closed.kind, closed.changed) == (NoticeKind.CLOSED, ("its series was deleted",))
