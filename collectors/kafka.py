"""Topics of a Kafka, read on by a consumer group; offsets are committed when what they stand for is on disk.

So a message is taken at least once: after a crash, or where the group is spread anew, some are read again.
Of what comes a second time, a sample of the same series, time and value changes nothing in a shard.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from collectors.base import Decoded
from collectors.kafka_messages import MessageReader
from collectors.kafka_settings import KafkaSettings
from collectors.pulled import Follower, ReadSecret, SourceFailed

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

MESSAGES_MAX = 1_000
PIECE_BYTES = 4 << 20
"""Beyond it no more messages go into one piece."""
_WAIT_S = 0.3
_LINGER_S = 0.05
"""What comes so soon after another goes with it, as of several partitions."""
_FETCH_MS = 200
"""A broker holds an empty answer back so long; less than the wait, so that a look sees all that is there."""
_QUEUED_KB = 16 << 10
_PROTOCOLS = {
    (False, False): "PLAINTEXT",
    (False, True): "SSL",
    (True, False): "SASL_PLAINTEXT",
    (True, True): "SASL_SSL",
}
"""By login and TLS."""

Partition = tuple[str, int]


class KafkaFollower(Follower):
    """``keep``: as a member of the group, whose offsets are committed; else all partitions are read from
    their beginnings by nobody's group, and nothing remains."""

    def __init__(self, settings: KafkaSettings, read_secret: ReadSecret, *, keep: bool = True) -> None:
        self.settings = settings
        self._read_secret = read_secret
        self._keep = keep
        self._messages = MessageReader(settings)
        self._consumer: Consumer | None = None
        self._waiting: Decoded | None = None
        self._found: list[Message] = []
        self._ends: dict[Partition, int] = {}
        self._given: set[Partition] | None = None
        """None: the group has not said yet."""
        self._at_end: set[Partition] = set()

    @property
    def partitions(self) -> set[Partition]:
        """Those that it reads at present."""
        return set(self._given or ())

    def next(self) -> Decoded | None:
        """What was given and not taken comes again."""
        from confluent_kafka import KafkaException

        if self._waiting is not None:
            return self._waiting
        try:
            consumer = self._consumer or self._opened()
            trouble = self._gather(consumer)
            if self._found:
                return self._read()
            if trouble is not None:
                raise KafkaException(trouble)
            self._commit(consumer)
            self._ask_for_topics(consumer)
        except KafkaException as error:
            raise SourceFailed(_said(error)) from None
        if self._given is None:
            raise SourceFailed(f"the group {self.settings.group} has given it no partitions yet")
        return None

    def taken(self) -> None:
        from confluent_kafka import KafkaException

        self._waiting = None
        if self._consumer is None:
            return
        try:
            self._commit(self._consumer)
        except KafkaException as error:
            raise SourceFailed(f"offsets: {_said(error)}") from None

    def close(self) -> None:
        """Leaves the group, so that others need not wait."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._lost()
        self._waiting = None

    def _opened(self) -> Consumer:
        try:
            from confluent_kafka import Consumer
        except ImportError:
            raise SourceFailed("the extra kafka is not installed: pip install confluent-kafka") from None
        settings = self.settings
        how: dict[str, Any] = {
            "bootstrap.servers": ",".join(settings.brokers),
            "client.id": "watchkeeper",
            "group.id": settings.group,
            "session.timeout.ms": settings.session,
            "auto.offset.reset": settings.begin,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": _FETCH_MS,
            "queued.max.messages.kbytes": _QUEUED_KB,
            "security.protocol": _PROTOCOLS[settings.login is not None, settings.tls],
            "log_level": 0,
        }
        if settings.login is not None:
            user, _, password = self._read_secret(settings.login).partition(":")
            how |= {"sasl.mechanism": settings.mechanism, "sasl.username": user, "sasl.password": password}
        consumer = Consumer(how)
        if self._keep:
            consumer.subscribe(list(settings.topics), on_assign=self._got, on_revoke=self._lost)
        else:
            try:
                self._take_all(consumer)
            except BaseException:
                consumer.close()
                raise
        self._consumer = consumer
        return consumer

    def _take_all(self, consumer: Consumer) -> None:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        there = self._ask_for_topics(consumer)
        consumer.assign([TopicPartition(*one, OFFSET_BEGINNING) for one in sorted(there)])
        self._given = there

    def _ask_for_topics(self, consumer: Consumer) -> set[Partition]:
        """All partitions. Raises where nobody answers, or a topic is not there."""
        from confluent_kafka import KafkaException

        found: set[Partition] = set()
        for name in self.settings.topics:
            topic = consumer.list_topics(name, timeout=self.settings.timeout / 1_000).topics[name]
            if topic.error is not None:
                raise KafkaException(topic.error)
            found |= {(name, number) for number in topic.partitions}
        return found

    def _got(self, _: Consumer, partitions: list[Any]) -> None:
        self._given = {(one.topic, one.partition) for one in partitions}
        self._at_end.clear()

    def _lost(self, *_: Any) -> None:
        """Whoever has the partitions next begins where was committed last: what is not is theirs."""
        self._given = None
        self._found.clear()
        self._ends.clear()
        self._at_end.clear()

    def _gather(self, consumer: Consumer) -> KafkaError | None:
        """All that is there already; where that is nothing, waits until something is, or until all
        partitions that the group has given us are at their ends."""
        from confluent_kafka import KafkaError

        end_s = time.monotonic() + self.settings.timeout / 1_000
        trouble: KafkaError | None = None
        size = 0
        while trouble is None and len(self._found) < MESSAGES_MAX and size < PIECE_BYTES:
            some = consumer.consume(min(100, MESSAGES_MAX - len(self._found)), _LINGER_S)
            if not some and self._found:
                break
            for message in some or consumer.consume(1, _WAIT_S):
                error = message.error()
                if error is None:
                    size += len(message.value() or b"")
                    self._found.append(message)
                    self._at_end.discard(_of(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._at_end.add(_of(message))
                elif error.code() != KafkaError._MAX_POLL_EXCEEDED:  # then it joins again by itself
                    trouble = error
            done = self._given is not None and self._given <= self._at_end
            if not self._found and (done or time.monotonic() > end_s):
                break
        return trouble

    def _read(self) -> Decoded:
        for message in self._found:
            self._ends[_of(message)] = (message.offset() or 0) + 1
        self._waiting = self._messages.read([message.value() for message in self._found])
        self._found.clear()
        return self._waiting

    def _commit(self, consumer: Consumer) -> None:
        """What was taken and is not committed. Where the group was spread anew meanwhile it cannot be: who
        has the partitions now reads it again."""
        from confluent_kafka import KafkaError, KafkaException, TopicPartition

        if not self._keep or not self._ends:
            return
        ends = [TopicPartition(*part, end) for part, end in self._ends.items()]
        try:
            consumer.commit(offsets=ends, asynchronous=False)
        except KafkaException as error:
            moved = (
                KafkaError.ILLEGAL_GENERATION,
                KafkaError.REBALANCE_IN_PROGRESS,
                KafkaError.UNKNOWN_MEMBER_ID,
            )
            if error.args[0].code() not in moved:
                raise
        self._ends.clear()


def _of(message: Message) -> Partition:
    return message.topic() or "", message.partition() or 0


def _said(error: Exception) -> str:
    """In librdkafka's words, which hold no password."""
    first = error.args[0] if error.args else error
    return str(getattr(first, "str", lambda: first)())[:300]
