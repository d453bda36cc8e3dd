"""What every engine promises, asked of the inline one and of the one with worker processes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import IntakeUnavailable, UnknownSeries
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity, shard_of
from monitor.engine.base import Accepted, Engine
from tests.engine.making import (
    ARRIVAL_MS,
    ENGINES,
    NAMES,
    SHARDS,
    START_MS,
    Kept,
    MakeEngine,
    batch,
    buckets,
    complete,
    digests,
    observations,
    request_id,
    running,
    send,
)


@pytest.fixture(params=sorted(ENGINES), scope="module")
def make(request: pytest.FixtureRequest) -> MakeEngine:
    return ENGINES[request.param]


@pytest.fixture
def engine(make: MakeEngine, tmp_path: Path) -> Iterator[Engine]:
    with running(make, tmp_path) as engine:
        yield engine


def test_the_series_of_these_tests_touch_every_shard() -> None:
    assert {shard_of(name.fingerprint(), SHARDS) for name in NAMES} == set(range(SHARDS))


def test_what_is_accepted_is_observed(engine: Engine) -> None:
    samples = batch(0, 120)
    assert send(engine, samples) == Accepted(len(samples), {})
    complete(engine, samples)
    engine.settle(60)
    assert [buckets(engine, name) for name in NAMES] == [120] * len(NAMES)
    status = engine.status()
    assert [s.shard for s in status] == [0, 1]
    assert sum(s.samples for s in status) == len(samples)
    assert sum(s.series for s in status) == len(NAMES)
    assert all(s.lag_samples == 0 and s.held == 0 and s.log_ok for s in status)
    assert all(s.applied == s.appended > 0 and s.checkpointed == 0 for s in status)
    assert all(s.clock_ms == samples.ts_ms.max() for s in status)


def test_a_series_that_no_shard_was_told_of_is_asked_for(engine: Engine) -> None:
    with pytest.raises(UnknownSeries):
        send(engine, batch(0, 5, told=False), 1)
    assert send(engine, batch(0, 5), 1) == Accepted(30, {})
    assert send(engine, batch(5, 5, told=False), 2) == Accepted(30, {})


def test_a_shard_that_knows_its_series_keeps_its_share_once(engine: Engine) -> None:
    """One shard takes its share, the other asks for names; the whole is then sent again."""
    owned = [name for name in NAMES if shard_of(name.fingerprint(), SHARDS) == 0]
    send(engine, batch(0, 5, owned), 1)
    with pytest.raises(UnknownSeries):
        send(engine, batch(5, 5, told=False), 2)
    again = send(engine, batch(5, 5), 2)
    assert (again.accepted, again.repeated) == (30, False)
    complete(engine, batch(5, 5))
    engine.settle(60)
    assert sum(s.samples for s in engine.status()) == 5 * len(owned) + 30


def test_a_retry_is_answered_and_has_no_second_effect(engine: Engine) -> None:
    samples = batch(0, 40)
    first = [
        engine.submit(samples, mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS, request_id=request_id(1))
        for _ in range(3)
    ]
    assert {future.result(60).accepted for future in first} == {len(samples)}
    complete(engine, samples, 2)
    engine.settle(60)
    before = digests(engine), [s.appended for s in engine.status()]
    assert send(engine, samples, 1) == Accepted(len(samples), {}, repeated=True)
    complete(engine, samples, 2)
    engine.settle(60)
    assert (digests(engine), [s.appended for s in engine.status()]) == before


def test_no_tick_makes_a_shard_forget_what_it_was_sent(engine: Engine) -> None:
    """Its time is event time and any: retries are remembered by arrival."""
    send(engine, batch(0, 40), 1)
    engine.control(Tick(99_999_999_999_999, complete=True, request_id=request_id(2))).result(60)
    assert send(engine, batch(40, 1), 3).repeated is False
    engine.settle(60)
    assert send(engine, batch(0, 40), 1).repeated is True


@pytest.mark.parametrize("mode", Mode)
def test_samples_of_the_future_are_refused_and_counted(engine: Engine, mode: Mode) -> None:
    ahead = ARRIVAL_MS + np.array([0, 600_000, 600_001, 10**12])
    name = NAMES[0]
    samples = SampleBatch(
        np.full(4, name.fingerprint(), np.uint64),
        ahead,
        np.ones(4),
        identities={name.fingerprint(): name.canonical()},
    )
    assert send(engine, samples, 1, mode) == Accepted(2, {"future": 2})


def test_what_teaches_nothing_is_counted_by_reason_and_revisions_are_kept(
    make: MakeEngine, tmp_path: Path
) -> None:
    name = next(one for one in NAMES if shard_of(one.fingerprint(), SHARDS) == 0)

    def sent(engine: Engine, minute: int, value: float, number: int) -> None:
        at = np.array([START_MS + minute * MINUTE_MS])
        one = SampleBatch(np.array([name.fingerprint()], np.uint64), at, np.array([value]))
        assert send(engine, one, number) == Accepted(1, {})

    def counts(engine: Engine) -> list[tuple[int, int, int]]:
        return [(s.late, s.duplicate, s.conflict) for s in engine.status()]

    def revisions(engine: Engine) -> tuple[list[int], list[float], list[int]]:
        wanted = {"id": f"{name.fingerprint():016x}", "from_ms": None, "to_ms": None, "max_points": 10}
        found = engine.ask(0, "revisions", **wanted)
        return found["ts_ms"].tolist(), found["value"].tolist(), found["arrival_ms"].tolist()

    with running(make, tmp_path) as engine:
        send(engine, batch(0, 20, [name]), 1)
        for number, (minute, value) in enumerate([(30, 5.0), (30, 5.0), (30, 6.0), (10, 7.0), (3, 8.0)], 2):
            sent(engine, minute, value, number)
        engine.settle(60)
        assert counts(engine) == [(2, 1, 1), (0, 0, 0)]
        late = ([START_MS + 3 * MINUTE_MS, START_MS + 10 * MINUTE_MS], [8.0, 7.0], [ARRIVAL_MS] * 2)
        assert revisions(engine) == late
    with running(make, tmp_path) as engine:
        assert (counts(engine), revisions(engine)) == ([(2, 1, 1), (0, 0, 0)], late)


def test_an_empty_batch_is_answered(engine: Engine) -> None:
    nothing = SampleBatch(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0))
    assert send(engine, nothing, 1).accepted == 0


def test_a_declaration_is_known_to_every_shard(engine: Engine) -> None:
    body = {"name": "load", "declaration": {"cadence_ms": 60_000, "min_change_absolute": 3.5}}
    engine.control(Control(Kind.METRIC, body)).result(60)
    engine.settle(60)
    for shard in range(SHARDS):
        assert engine.ask(shard, "declarations")["load"] == body["declaration"]
    assert engine.ask(0, "metric_names") == []


def test_the_models_that_a_declaration_names_compete(engine: Engine) -> None:
    """An oscillation that an autoregression foretells; the other metric gets what its class calls for."""
    names = [Identity.of("swing"), Identity.of("swing.else")]
    body = {"name": "swing", "declaration": {"models": ["arima"]}}
    engine.control(Control(Kind.METRIC, body)).result(60)
    noise, y = np.random.default_rng(1).standard_normal(600), np.zeros(600)
    for i in range(2, len(y)):
        y[i] = 1.6 * y[i - 1] - 0.9 * y[i - 2] + noise[i]
    prints = np.array([name.fingerprint() for name in names], np.uint64)
    samples = SampleBatch(
        fingerprint=np.repeat(prints, len(y)),
        ts_ms=np.tile(START_MS + MINUTE_MS * np.arange(len(y), dtype=np.int64), 2),
        value=np.tile(50.0 + y, 2),
        identities={name.fingerprint(): name.canonical() for name in names},
    )
    send(engine, samples)
    complete(engine, samples)
    engine.settle(60)
    champions = [
        engine.ask(shard_of(name.fingerprint(), SHARDS), "series_one", id=f"{name.fingerprint():016x}")[
            "champion"
        ]
        for name in names
    ]
    assert champions[0] == "arima"
    assert champions[1] != "arima"


def declared(engine: Engine, name: str, rules: list[dict[str, str]]) -> None:
    engine.control(Control(Kind.TEAM, {"name": name, "rules": rules})).result(60)


def test_a_replay_finds_every_series_in_the_team_it_had_then(make: MakeEngine, tmp_path: Path) -> None:
    host = dict(NAMES[0].tags)
    first, again = Kept(), Kept()
    with running(make, tmp_path / "live", first) as engine:
        send(engine, batch(0, 250), 1)
        engine.settle(60)
        declared(engine, "red", [host])
        send(engine, batch(250, 350), 2)
        complete(engine, batch(250, 350), 3)
        engine.settle(60)
        shutil.copytree(tmp_path / "live", tmp_path / "copy")  # as after a kill: without a checkpoint
        rows = [row for shard in range(SHARDS) for row in listed(engine, shard, "red")]
        assert [row["series"] for row in rows] == [str(NAMES[0])]
        found = {name for shard in range(SHARDS) for name in engine.ask(shard, "metric_names", team="red")}
        assert found == {NAMES[0].metric}
    for folder in ("copy", "live"):
        with running(make, tmp_path / folder, again) as engine:
            engine.settle(60)
            assert [engine.ask(shard, "teams") for shard in range(SHARDS)] == [{"red": [host]}] * SHARDS
            declared(engine, "red", [])
            engine.settle(60)
            assert engine.ask(0, "teams") == {}
    assert again.events == first.events
    teams = [(event.anomaly.series, event.anomaly.team) for event in first.events.values()]
    assert {team for series, team in teams if series == NAMES[0]} == {"", "red"}
    assert {team for series, team in teams if series != NAMES[0]} == {""}


def listed(engine: Engine, shard: int, team: str) -> list[dict[str, object]]:
    asked = {"metric": None, "q": None, "tag": None, "after": "", "limit": 100}
    return list(engine.ask(shard, "series_list", **asked, team=team))


def forget(engine: Engine, name: Identity) -> Future[None]:
    return engine.control(Control(Kind.FORGET, {"series": f"{name.fingerprint():016x}"}))


def test_a_forgotten_series_is_gone_and_begins_anew(engine: Engine) -> None:
    gone, *others = NAMES
    for number in range(8):  # some of it not applied yet, with anomalies that name the series
        engine.submit(batch(100 * number, 100), mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS)
    forget(engine, gone).result(60)
    shard = shard_of(gone.fingerprint(), SHARDS)
    assert engine.ask(shard, "series_one", id=f"{gone.fingerprint():016x}") is None
    assert sum(s.series for s in engine.status()) == len(others)
    newcomer = Identity.of("load", {"host": "new"})
    send(engine, batch(800, 10, [*others, newcomer]))
    complete(engine, batch(800, 10))
    engine.settle(60)
    assert buckets(engine, newcomer) == 10
    with pytest.raises(UnknownSeries):
        send(engine, batch(0, 10, [gone], told=False))
    send(engine, batch(800, 10, [gone]))
    complete(engine, batch(800, 10))
    engine.settle(60)
    assert buckets(engine, gone) == 10
    assert [buckets(engine, name) for name in others] == [810] * len(others)
    assert all(s.log_ok for s in engine.status())


def test_what_was_deleted_may_be_sent_again(make: MakeEngine, tmp_path: Path) -> None:
    """The same requests bring the deleted series back, and nothing of the others a second time."""
    gone, *others = NAMES
    with running(make, tmp_path / "live") as engine:
        send(engine, batch(0, 10), 1)
        send(engine, batch(10, 10), 2)
        complete(engine, batch(10, 10), 3)
        forget(engine, gone).result(60)
        with pytest.raises(UnknownSeries):
            send(engine, batch(0, 10, told=False), 1)
        for number, first in ((1, 0), (2, 10)):
            assert send(engine, batch(first, 10), number) == Accepted(60, {})
            assert send(engine, batch(first, 10), number).repeated
        complete(engine, batch(10, 10), 3)
        engine.settle(60)
        assert [buckets(engine, name) for name in NAMES] == [20] * len(NAMES)
        assert sum(s.samples for s in engine.status()) == 2 * 60 + 20
        state = digests(engine), [observations(engine, name) for name in NAMES]
        shutil.copytree(tmp_path / "live", tmp_path / "log only")  # as a crash leaves it: no checkpoint
        forget(engine, others[0]).result(60)
    with running(make, tmp_path / "log only") as engine:
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state
        assert send(engine, batch(10, 10), 2).repeated
        forget(engine, others[0]).result(60)
        assert not send(engine, batch(10, 10), 2).repeated
    with running(make, tmp_path / "live") as engine:  # the deletion is part of the checkpoint
        assert not send(engine, batch(10, 10), 2).repeated
        assert send(engine, batch(10, 10), 2).repeated


def test_damage_and_trouble_are_told(make: MakeEngine, tmp_path: Path) -> None:
    with running(make, tmp_path) as engine:
        send(engine, batch(0, 10), 1)
        assert [s.trouble for s in engine.status()] == [(), ()]
    (manifest,) = (tmp_path / "shard-0" / "checkpoint").glob("*.json")
    manifest.write_bytes(manifest.read_bytes()[:-10])
    with running(make, tmp_path) as engine:
        first, second = (s.trouble for s in engine.status())
        assert second == ()
        assert len(first) == 1
        assert "damaged" in first[0]


def test_restart_from_a_checkpoint_and_from_the_log(make: MakeEngine, tmp_path: Path) -> None:
    """The same state, history and events, wherever the last stop was."""
    kept = Kept()
    left = [name for name in NAMES if name != NAMES[1]]
    with running(make, tmp_path, kept) as engine:
        send(engine, batch(0, 150), 1)
        engine.settle(60)
        engine.checkpoint()
        assert all(s.checkpointed == s.applied for s in engine.status())
        send(engine, batch(150, 150), 2)
        forget(engine, NAMES[1]).result(60)
        complete(engine, batch(299, 1), 3)
        engine.settle(60)
        state = digests(engine), [observations(engine, name) for name in NAMES]
        samples = [s.samples for s in engine.status()]
    assert {event.anomaly.series for event in kept.events.values()} == set(NAMES)
    assert any(state[1][0]["score"])

    with running(make, tmp_path) as engine:  # from the checkpoint at the end
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state
        assert [s.samples for s in engine.status()] == samples
        assert send(engine, batch(150, 150, left), 2).repeated

    for shard in range(SHARDS):  # the newest generation is damaged: the one before it, and the log
        newest = max((tmp_path / f"shard-{shard}" / "checkpoint").glob("*.json"))
        newest.write_bytes(newest.read_bytes()[:-10])
    again = Kept()
    with running(make, tmp_path, again) as engine:
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state
        assert send(engine, batch(0, 150, left), 1).repeated
    assert again.events.items() <= kept.events.items()
    assert all(again.positions.get(shard, 0) <= kept.positions[shard] for shard in range(SHARDS))


def test_a_killed_worker_fails_its_requests_and_loses_nothing(tmp_path: Path) -> None:
    make = ENGINES["processes"]
    with running(make, tmp_path / "uninterrupted") as engine:
        send(engine, batch(0, 150), 1)
        send(engine, batch(150, 150), 2)
        engine.settle(60)
        expected = digests(engine)

    with running(make, tmp_path / "killed") as engine:
        send(engine, batch(0, 150), 1)
        victim = next(child for child in active_children() if child.name == "shard-0")
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while engine.status()[0].log_ok:  # until it is noticed
            assert time.monotonic() < until
            time.sleep(0.01)
        with pytest.raises(IntakeUnavailable):
            send(engine, batch(150, 150), 2)
        assert [s.log_ok for s in engine.status()] == [False, True]
        with pytest.raises(IntakeUnavailable):
            engine.ask(0, "digest")
        with pytest.raises(IntakeUnavailable):
            engine.settle(60)

    with running(make, tmp_path / "killed") as engine:
        send(engine, batch(150, 150), 2)
        engine.settle(60)
        assert digests(engine) == expected


def test_many_senders_while_checkpoints_are_written(engine: Engine) -> None:
    """Nothing waits for anything that waits for it."""
    futures = []
    for number in range(60):
        samples = batch(10 * number, 10)
        futures.append(
            engine.submit(
                samples, mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS, request_id=request_id(number + 1)
            )
        )
        if number % 20 == 19:
            engine.checkpoint()
    assert all(future.result(60).accepted == 60 for future in futures)
    engine.settle(60)
    engine.checkpoint()
    assert all(s.checkpointed == s.applied == s.appended for s in engine.status())


def test_times_of_the_batches_here_are_whole_minutes() -> None:
    assert START_MS % MINUTE_MS == 0
