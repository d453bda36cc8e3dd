"""Which protocol is spoken on which route."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from api.dialects.base import Dialect
from api.dialects.influx import InfluxDialect
from api.dialects.otlp import OtlpDialect
from api.dialects.remote_write import RemoteWriteDialect
from api.dialects.samples import SamplesDialect
from api.routes.common import PREFIX
from collectors.arrow_stream import ArrowDecoder
from collectors.base import Decoder
from collectors.csv_upload import CsvDecoder
from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder, NdjsonDecoder


def dialects(samples_max: int, now_ms: Callable[[], int]) -> dict[str, Dialect]:
    """By path; over one memory of series names, hashed with a key of this process."""
    keys = WireKeys(seed=secrets.randbits(64))
    own: dict[str, Decoder] = {
        "application/json": JsonDecoder(keys, samples_max=samples_max),
        "application/x-ndjson": NdjsonDecoder(keys, samples_max=samples_max),
        "application/vnd.apache.arrow.stream": ArrowDecoder(keys, samples_max=samples_max),
        "text/csv": CsvDecoder(samples_max=samples_max),
    }
    return {
        f"{PREFIX}/samples": SamplesDialect(own),
        f"{PREFIX}/write": RemoteWriteDialect(keys, samples_max=samples_max),
        "/api/v2/write": InfluxDialect(keys, now_ms, samples_max=samples_max),
        "/v1/metrics": OtlpDialect(keys, samples_max=samples_max),
    }
