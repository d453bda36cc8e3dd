"""Charts: made of whatever history holds, and saying what they show."""

from __future__ import annotations

import struct
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitor.alerting.chart import LEAST, Track, picture
from monitor.domain.durations import HOUR_MS
from monitor.domain.units import Way
from monitor.illustrating import Illustrator
from tests.fakes import storm_incident

START_MS = 1_359_676_800_000  # 2013-02-01


def track(count: int = 300, name: str = "cancelled_share{origin=JFK}", **columns: Any) -> Track:
    noise = np.random.default_rng(5).standard_t(4, count) * 0.005
    expected = 0.05 + 0.02 * np.sin(np.arange(count) / 24 * 2 * np.pi)
    value = expected + noise
    verdict = np.zeros(count, np.uint8)
    value[-5:] += 0.4
    verdict[-5:] = 2
    ts_ms = START_MS + HOUR_MS * np.arange(count)
    made = Track(
        series=name,
        way=Way.of("ratio", None, ""),
        ts_ms=ts_ms,
        value=value,
        expected=expected,
        lower=expected - 0.03,
        upper=expected + 0.03,
        verdict=verdict,
        from_ms=int(ts_ms[-5]) if count >= 5 else START_MS,
    )
    return replace(made, **columns)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_picture_is_readable_on_a_telephone_and_says_what_it_shows() -> None:
    made = picture(track())
    assert made is not None
    assert size_of(made.png) == (792, 814)
    assert 20_000 < len(made.png) < 200_000
    assert made.alt.startswith("cancelled_share{origin=JFK}: 4")
    assert made.alt.endswith("% was expected")
    assert "% at 2013-02-13 " in made.alt


def test_pictures_of_equal_tracks_are_equal() -> None:
    assert picture(track()) == picture(track())


@pytest.mark.parametrize("name", ["$\\frac{a$ <b>&", "\u202e名前\x00", "x" * 10_240, ""])
def test_names_are_text(name: str) -> None:
    made = picture(replace(track(name=name), way=Way.of("gauge", name[:20], "")))
    assert made is not None
    assert "\x00" not in made.alt


nan = np.full(300, np.nan)


@pytest.mark.parametrize(
    "columns",
    [
        {"expected": nan, "lower": nan, "upper": nan},
        {"lower": np.full(300, -np.inf), "upper": np.full(300, np.inf)},
        {"value": np.full(300, 7.0), "expected": np.full(300, 7.0)},
        {"value": np.zeros(300), "expected": np.zeros(300), "lower": np.zeros(300), "upper": np.zeros(300)},
        {"value": np.where(np.arange(300) % 3 == 0, np.nan, 1e300)},
        {"value": np.full(300, 1e-300)},
        {"verdict": np.zeros(300, np.uint8)},
        {"verdict": np.full(300, 2, np.uint8)},
    ],
)
def test_odd_columns_are_drawn_all_the_same(columns: dict[str, Any]) -> None:
    made = picture(track(**columns))
    assert made is not None
    assert size_of(made.png)[0] == 792


def test_of_too_little_there_is_no_picture() -> None:
    assert picture(track(LEAST - 1)) is None
    assert picture(track(value=nan)) is None
    assert picture(track(LEAST)) is not None


def test_a_picture_takes_less_than_a_second_of_work() -> None:
    picture(track())
    began = time.process_time()
    picture(track(2_000))
    assert time.process_time() - began < 1.0


def columns_of(made: Track) -> dict[str, Any]:
    return {name: getattr(made, name) for name in ("ts_ms", "value", "expected", "lower", "upper", "verdict")}


def test_an_incident_is_illustrated_by_its_first_suspect_once() -> None:
    asked: list[tuple[str, int, int]] = []

    def columns(id: str, *, from_ms: int, to_ms: int, max_points: int) -> dict[str, Any]:
        asked.append((id, from_ms, to_ms))
        return columns_of(track())

    row = {"cadence_ms": HOUR_MS, "class": "smooth"}
    illustrator = Illustrator(lambda _: row, columns, dict)
    incident = storm_incident()
    first = illustrator.of(incident)
    assert len(first) == 1
    assert illustrator.of(incident) is first
    assert [one[0] for one in asked] == [incident.suspects[0].series_id]
    assert asked[0][1] == incident.suspects[0].onset_ms - 300 * HOUR_MS
    illustrator.of(replace(incident, sequence=incident.sequence + 1))
    assert len(asked) == 2


def test_notices_go_without_pictures_where_none_can_be_made(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: str) -> dict[str, Any]:
        raise RuntimeError("no shard answers")

    illustrator = Illustrator(broken, lambda *_, **__: {}, dict)
    assert illustrator.of(storm_incident()) == ()
    assert illustrator.of(replace(storm_incident(), suspects=())) == ()
    assert "no chart" in caplog.text
