"""What is told as a series' last value is the bucket of one, whatever time has passed since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.engine.base import Engine
from monitor.engine.inline import InlineEngine
from tests.engine.making import START_MS, batch, complete, running, send

LOAD = Identity.of("load", {"host": "h"})
DAY = 1_440


def last(engine: Engine) -> int:
    """The minute of the series' last value, as it is told of one series and in a list."""
    engine.settle()
    asked: dict[str, Any] = {"metric": None, "q": None, "tag": None, "after": "", "limit": 10}
    found = [row for shard in range(engine.shards) for row in engine.ask(shard, "series_list", **asked)]
    (listed,) = found
    shard = next(one for one in range(engine.shards) if engine.ask(one, "series_one", id=listed["id"]))
    assert engine.ask(shard, "series_one", id=listed["id"]) == listed
    minute, rest = divmod(listed["last_ms"] - START_MS, MINUTE_MS)
    assert rest == 0
    return int(minute)


def test_the_end_of_a_file_moves_no_last_value(tmp_path: Path) -> None:
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 3, [LOAD]))
        assert last(engine) == 2
        send(engine, batch(3, 197, [LOAD]))
        assert last(engine) == 199
        complete(engine, batch(0, 200, [LOAD]))
        assert last(engine) == 199


def test_silence_moves_no_last_value_however_long(tmp_path: Path) -> None:
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 200, [LOAD]), mode=Mode.LIVE)
        for minute in (210, 320, 1 * DAY, 40 * DAY):
            engine.control(Tick(START_MS + minute * MINUTE_MS)).result(20)
            assert last(engine) == 199


def test_values_that_wait_count(tmp_path: Path) -> None:
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 200, [LOAD]))
        body = {"name": "load", "declaration": {"lateness_ms": 3_600_000}}
        engine.control(Control(Kind.METRIC, body)).result(20)
        send(engine, batch(200, 5, [LOAD]))
        assert last(engine) == 204
