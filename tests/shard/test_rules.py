"""What is declared of a metric, as numbers; zones; cadences."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.series import Identity
from monitor.shard import state
from monitor.shard.cadence import LONGEST_MS, SHORTEST_MS, UNKNOWN_MS, learn_cadence
from monitor.shard.rules import MATURING_MS, Rules
from monitor.shard.zones import Zones, local_offset
from tests.shard.driving import START

ORDERS = Identity.of("orders")


def rule(declaration: dict[str, Any], identity: Identity = ORDERS) -> Any:
    rules = Rules()
    rules.declare(identity.metric, declaration)
    return rules.table[rules.number(identity)]


def test_what_nobody_declared() -> None:
    plain = Rules().table[0]
    assert rule({}).tolist() == plain.tolist()
    assert plain["lateness_ms"] == -1
    assert plain["aggregation"] == state.LAST
    assert (plain["static_lower"], plain["static_upper"]) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("declaration", "field", "value"),
    [
        ({"kind": "delta"}, "aggregation", state.SUM),
        ({"kind": "delta", "aggregation": "max"}, "aggregation", state.MAX),
        ({"kind": "maturing"}, "lateness_ms", MATURING_MS),
        ({"kind": "maturing", "lateness_ms": 0}, "lateness_ms", 0),
        ({"kind": "ratio"}, "ratio", 1),
        ({"polarity": "down"}, "polarity", -1),
        ({"static_lower": 0.0}, "static_lower", 0.0),
        ({"min_change_relative": 0.5}, "min_relative", 0.5),
        ({"cadence_ms": HOUR_MS}, "cadence_ms", HOUR_MS),
        ({"cadence_ms": None, "kind": None, "aggregation": None}, "aggregation", state.LAST),
    ],
)
def test_declared(declaration: dict[str, Any], field: str, value: float) -> None:
    assert rule(declaration)[field] == value


def test_a_declaration_replaces_the_one_before_it_for_series_that_are_there() -> None:
    rules = Rules()
    number = rules.number(ORDERS)
    other = rules.number(Identity.of("other"))
    assert rules.declare("orders", {"polarity": "up"}) == [number]
    assert rules.declare("orders", {"kind": "delta"}) == [number]
    assert rules.table["polarity"][number] == 0
    assert rules.table["aggregation"][number] == state.SUM
    assert rules.table["aggregation"][other] == state.LAST


def test_the_zone_of_a_series() -> None:
    rules = Rules("Asia/Tokyo")
    rules.declare("declared", {"timezone": "Europe/Paris"})
    of = {
        "Asia/Tokyo": ORDERS,
        "America/New_York": Identity.of("orders", {"timezone": "America/New_York"}),
        "Europe/Berlin": Identity.of("orders", {"tz": "Europe/Berlin"}),
        "Europe/Paris": Identity.of("declared", {"tz": "Europe/Berlin"}),
    }
    assert {zone: rules.zone_of(rules.number(series)) for zone, series in of.items()} == {z: z for z in of}


def test_more_metrics_than_a_rule_number_can_carry() -> None:
    rules = Rules()
    rules._metrics += [("x", "UTC")] * (65_535 - len(rules._metrics))
    rules.table = np.zeros(65_535, state.RULE)
    assert rules.number(ORDERS) == 65_535
    assert rules.number(Identity.of("one more")) == 0
    assert rules.number(ORDERS) == 65_535


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6), st.sampled_from(["UTC", "Europe/Rome"]))
def test_rules_come_back_from_their_state(metrics: list[str], zone: str) -> None:
    series = [Identity.of(metric, {"tz": "Asia/Tokyo"} if metric == "c" else {}) for metric in metrics]
    rules = Rules(zone)
    numbers = [rules.number(one) for one in series]
    rules.declare("a", {"kind": "delta", "static_upper": 3.0})
    again = Rules.from_state(rules.state())
    assert [again.number(one) for one in series] == numbers
    count = len(set(numbers)) + 1
    mine, other = rules.table[:count], again.table[:count]
    for field in state.RULE.names or ():
        if field != "zone":
            assert mine[field].tolist() == other[field].tolist()
    names, names2 = rules.zones.names, again.zones.names
    assert [names[z] for z in mine["zone"]] == [names2[z] for z in other["zone"]]


# ---------------------------------------------------------------------- zones

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@given(st.sampled_from(ZONES), st.integers(0, 4_102_444_799))
def test_offsets_as_the_standard_library_says(zone: str, second: int) -> None:
    zones = Zones()
    number = zones.number(zone)
    directory = np.zeros(1, state.DIRECTORY)
    directory["zones"], directory["zone_changes"] = zones.table.ctypes.data, zones.changes.ctypes.data
    delta = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert delta is not None
    assert local_offset(directory[0], number, second * 1000) == delta.total_seconds() * 1000
    at = np.array([second * 1000])
    assert zones.civil(number, at)[0] == second * 1000 + delta.total_seconds() * 1000


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a\x00b", "America"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert Zones().number(name) == 0


# ---------------------------------------------------------------------- cadences


@pytest.mark.parametrize("step", [1000, 10_000, MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS])
def test_the_usual_spacings(step: int) -> None:
    rng = np.random.default_rng(1)
    ts = START + np.arange(9) * step + rng.integers(0, step // 50, 9)
    assert learn_cadence(ts) == step


def test_gaps_do_not_matter() -> None:
    ts = START + MINUTE_MS * np.array([0, 1, 2, 30, 31, 32, 90, 91])
    assert learn_cadence(ts) == MINUTE_MS


def test_an_unusual_spacing_is_kept() -> None:
    assert learn_cadence(START + 77_000 * np.arange(8)) == 77_000


@given(st.lists(st.integers(1, 10**12), min_size=0, max_size=9))
def test_a_cadence_is_always_one(spacings: list[int]) -> None:
    ts = START + np.cumsum(np.array([0, *spacings], np.int64))
    cadence = learn_cadence(ts)
    assert SHORTEST_MS <= cadence <= LONGEST_MS
    if not spacings:
        assert cadence == UNKNOWN_MS
