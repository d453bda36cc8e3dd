"""One fuzz target: a decoder of what anybody may send or show.

    python -m tests.fuzzing.target influx 600

Kernels and libraries are machine code, which no coverage tool sees into. Where a decoder is a kernel its slow
twin is plain Python and reaches a new line wherever a body is new in kind: so the twins are instrumented, and
each body must be answered alike by both. Of the others their own Python is, and only what they raise and hand
over is watched. A body that breaks one is written to ``crash-…`` in the folder it runs in; it then belongs in
``tests/hostile``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import atheris
import cramjam
import numpy as np

# Modules with kernels come first: instrumented, they could not be compiled.
from collectors import arrow_text, cells, csv_survey, file_order, otlp_scan, protobuf
from collectors.base import Decoder
from collectors.errors import BadRequest
from collectors.influx import InfluxDecoder
from collectors.keys import WireKeys
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from collectors.samples_json import JsonDecoder, NdjsonDecoder

with atheris.instrument_imports(
    include=[
        "tests.naive",
        "collectors.arrow_guard",
        "collectors.arrow_stream",
        "collectors.csv_rows",
        "collectors.exposition",
        "collectors.files",
        "collectors.otlp_json",
        "collectors.predictions",
        "collectors.predictions_arrow",
        "collectors.predictions_json",
        "collectors.statsd",
    ]
):
    from collectors.arrow_stream import ArrowDecoder
    from collectors.csv_upload import CsvDecoder
    from collectors.exposition import exposition, series_of
    from collectors.otlp import OtlpDecoder, OtlpJsonDecoder
    from collectors.predictions import RowDecoder
    from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
    from collectors.predictions_json import OutcomesJson, PredictionsJson
    from collectors.statsd import StatsdTable
    from tests.naive import influx as naive_influx
    from tests.naive import json_samples as naive_json
    from tests.naive import otlp as naive_otlp
    from tests.naive import remote_write as naive_remote_write

from monitor.domain.batch import SampleBatch
from monitor.domain.series import fingerprint
from monitor.served import columns
from tests.collectors.wire import assert_same, faults
from tests.hostile import (
    arrow,
    csv,
    influx,
    ndjson,
    otlp,
    predictions,
    remote_write,
    samples_json,
    scrape,
    statsd,
)
from tests.hostile.case import Case, Page

__all__ = ["arrow_text", "cells", "csv_survey", "file_order", "otlp_scan", "protobuf"]

NOW_MS = 1_700_000_000_000
KEYS = WireKeys(seed=1)
SEED_BYTES_MAX = 10_000
"""Seeds are mixed and cut, so they are small ones."""

Check = Callable[[bytes], object]
"""Raises AssertionError where what is made of a body is wrong, and whatever the decoder may not raise."""


@dataclass(frozen=True)
class Target:
    check: Check
    corpus: Callable[[], Sequence[Case | Page]]


def twins(decoder: Decoder, twin: Callable[[bytes], naive_remote_write.Outcome]) -> Check:
    """Both say the same of every body."""

    def check(body: bytes) -> None:
        try:
            decoded = decoder.decode(body, all_identities=True)
        except BadRequest:
            decoded = None
        try:
            expected = twin(body)
        except naive_json.Refused:
            assert decoded is None
            return
        assert decoded is not None
        if decoded.rejected <= 100:  # of more, the places are not all named
            assert_same(decoded, expected)

    return check


def json_twins(decoder: Decoder, twin: Callable[[bytes], naive_json.Outcome]) -> Check:
    def check(body: bytes) -> None:
        try:
            decoded = decoder.decode(body, all_identities=True)
        except BadRequest:
            decoded = None
        try:
            expected = twin(body)
        except naive_json.Refused:
            assert decoded is None
            return
        assert decoded is not None
        batch = decoded.batch
        rows = list(zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), batch.value.tolist(), strict=True))
        assert rows == [(fingerprint(one), ts_ms, value) for one, ts_ms, value, _ in expected.samples]
        if decoded.rejected <= 100:
            assert faults(decoded) == sorted(expected.faults)

    return check


def alone(decoder: Decoder) -> Check:
    """Every body is refused, or gives a batch that could go into the log."""

    def check(body: bytes) -> None:
        try:
            batch = decoder.decode(body, all_identities=True).batch
        except BadRequest:
            return
        assert_fit(batch)

    return check


def assert_fit(batch: SampleBatch) -> None:
    assert np.isfinite(batch.value).all()
    assert (batch.ts_ms >= 0).all()
    assert set(batch.fingerprint.tolist()) <= set(batch.identities)
    assert all(fingerprint(text) == one for one, text in batch.identities.items())


def rows(*decoders: RowDecoder, read: Callable[..., object]) -> Check:
    """Rows of served models; what is taken of each form can be read again as the log's."""

    def check(body: bytes) -> None:
        for decoder in decoders:
            try:
                read(decoder.decode(body).batch)
            except BadRequest:
                continue

    return check


