"""Every message is taken, by librdkafka from its mock cluster; offsets move on only with what was taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from collectors.kafka import KafkaFollower
from collectors.pulled import SourceFailed
from collectors.source_file import validated
from tests.sources.kafka import Cluster

NDJSON = '{{"metric": "orders", "timestamp": {}, "value": {}}}'


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


def follower(cluster: Cluster, topic: str, *, keep: bool = True, **changed: Any) -> KafkaFollower:
    said = {"name": topic, "brokers": [cluster.address], "topics": [topic], "group": topic, "session": "6s"}
    (one,) = validated({"kafka": [said | changed]}).kafka
    return KafkaFollower(one, lambda _: "", keep=keep)


def taken(source: KafkaFollower) -> list[float]:
    values: list[float] = []
    while (found := source.next()) is not None:
        values += found.batch.value.tolist()
        source.taken()
    return values


def lines(begin: int, end: int) -> list[str]:
    return [NDJSON.format(60_000 * i, i) for i in range(begin, end)]


@pytest.mark.slow
def test_each_message_once_and_on_after_a_restart(cluster: Cluster) -> None:
    cluster.write("restarts", *lines(0, 5))
    source = follower(cluster, "restarts")
    assert taken(source) == [0, 1, 2, 3, 4]
    source.close()
    cluster.write("restarts", *lines(5, 7))
    source = follower(cluster, "restarts")
    assert taken(source) == [5, 6]
    cluster.write("restarts", *lines(7, 8), partition=2)
    assert taken(source) == [7]
    source.close()


@pytest.mark.slow
def test_what_is_not_taken_comes_again(cluster: Cluster) -> None:
    cluster.write("again", *lines(0, 3))
    source = follower(cluster, "again")
    first, second = source.next(), source.next()
    assert first is second is not None
    source.close()  # as a crash before the log's fsync: nothing was committed
    source = follower(cluster, "again")
    assert taken(source) == [0, 1, 2]
    source.close()


def test_a_preview_reads_all(cluster: Cluster) -> None:
    cluster.write("looked", *lines(2, 4))
    cluster.write("looked", *lines(0, 2), partition=3)
    looking = follower(cluster, "looked", keep=False)
    assert sorted(taken(looking)) == [0, 1, 2, 3]
    looking.close()


@pytest.mark.slow
def test_a_preview_moves_no_offsets(cluster: Cluster) -> None:
    cluster.write("still", *lines(0, 2))
    for keep in (False, False, True):
        source = follower(cluster, "still", keep=keep)
        assert taken(source) == [0, 1]
        source.close()


@pytest.mark.slow
def test_readers_of_one_group_share_partitions_and_lose_nothing(cluster: Cluster) -> None:
    """One joins, and one leaves: together they take all, some of it twice."""
    seen: set[float] = set()
    written = 0

    def write() -> None:
        nonlocal written
        cluster.write_all("shared", [(i % 4, lines(i, i + 1)[0]) for i in range(written, written + 8)])
        written += 8

    def look(source: KafkaFollower) -> None:
        with suppress(SourceFailed):  # while the group is being spread
            seen.update(taken(source))

    def until(done: Callable[[], bool], *sources: KafkaFollower) -> None:
        end_s = time.monotonic() + 60
        while not done():
            write()
            for source in sources:
                look(source)
            assert time.monotonic() < end_s

    first, second = (follower(cluster, "shared", timeout="1s") for _ in range(2))
    until(lambda: len(first.partitions) == 4, first)
    until(lambda: len(first.partitions) == len(second.partitions) == 2, first, second)
    assert not first.partitions & second.partitions
    first.close()
    until(lambda: len(second.partitions) == 4, second)
    look(second)
    assert seen == set(range(written))
    second.close()


@pytest.mark.slow
def test_no_broker_for_a_member(cluster: Cluster, free_port: int) -> None:
    source = follower(cluster, "away", brokers=[f"127.0.0.1:{free_port}"], timeout="1s")
    for _ in range(2):
        with pytest.raises(SourceFailed):
            source.next()
    source.close()


@pytest.mark.slow
def test_no_broker_for_a_preview(cluster: Cluster, free_port: int) -> None:
    source = follower(cluster, "away", keep=False, brokers=[f"127.0.0.1:{free_port}"], timeout="1s")
    with pytest.raises(SourceFailed):
        source.next()
    source.close()


def test_no_topic_is_told(cluster: Cluster) -> None:
    source = follower(cluster, "none", keep=False)
    with pytest.raises(SourceFailed, match="nknown topic"):
        source.next()
    source.close()
