"""A CSV file as the body of ``POST /api/v1/samples``: the reader of files, within a request's limits."""

from __future__ import annotations

from collectors.base import SAMPLES_MAX, Decoded
from collectors.csv_rows import parse_csv
from collectors.errors import TooManySamples
from collectors.files import samples_of

_COLUMNS_MAX = 1_000
_NAME = "the body"


class CsvDecoder:
    """Long (columns metric and value) or wide (a column a metric), as files are read for ``backtest`` and
    ``ingest``; places in rejects are line numbers from 1. About 1 µs a row, and 10 µs a series: it keeps no
    memory of names.

    >>> decoded = CsvDecoder().decode(b"timestamp,orders,country\\n60,5,NL\\n120,x,NL\\n")
    >>> decoded.batch.value.tolist(), decoded.batch.ts_ms.tolist(), list(decoded.batch.identities.values())
    ([5.0], [60000], [b'orders\\x1fcountry\\x1eNL'])
    >>> decoded.rejects
    (Reject(reason='bad_value', count=1, examples=((3, 'x'),)),)
    """

    def __init__(self, *, samples_max: int = SAMPLES_MAX) -> None:
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Every identity comes along in any case. Raises BadRequest: no header that can be read, no
        metric, no UTF-8 text; TooManySamples: lines, columns or samples."""
        raw = bytes(body)
        if raw.count(b"\n") > self._samples_max:
            raise TooManySamples(f"more than {self._samples_max} lines in one request")
        if max(map(raw.lstrip().partition(b"\n")[0].count, (b",", b";", b"\t"))) > _COLUMNS_MAX:
            raise TooManySamples(f"more than {_COLUMNS_MAX} columns in one request")
        found = samples_of(_NAME, parse_csv(_NAME, raw))
        if len(found) > self._samples_max:
            raise TooManySamples(f"more than {self._samples_max} samples in one request")
        return Decoded(found.batch, found.rejects)