def heard(lines: bytes) -> None:
    table = StatsdTable(10)
    table.take(lines)
    assert_fit(table.flush(NOW_MS))


def shown(page: bytes) -> None:
    text = page.decode("utf-8", "replace")
    for openmetrics in (False, True):
        try:
            found = exposition(text, openmetrics=openmetrics, samples_max=100)
            for written in found.series:
                name, _ = series_of(written)
                assert name
        except BadRequest:
            continue


TARGETS = {
    "remote_write_1": Target(
        twins(RemoteWriteDecoder(KEYS), naive_remote_write.decode_1), remote_write.cases
    ),
    "remote_write_2": Target(
        twins(RemoteWrite2Decoder(KEYS), naive_remote_write.decode_2), remote_write.cases
    ),
    "influx": Target(
        twins(InfluxDecoder(KEYS, "ms", NOW_MS), lambda body: naive_influx.decode(body, "ms", NOW_MS)),
        influx.cases,
    ),
    "otlp": Target(twins(OtlpDecoder(KEYS), naive_otlp.decode), otlp.cases),
    "otlp_json": Target(alone(OtlpJsonDecoder(KEYS)), otlp.cases),
    "json": Target(json_twins(JsonDecoder(KEYS), naive_json.decode_json), samples_json.cases),
    "ndjson": Target(json_twins(NdjsonDecoder(KEYS), naive_json.decode_ndjson), ndjson.cases),
    "arrow": Target(alone(ArrowDecoder(KEYS)), arrow.cases),
    "csv": Target(alone(CsvDecoder()), csv.cases),
    "predictions": Target(
        rows(PredictionsJson(), PredictionsJson(lines=True), arrow_predictions(), read=columns.predictions),
        predictions.predictions,
    ),
    "outcomes": Target(
        rows(OutcomesJson(), OutcomesJson(lines=True), arrow_outcomes(), read=columns.outcomes),
        predictions.outcomes,
    ),
    "statsd": Target(heard, statsd.cases),
    "scrape": Target(shown, scrape.cases),
}


def seeds(target: Target) -> list[bytes]:
    """The hostile corpus, unpacked where it can be."""
    bodies = []
    for case in target.corpus():
        body = case.body
        if target.corpus is remote_write.cases:
            try:
                if cramjam.snappy.decompress_raw_len(body) < SEED_BYTES_MAX:
                    body = bytes(cramjam.snappy.decompress_raw(body))
            except cramjam.DecompressionError:
                pass
        bodies.append(body)
    return [body for body in bodies if len(body) < SEED_BYTES_MAX]


def main(name: str, seconds: int) -> None:
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(seeds(target)):
            target.check(body)
            (Path(folder) / f"seed-{number}").write_bytes(body)
        options = ["-max_len=4096", "-rss_limit_mb=0", "-seed=1", "-verbosity=0", "-print_final_stats=1"]
        arguments = ["target", folder, f"-max_total_time={seconds}", *options]
        atheris.Setup(arguments, target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
