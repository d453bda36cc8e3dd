"""Compile the decoders' kernels before the server listens, so that no first request waits for them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from collectors.arrow_stream import ArrowDecoder
from collectors.keys import WireKeys
from collectors.predictions_json import PredictionsJson
from collectors.samples_json import JsonDecoder, NdjsonDecoder

_SAMPLE = b'{"metric": "m", "tags": {"a": "b"}, "timestamp": 1, "value": 0.5}'


def warm_decoders() -> None:
    """Decode one sample in each form; 1 s with a warm kernel cache, some 10 s without."""
    PredictionsJson().decode(b'{"predictions": [{"id": 1, "model": "m", "timestamp": 1}]}')
    keys = WireKeys(seed=1)
    JsonDecoder(keys).decode(b'{"samples": [' + _SAMPLE + b"]}")
    NdjsonDecoder(keys).decode(_SAMPLE)
    decoder = ArrowDecoder(keys)
    columns: dict[str, pa.Array[Any]] = {"timestamp": pa.array([1]), "value": pa.array([0.5])}
    for metric in (pa.array(["m"]), pa.array(["m"]).dictionary_encode()):
        sink = pa.BufferOutputStream()
        table = pa.table({"metric": metric, **columns})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        decoder.decode(sink.getvalue().to_pybytes())
