"""The mock cluster that comes with librdkafka, in a process of its own: it speaks the protocol for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

_PROGRAM = """
import json, sys
from confluent_kafka import Producer
how = {"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 0}
producer = Producer(how)
(broker,) = producer.list_topics(timeout=10).brokers.values()
print(f"{broker.host}:{broker.port}", flush=True)
for line in sys.stdin:
    topic, messages = json.loads(line)
    for partition, text in messages:
        producer.produce(topic, None if text is None else text.encode("latin-1"), partition=partition)
    print(producer.flush(10), flush=True)
"""


class Cluster:
    """One broker; a topic has four partitions, and is there from its first message on."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        self.address = self._line()

    def write(self, topic: str, *messages: str | bytes | None, partition: int = 0) -> None:
        """On the broker when this returns."""
        self.write_all(topic, [(partition, message) for message in messages])

    def write_all(self, topic: str, messages: Sequence[tuple[int, str | bytes | None]]) -> None:
        said = [
            (partition, text.decode("latin-1") if isinstance(text, bytes) else text)
            for partition, text in messages
        ]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([topic, said]) + "\n")
        self._process.stdin.flush()
        assert self._line() == "0"

    def pause(self) -> None:
        """It answers nobody, and forgets nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
