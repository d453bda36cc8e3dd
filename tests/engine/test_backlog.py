"""The backlog of a shard: N passes, N + 1 is answered with Overloaded, and nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.errors import Overloaded
from monitor.domain.records import Samples
from monitor.engine.backlog import RECORD_BYTES, SAMPLE_BYTES, Backlog
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.engine.wire import error_in, error_out
from tests.engine.making import ARRIVAL_MS, NAMES, Kept, batch, request_id, send

ONE_BYTES = RECORD_BYTES + SAMPLE_BYTES * len(NAMES)


def samples(count: int, arrival_ms: int) -> Samples:
    rows = np.zeros(count, np.int32)
    return Samples(rows, np.zeros(count, np.int64), np.zeros(count), None, Mode.LIVE, arrival_ms, 0, (), b"")


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=20), st.randoms())
def test_the_counts_are_those_of_what_waits(records: list[tuple[int, int]], chance) -> None:  # type: ignore[no-untyped-def]
    backlog = Backlog(1 << 40, 1 << 40)
    waiting: list[Samples] = []
    newest_ms = 0
    for count, arrival_ms in records:
        waiting.append(samples(count, arrival_ms))
        backlog.add(waiting[-1])
        newest_ms = max(newest_ms, arrival_ms)
        if chance.random() < 0.5:
            gone = waiting.pop(chance.randrange(len(waiting)))
            backlog.leave(gone)
            backlog.leave(gone)  # a second time changes nothing
        assert backlog.samples == sum(map(len, waiting))
        assert backlog.bytes == RECORD_BYTES * len(waiting) + SAMPLE_BYTES * backlog.samples
        assert backlog.ms == (max(newest_ms - waiting[0].arrival_ms, 0) if waiting else 0)


def test_bytes_to_the_sample() -> None:
    backlog = Backlog(bytes_max=2 * RECORD_BYTES + 10 * SAMPLE_BYTES, ms_max=1)
    backlog.admit(10_000, 0)  # alone, any request is taken
    backlog.add(samples(4, 0))
    backlog.admit(6, 0)
    with pytest.raises(Overloaded) as refused:
        backlog.admit(7, 0)
    assert (refused.value.limit, refused.value.retry_after_s) == ("backlog_bytes_max", 2)


def test_time_to_the_millisecond() -> None:
    backlog = Backlog(bytes_max=1 << 30, ms_max=600_000)
    backlog.add(samples(1, 1_000))
    backlog.admit(1, 601_000)
    with pytest.raises(Overloaded) as refused:
        backlog.admit(1, 601_001)
    assert refused.value.limit == "backlog_s_max"


def test_a_refusal_crosses_the_pipe_whole() -> None:
    error = error_in(error_out(Overloaded("full", 7, limit="backlog_s_max")))
    assert isinstance(error, Overloaded)
    assert (str(error), error.retry_after_s, error.limit) == ("full", 7, "backlog_s_max")


@pytest.mark.parametrize("limit", ["backlog_bytes_max", "backlog_s_max"])
def test_a_shard_that_does_not_keep_up(limit: str, tmp_path: Path) -> None:
    settings = HostSettings(tmp_path, backlog_bytes_max=3 * ONE_BYTES, backlog_ms_max=100)
    late_ms = 101 if limit == "backlog_s_max" else 0
    taken = 2 if late_ms else 3
    engine = InlineEngine(1, settings)
    engine.start(Kept(), {})
    try:
        send(engine, batch(0, 1), 1)
        engine.settle(60)
        appended = engine.status()[0].appended
        with engine._hosts[0]._state:  # no record is applied meanwhile
            for number in range(taken):
                send(engine, batch(1 + number, 1), 2 + number)
            (status,) = engine.status()
            assert (status.lag_samples, status.lag_bytes) == (taken * len(NAMES), taken * ONE_BYTES)
            one_more = engine.submit(
                batch(9, 1), mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS + late_ms, request_id=request_id(9)
            )
            error = one_more.exception(60)
            assert isinstance(error, Overloaded)
            assert error.limit == limit
            assert engine.status()[0].appended == appended + taken
            assert send(engine, batch(1, 1), 2).repeated  # what is on disk is answered
        engine.settle(60)
        (status,) = engine.status()
        assert (status.lag_samples, status.lag_bytes, status.lag_ms) == (0, 0, 0)
        assert not send(engine, batch(9, 1), 9).repeated
    finally:
        engine.close()
