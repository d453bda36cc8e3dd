"""Messages of a topic to samples, by the decoders that bodies of requests go through.

One that cannot be read is refused by itself, and none harms the ones beside it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

import numpy as np

from collectors.base import Decoded
from collectors.errors import BadRequest, Tally
from collectors.file_order import merged_in_time
from collectors.influx import InfluxDecoder
from collectors.kafka_settings import KafkaSettings
from collectors.keys import WireKeys
from collectors.pulled import joined
from collectors.samples_json import JsonDecoder, NdjsonDecoder
from monitor.domain.batch import Reason, SampleBatch


class MessageReader:
    """Of one source. Used by one thread at a time."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._keys = WireKeys(seed=secrets.randbits(64))

    def read(self, values: Sequence[bytes | None]) -> Decoded:
        """In event time, since partitions come in any order. None, which deletes a key from a compacted
        topic, is no message."""
        bodies = [value for value in values if value is not None]
        if self._settings.format == "ndjson":
            bodies = [b"\n".join(bodies)]  # a line ends where its message does, whatever is in it
        read, tally = list[Decoded](), Tally()
        for place, body in enumerate(bodies):
            try:
                read.append(self._decoder(len(body)).decode(body, all_identities=True))
            except BadRequest as error:
                tally.add(Reason.BAD_LINE, place, str(error))
        whole = joined(read, tally)
        return Decoded(_in_time(whole.batch), whole.rejects, aside=whole.aside)

    def _decoder(self, size: int) -> JsonDecoder | NdjsonDecoder | InfluxDecoder:
        """As many samples as fit into so many bytes: whoever wrote them got no answer to split by."""
        most = size // 2 + 2
        match self._settings.format:
            case "json":
                return JsonDecoder(self._keys, samples_max=most)
            case "ndjson":
                return NdjsonDecoder(self._keys, samples_max=most)
            case "influx":
                now_ms = time.time_ns() // 1_000_000
                return InfluxDecoder(self._keys, self._settings.precision, now_ms, samples_max=most)


def _in_time(batch: SampleBatch) -> SampleBatch:
    order = merged_in_time(batch)
    return SampleBatch(
        batch.fingerprint[order],
        batch.ts_ms[order],
        batch.value[order],
        None if batch.n is None else np.ascontiguousarray(batch.n[order]),
        batch.identities,
    )
