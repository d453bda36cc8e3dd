"""Compile the decoders' kernels before the server listens, so that no first request waits for them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from collectors.arrow_stream import ArrowDecoder
from collectors.influx import InfluxDecoder
from collectors.keys import WireKeys
from collectors.otlp import OtlpJsonDecoder
from collectors.predictions_json import PredictionsJson
from collectors.protobuf import write_bytes
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from collectors.samples_json import JsonDecoder, NdjsonDecoder

_SAMPLE = b'{"metric": "m", "tags": {"a": "b"}, "timestamp": 1, "value": 0.5}'
_LABEL = write_bytes(1, write_bytes(1, b"__name__") + write_bytes(2, b"m"))
_VALUE = write_bytes(2, bytes([0x10, 1]))
_WRITE_1 = write_bytes(1, _LABEL + _VALUE)
_WRITE_2 = (
    write_bytes(4, b"__name__")
    + write_bytes(4, b"m")
    + write_bytes(5, write_bytes(1, bytes([0, 1])) + _VALUE)
)
_OTLP = (
    b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": ['
    b'{"name": "m", "gauge": {"dataPoints": [{"asInt": 1}]}}]}]}]}'
)


def warm_decoders() -> None:
    """Decode one sample in each form; 1 s with a warm kernel cache, some 25 s without."""
    PredictionsJson().decode(b'{"predictions": [{"id": 1, "model": "m", "timestamp": 1}]}')
    keys = WireKeys(seed=1)
    JsonDecoder(keys).decode(b'{"samples": [' + _SAMPLE + b"]}")
    NdjsonDecoder(keys).decode(_SAMPLE)
    RemoteWriteDecoder(keys).decode(_WRITE_1)
    RemoteWrite2Decoder(keys).decode(_WRITE_2)
    InfluxDecoder(keys, "ms", 1).decode(b"m value=1 1")
    OtlpJsonDecoder(keys).decode(_OTLP)
    decoder = ArrowDecoder(keys)
    columns: dict[str, pa.Array[Any]] = {"timestamp": pa.array([1]), "value": pa.array([0.5])}
    for metric in (pa.array(["m"]), pa.array(["m"]).dictionary_encode()):
        sink = pa.BufferOutputStream()
        table = pa.table({"metric": metric, **columns})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        decoder.decode(sink.getvalue().to_pybytes())
