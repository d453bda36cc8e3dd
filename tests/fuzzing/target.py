"""One fuzz target: a push decoder against its slow twin, guided by the twin.

    python -m tests.fuzzing.target influx 600

Kernels are machine code, which no coverage tool sees into; the twins are plain Python and reach a new line
wherever a body is new in kind. So the twins are instrumented, and each body must be answered alike by both. A
body that is not is written to ``crash-…`` in the folder it runs in; it then belongs in ``tests/hostile``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import cramjam

with atheris.instrument_imports(include=["tests.naive"]):
    from tests.naive import influx as naive_influx
    from tests.naive import otlp as naive_otlp
    from tests.naive import remote_write as naive_remote_write

from collectors.base import Decoder
from collectors.errors import BadRequest
from collectors.influx import InfluxDecoder
from collectors.keys import WireKeys
from collectors.otlp import OtlpDecoder, OtlpJsonDecoder
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from tests.collectors.wire import assert_same
from tests.hostile import influx, otlp, remote_write
from tests.naive.json_samples import Refused

NOW_MS = 1_700_000_000_000
KEYS = WireKeys(seed=1)
Twin = Callable[[bytes], naive_remote_write.Outcome]

TARGETS: dict[str, tuple[Decoder, Twin | None]] = {
    "remote_write_1": (RemoteWriteDecoder(KEYS), naive_remote_write.decode_1),
    "remote_write_2": (RemoteWrite2Decoder(KEYS), naive_remote_write.decode_2),
    "influx": (InfluxDecoder(KEYS, "ms", NOW_MS), lambda body: naive_influx.decode(body, "ms", NOW_MS)),
    "otlp": (OtlpDecoder(KEYS), naive_otlp.decode),
    "otlp_json": (OtlpJsonDecoder(KEYS), None),
}
"""Decoders by name; without a twin only what they raise is watched."""


def seeds(name: str) -> list[bytes]:
    """The hostile corpus, unpacked where it can be; small ones, since they are mixed and cut."""
    corpus = {"influx": influx, "otlp": otlp, "otlp_json": otlp}.get(name, remote_write)
    bodies = []
    for case in corpus.cases():
        body = case.body
        if corpus is remote_write:
            try:
                if cramjam.snappy.decompress_raw_len(body) < 10_000:
                    body = bytes(cramjam.snappy.decompress_raw(body))
            except cramjam.DecompressionError:
                pass
        bodies.append(body)
    return [body for body in bodies if len(body) < 10_000]


def check(decoder: Decoder, twin: Twin | None, body: bytes) -> None:
    """Raises AssertionError where they differ, and whatever the decoder may not raise."""
    try:
        decoded = decoder.decode(body, all_identities=True)
    except BadRequest:
        decoded = None
    if twin is None:
        return
    try:
        expected = twin(body)
    except Refused:
        assert decoded is None
        return
    assert decoded is not None
    if decoded.rejected <= 100:  # of more, the places are not all named
        assert_same(decoded, expected)


def main(name: str, seconds: int) -> None:
    decoder, twin = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(seeds(name)):
            check(decoder, twin, body)
            (Path(folder) / f"seed-{number}").write_bytes(body)
        options = ["-max_len=4096", "-rss_limit_mb=0", "-seed=1", "-verbosity=0", "-print_final_stats=1"]
        arguments = ["target", folder, f"-max_total_time={seconds}", *options]
        atheris.Setup(arguments, lambda body: check(decoder, twin, body))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
