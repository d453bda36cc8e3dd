"""A source is read from where it was read to, late rows too; one that fails harms only itself."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest

from collectors.base import Decoded
from collectors.pulled import SourceFailed, decoded
from monitor.domain.batch import Mode, Reason, SampleBatch
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.series import Identity
from monitor.domain.source import METRIC_LAG, METRIC_STALENESS, METRIC_UP, SourceState
from monitor.engine.base import Accepted
from monitor.polled import Polled, Ways
from monitor.polled_set import Polling
from monitor.polling import Poller
from monitor.source_health import SourceHealth, samples
from monitor.source_places import Places

START = 1_767_225_600_000


@dataclass
class Steps:
    """A source whose value of a minute is set by the test; ``odd``: how many more have none, each time;
    ``asked``: the spans it was asked for."""

    values: dict[int, float]
    remembers: bool = True
    step_ms: int = MINUTE_MS
    failing: bool = False
    odd: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        self.asked.append(((from_ms - START) // MINUTE_MS, (until_ms - START) // MINUTE_MS))
        if self.failing:
            raise SourceFailed("gone")
        spans = range(from_ms, until_ms, MINUTE_MS)
        rows = [
            (at, self.values[(at - START) // MINUTE_MS])
            for at in spans
            if (at - START) // MINUTE_MS in self.values
        ]
        odd = [(START, None)] * self.odd
        return decoded(("orders", (), at, value, float("nan")) for at, value in [*rows, *odd])

    def close(self) -> None: ...


class World:
    """A clock, an intake that keeps what it takes, and a poller over both."""

    def __init__(self, folder: Path, source: Steps, **how: int) -> None:
        self.minute = 0.0
        self.kept: list[tuple[int, float]] = []
        self.modes: set[Mode] = set()
        self.ids: list[bytes] = []
        self.refused: Counter[str] = Counter()
        self.broken = False
        self.ahead = False
        self.folder = folder
        self.polled = Polled(
            "shop", "sql", source, every_ms=MINUTE_MS, timeout_ms=1_000, chunk_ms=10 * MINUTE_MS
        )
        self.polled = replace(self.polled, **how)  # type: ignore[arg-type]
        self.again()

    def again(self) -> None:
        """As after a restart."""
        self.poller = Poller(
            self.polled,
            self.submit,
            Places(self.folder / "places.json"),
            self.now_ms,
            seed=1,
            ways=Ways(refused=self.refused.update),
        )

    def now_ms(self) -> int:
        return int(START + self.minute * MINUTE_MS)

    def submit(self, batch: SampleBatch, mode: Mode, request_id: bytes) -> Future[Accepted]:
        if self.broken:
            raise IntakeUnavailable("full")
        self.modes.add(mode)
        self.ids.append(request_id)
        minutes = ((batch.ts_ms - START) // MINUTE_MS).tolist()
        self.kept += zip(minutes, batch.value.tolist(), strict=True)
        answer: Future[Accepted] = Future()
        answer.set_result(Accepted(len(batch), {Reason.FUTURE: 1} if self.ahead else {}))
        return answer

    def at(self, minute: float) -> bool:
        self.minute = minute
        return self.poller.once()


def steps(count: int) -> Steps:
    return Steps({minute: float(minute) for minute in range(count)})


def test_each_minute_once_and_what_was_missed_later(tmp_path: Path) -> None:
    source = steps(100)
    world = World(tmp_path, source, backfill_ms=5 * MINUTE_MS)
    assert world.at(10.5)
    assert [minute for minute, _ in world.kept] == [5, 6, 7, 8, 9]
    assert world.at(11.5)
    source.failing = True
    assert not world.at(20)
    assert world.poller.status.state is SourceState.DOWN
    assert world.poller.status.error == "gone"
    source.failing = False
    world.again()
    assert world.at(45)
    assert world.kept == [(minute, float(minute)) for minute in range(5, 45)]
    assert all(end - begin <= 10 for begin, end in source.asked)
    assert world.modes == {Mode.BACKFILL}
    assert world.poller.status.read_until_ms == START + 45 * MINUTE_MS


def test_late_rows_are_sent_again_and_nothing_else(tmp_path: Path) -> None:
    source = steps(20)
    world = World(tmp_path, source, reread_ms=5 * MINUTE_MS, backfill_ms=5 * MINUTE_MS)
    world.at(10)
    world.kept.clear()
    source.values[7] = 7.5
    source.values[2] = 2.5  # too far back
    world.at(11)
    assert world.kept == [(7, 7.5), (10, 10.0)]
    world.at(11.5)
    assert len(world.kept) == 2


def test_a_delay_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, steps(20), delay_ms=2 * MINUTE_MS)
    world.at(10)
    assert [minute for minute, _ in world.kept] == [7]


def test_the_intakes_trouble_is_not_the_sources_and_loses_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, steps(20))
    world.at(5)
    world.broken = True
    assert not world.at(8)
    assert world.poller.status.state is SourceState.UP
    assert "full" in world.poller.status.error
    world.broken = False
    assert world.at(9)
    assert [minute for minute, _ in world.kept] == [4, 5, 6, 7, 8]


def test_what_does_not_remember_is_read_live(tmp_path: Path) -> None:
    source = replace(steps(20), remembers=False)
    world = World(tmp_path, source)
    world.at(5)
    world.at(9)
    assert source.asked == [(4, 5), (8, 9)]
    assert world.modes == {Mode.LIVE}


def test_what_is_refused_is_counted_once_what_was_kept_is_on_disk(tmp_path: Path) -> None:
    world = World(tmp_path, replace(steps(9), odd=3))
    world.broken = True
    assert not world.at(5)
    assert not world.refused
    world.broken = False
    assert world.at(5)
    assert world.refused == {Reason.MISSING_VALUE: 3}
    world.ahead = True
    assert world.at(6)
    assert world.refused == {Reason.MISSING_VALUE: 6, Reason.FUTURE: 1}
    assert world.poller.status.refused == 7


def test_the_same_span_has_the_same_id(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first, second = (World(tmp_path / folder, steps(9)) for folder in ("a", "b"))
    first.at(5)
    second.at(5)
    second.at(6)
    assert second.ids[0] == first.ids[0] != second.ids[1]


def test_waits_grow_to_the_interval_and_no_further(tmp_path: Path) -> None:
    world = World(tmp_path, replace(steps(0), failing=True), every_ms=60 * MINUTE_MS)
    waits = []
    for _ in range(12):
        world.at(5)
        waits.append(world.poller.retry_ms())
    assert 3_750 <= waits[0] <= 6_250
    assert all(225_000 <= wait <= 375_000 for wait in waits[7:])


def test_one_that_hangs_harms_only_itself(tmp_path: Path) -> None:
    released, begun = Event(), Event()

    class Hanging(Steps):
        def read(self, from_ms: int, until_ms: int) -> Decoded:
            begun.set()
            released.wait(30)
            raise SourceFailed("at last")

    places = Places(tmp_path / "places.json")
    taken = Event()

    def submit(batch: SampleBatch, mode: Mode, request_id: bytes) -> Future[Accepted]:
        taken.set()
        answer: Future[Accepted] = Future()
        answer.set_result(Accepted(len(batch), {}))
        return answer

    now = [START + 5 * MINUTE_MS]
    sources = {"bad": Hanging({}), "good": steps(20)}
    polling = Polling(
        [Polled(name, "sql", source, 1_000, 1_000) for name, source in sources.items()],
        lambda one: Poller(one, submit, places, lambda: now[0]),
    )
    polling.start()
    assert begun.wait(10)
    assert taken.wait(10)
    now[0] += 3_000
    bad, good = polling.statuses()
    assert (bad.state, good.state) == (SourceState.DOWN, SourceState.UP)
    assert bad.error == "it does not answer"
    released.set()
    polling.stop()


def test_places_survive_and_damage_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "places.json"
    Places(file).put("shop", 5)
    assert Places(file).of("shop") == 5
    assert json.loads(file.read_text()) == {"shop": 5}
    file.write_text("{")
    assert Places(file).of("shop") is None


def test_a_source_that_is_first_tried_late_in_a_minute_is_told_in_it(tmp_path: Path) -> None:
    worlds = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        worlds.append(World(tmp_path / name, steps(9)))
        worlds[-1].polled = replace(worlds[-1].polled, name=name)
        worlds[-1].again()
    told: list[list[str]] = []

    def submit(batch: SampleBatch, mode: Mode, request_id: bytes) -> Future[Accepted]:
        told.append(sorted(str(Identity.from_canonical(text)) for text in batch.identities.values()))
        answer: Future[Accepted] = Future()
        answer.set_result(Accepted(len(batch), {}))
        return answer

    clock = [START + 5 * MINUTE_MS]
    health = SourceHealth(
        lambda: [world.poller.status for world in worlds], submit, dict, lambda *_: None, lambda: clock[0]
    )
    health.report()
    worlds[0].at(5)
    health.report()
    health.report()
    worlds[1].at(5)
    health.report()
    clock[0] += MINUTE_MS
    health.report()
    own = (METRIC_LAG, METRIC_STALENESS, METRIC_UP)
    first, second = ([f"{metric}{{source={name}}}" for metric in own] for name in "ab")
    assert told == [first, second, sorted(first + second)]


class Ahead(Steps):
    """Its clock is an hour ahead."""

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        return decoded([("orders", (), until_ms + 60 * MINUTE_MS, 1.0, float("nan"))])


def test_a_sample_of_the_future_hides_no_silence(tmp_path: Path) -> None:
    world = World(tmp_path, Ahead({}))
    world.at(5)
    assert world.poller.status.newest_ms == START + 5 * MINUTE_MS


@pytest.mark.parametrize(("failing", "up"), [(False, 1.0), (True, 0.0)])
def test_a_sources_own_series(tmp_path: Path, failing: bool, up: float) -> None:
    source = steps(9)
    world = World(tmp_path, source)
    assert not len(samples([world.poller.status], START))
    world.at(5)
    source.failing = failing
    world.at(6)
    batch = samples([world.poller.status], START + 8 * MINUTE_MS)
    by_metric = {
        Identity.from_canonical(batch.identities[number]): value
        for number, value in zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True)
    }
    tags = {"source": "shop"}
    lag_s = 180.0 if failing else 120.0
    assert by_metric == {
        Identity.of(METRIC_UP, tags): up,
        Identity.of(METRIC_LAG, tags): lag_s,
        Identity.of(METRIC_STALENESS, tags): 180.0,
    }
