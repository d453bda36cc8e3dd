"""Arrow IPC streams of ``POST /api/v1/samples`` (columns: DESIGN.md section 6).

``metric`` text, ``timestamp`` (timestamp of any unit, with or without a zone, or int64 ms),
``value`` any float or integer, ``n`` optional; every other text column, plain or by dictionary, is a
tag, absent where null. Columns of other types are ignored. A null value is ``missing_value``, NaN or
infinite ``not_finite``; ``n`` null or NaN is absent, infinite or negative ``bad_value``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.arrow_guard import check_unpacked
from collectors.arrow_names import NameColumns
from collectors.arrow_text import is_text, text_column
from collectors.arrow_values import float_column, timestamp_column
from collectors.base import SAMPLES_MAX, Decoded
from collectors.errors import BadRequest, Fault, Tally, TooManySamples
from collectors.keys import WireKeys
from collectors.lookup import name_all
from monitor.domain.batch import Reason, SampleBatch

_REASONS = (
    Reason.BAD_NAME,
    Reason.BAD_TIMESTAMP,
    Reason.MISSING_VALUE,
    Reason.NOT_FINITE,
    Reason.BAD_VALUE,
)
"""In the order in which they count where a row has several."""

_BROKEN = (pa.ArrowException, ValueError, OSError, MemoryError, KeyError, UnicodeDecodeError)


class ArrowDecoder:
    """An Arrow IPC stream to columns; places in rejects are row numbers from 0 over all its batches.

    About 30 ns a sample of three text columns with a warm memory, 80 if compressed; a series
    met first costs some 10 µs.
    """

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no Arrow stream, a column missing, twice or of another type, more than
        64 MiB unpacked; TooManySamples."""
        check_unpacked(body)
        tally = Tally()
        identities: dict[int, bytes] = {}
        parts: list[_Part] = []
        rows = 0
        try:
            with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
                layout = _layout(reader.schema)
                for batch in reader:
                    rows += batch.num_rows
                    if rows > self._samples_max:
                        raise TooManySamples(f"more than {self._samples_max} samples in one request")
                    batch.validate()
                    part = _Part.of(batch, layout, self._keys, identities, all_identities)
                    parts.append(part.kept(tally, rows - batch.num_rows))
        except StopIteration:
            pass
        except _BROKEN as error:
            raise BadRequest(f"not an Arrow IPC stream: {str(error)[:200]}") from None
        return Decoded(_joined(parts, identities), tally.rejects())


@dataclass(frozen=True, slots=True)
class _Layout:
    """Places of the columns; ``tags`` by name."""

    metric: int
    timestamp: int
    value: int
    n: int | None
    tags: dict[str, int]


def _layout(schema: pa.Schema) -> _Layout:
    names = schema.names
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()
    if repeated:
        raise BadRequest(f"a column occurs twice: {min(repeated)!r}")
    places = {name: place for place, name in enumerate(names)}
    kinds = schema.types
    for name in ("metric", "timestamp", "value"):
        if name not in places:
            raise BadRequest(f"no column {name!r}")
    if not is_text(kinds[places["metric"]]):
        raise BadRequest(f"column 'metric' holds {kinds[places['metric']]}, not text")
    moment = kinds[places["timestamp"]]
    if not (pa.types.is_timestamp(moment) or moment == pa.int64()):
        raise BadRequest(f"column 'timestamp' holds {moment}, neither timestamps nor int64 milliseconds")
    for name in ("value", "n"):
        if name in places:
            kind = kinds[places[name]]
            if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
                raise BadRequest(f"column {name!r} holds {kind}, not numbers")
    own = {"metric", "timestamp", "value", "n"}
    tags = {name: place for name, place in places.items() if name not in own and is_text(kinds[place])}
    return _Layout(places["metric"], places["timestamp"], places["value"], places.get("n"), tags)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One record batch as columns; ``fault`` is 0 or 1 + the place of the reason in `_REASONS`."""

    prints: NDArray[np.uint64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64] | None
    fault: NDArray[np.int8]
    text: NameColumns

    @staticmethod
    def of(
        batch: pa.RecordBatch,
        layout: _Layout,
        keys: WireKeys,
        identities: dict[int, bytes],
        all_identities: bool,
    ) -> _Part:
        names = NameColumns(
            text_column("metric", batch.column(layout.metric)),
            [text_column(name, batch.column(place)) for name, place in layout.tags.items()],
        )
        prints = names.look_up(keys, batch.num_rows, identities)
        value, no_value = float_column(batch.column(layout.value))
        ts_ms, bad_time = timestamp_column(batch.column(layout.timestamp))
        n = None if layout.n is None else float_column(batch.column(layout.n))[0]
        fault = np.zeros(batch.num_rows, np.int8)
        if n is not None:
            fault[(n < 0) | np.isinf(n)] = 5
        fault[~np.isfinite(value)] = 4
        if no_value is not None:
            fault[no_value] = 3
        fault[bad_time] = 2
        fault[prints == 0] = 1
        part = _Part(prints, ts_ms, value, n, fault, names)
        if all_identities:
            name_all(prints, names.identity, identities)
        return part

    def kept(self, tally: Tally, first_place: int) -> _Part:
        """Without the refused rows, which are told to the tally."""
        if not self.fault.any():
            return self
        for code, reason in enumerate(_REASONS, 1):
            rows = np.flatnonzero(self.fault == code)
            examples = [(first_place + row, self._detail(code, row)) for row in rows[:100].tolist()]
            tally.add_many(reason, examples, len(rows))
        good = self.fault == 0
        n = None if self.n is None else self.n[good]
        return _Part(self.prints[good], self.ts_ms[good], self.value[good], n, self.fault[good], self.text)

    def _detail(self, code: int, row: int) -> str:
        if code == 1:
            try:
                self.text.identity(row)
            except Fault as fault:
                return fault.detail
        if code == 2:
            return str(self.ts_ms[row])
        return f"n: {self.n[row]}" if code == 5 and self.n is not None else str(self.value[row])


def _joined(parts: list[_Part], identities: dict[int, bytes]) -> SampleBatch:
    if len(parts) == 1:
        part = parts[0]
        n = None if part.n is None or np.isnan(part.n).all() else part.n
        return SampleBatch(part.prints, part.ts_ms, part.value, n, identities)
    n = np.concatenate(
        [np.full(len(p.ts_ms), np.nan) if p.n is None else p.n for p in parts] or [np.empty(0)]
    )
    return SampleBatch(
        np.concatenate([part.prints for part in parts] or [np.empty(0, np.uint64)]),
        np.concatenate([part.ts_ms for part in parts] or [np.empty(0, np.int64)]),
        np.concatenate([part.value for part in parts] or [np.empty(0)]),
        None if np.isnan(n).all() else n,
        identities,
    )
