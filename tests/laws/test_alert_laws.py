"""Laws of alerts: restarts change nothing, a preview says what was sent, each opening has its close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.preview import preview
from monitor.alerting.ruling import Rules
from monitor.domain.alert import Dispatch, Step
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.incident import Incident
from monitor.domain.lineage import Lineage, Link
from monitor.domain.notice import NoticeKind
from monitor.domain.route import DEFAULT, Digest, Hours, Route
from monitor.domain.series import Identity
from tests.alerting.stepping import ORDERS, START, Server, at_once, step

FEATURE, ACCURACY = Identity.of("feature.age"), Identity.of("accuracy")
FEEDS = Lineage([Link("feature.*", "accuracy")])
SERIES = (ORDERS, FEATURE, ACCURACY, Identity.of("orders", {"service": "web", "host": "b"}))
NAMES = ("inc-a", "inc-b", "inc-c")


@st.composite
def routes(draw: st.DrawFn) -> list[Route]:
    found = []
    for name in draw(st.lists(st.sampled_from(("a", "b", "c", DEFAULT)), min_size=1, unique=True)):
        found.append(
            Route(
                name,
                tuple(draw(st.lists(st.sampled_from("xyz"), min_size=1, unique=True))),
                position=draw(st.integers(0, 3)),
                metrics=draw(st.sampled_from(((), ("orders",), ("feature.*", "accuracy")))),
                severity=draw(st.sampled_from((0.0, 100.0))),
                hours=draw(st.sampled_from(((), (Hours((0, 2), 60, 22 * 60),)))),
                goes_on=draw(st.booleans()),
                interval_s=draw(st.sampled_from((0, 300, 7_200))),
                repeat_s=draw(st.sampled_from((0, 3_600))),
                digest=draw(st.sampled_from((Digest.NEVER, Digest.NEVER, Digest.DAY))),
                broader=draw(st.sampled_from(((), ("host",)))),
            )
        )
    return found


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Steps of three incidents, each as lives go, over some days."""
    at, found, open_ones, sequence = 0.0, [], dict[str, bool](), defaultdict[str, int](int)
    for _ in range(draw(st.integers(1, 14))):
        at += draw(st.sampled_from((0.0, 0.2, 1, 7, 90, 1_000)))
        name = draw(st.sampled_from(NAMES))
        if name not in open_ones:
            kind = "opened"
        elif open_ones[name]:
            kind = draw(st.sampled_from(("updated", "updated", "closed", "expired", "merged")))
        else:
            kind = draw(st.sampled_from(("reopened", "updated")))
        over = kind in ("closed", "expired", "merged")
        open_ones[name] = kind in ("opened", "reopened") or (open_ones.get(name, False) and not over)
        sequence[name] += 1
        found.append(
            step(
                kind,
                at,
                name,
                sequence=sequence[name],
                series=draw(st.lists(st.sampled_from(SERIES), max_size=2)),
                kinds=draw(st.lists(st.sampled_from(("spike", "dip")), max_size=1)),
                severity=draw(st.sampled_from((50.0, 120.0, 500.0))),
                series_count=draw(st.integers(1, 9)),
            )
        )
    return found


def muted_at_times(_i: Incident, _s: Sequence[Identity], at_ms: int) -> str | None:
    return "muted" if at_ms // (3 * HOUR_MS) % 4 == 0 else None


def by_time(found: Sequence[Dispatch]) -> list[str]:
    return sorted(map(repr, found))


FEW = settings(max_examples=30)


@FEW
@given(routes(), lives(), st.lists(st.integers(0, 3_000), max_size=12))
def test_restarts_and_looks_change_nothing_and_a_preview_says_the_same(
    declared: list[Route], steps: list[Step], looks: list[int]
) -> None:
    rules = Rules(declared, muted_at_times, FEEDS)
    until_ms = steps[-1].told_ms + DAY_MS
    whole = at_once(rules, steps, until_ms)
    server = Server(rules)
    moments: list[tuple[float, Step | None]] = [(_minute(one), one) for one in steps]
    within = [at for at in looks if steps[0].told_ms <= START + at * MINUTE_MS <= until_ms]
    for at, one in sorted([*moments, *((float(at), None) for at in within)], key=lambda m: m[0]):
        _ = server.look(at) if one is None else server.hear(one)
    server.look((until_ms - START) / MINUTE_MS)
    assert by_time(server.dispatches) == by_time(whole.ruled().dispatches)
    assert sorted(map(repr, server.holdings)) == sorted(map(repr, whole.ruled().holdings))
    seen = preview(steps, rules, START, until_ms + 1)
    assert by_time(seen.dispatches) == by_time(server.dispatches)


def _minute(one: Step) -> float:
    return (one.told_ms - START) / MINUTE_MS


@FEW
@given(routes(), lives())
def test_each_key_is_opened_once_and_closed_last(declared: list[Route], steps: list[Step]) -> None:
    rules = Rules(declared, muted_at_times, FEEDS)
    found = at_once(rules, steps, steps[-1].told_ms + DAY_MS).ruled().dispatches
    lives: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        if one.kind is not NoticeKind.DIGEST:
            lives[one.receiver, one.key].append(one.kind.value)
    for kinds in lives.values():
        assert kinds[0] == "opened"
        assert kinds.count("opened") == 1
        assert "closed" not in kinds[:-1]


@FEW
@given(routes(), lives())
def test_who_was_told_of_the_beginning_is_told_of_the_end(declared: list[Route], steps: list[Step]) -> None:
    rules = Rules(declared, muted_at_times, FEEDS)
    last = steps[-1].told_ms
    ends = [
        step("closed", (last - START) / MINUTE_MS, name, sequence=99)
        for name in dict.fromkeys(one.incident.id for one in steps)
    ]
    found = at_once(rules, [*steps, *ends], last).ruled().dispatches
    opened = {(one.receiver, one.key) for one in found if one.kind is NoticeKind.OPENED}
    closed = {(one.receiver, one.key) for one in found if one.kind is NoticeKind.CLOSED}
    assert opened == closed


@FEW
@given(routes(), lives())
def test_news_that_is_old_wakes_nobody(declared: list[Route], steps: list[Step]) -> None:
    old = [replace(one, newest_ms=one.told_ms - 30 * DAY_MS) for one in steps]
    assert at_once(Rules(declared), old, steps[-1].told_ms + DAY_MS).ruled().dispatches == []
