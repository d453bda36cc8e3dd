"""Series of the rows of a table: text columns to fingerprints through the memory of names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collectors.arrow_text import TextColumn
from collectors.errors import Fault
from collectors.keys import WireKeys
from collectors.lookup import look_up
from collectors.names import canonical
from collectors.raw_bytes import hash_bytes
from monitor.domain.batch import Reason


@dataclass(frozen=True, slots=True)
class NameColumns:
    """The metric's column and the tags' columns of one table."""

    metric: TextColumn
    tags: list[TextColumn]

    def look_up(self, keys: WireKeys, rows: int, identities: dict[int, bytes]) -> NDArray[np.uint64]:
        """Fingerprint of each row, 0 for a bad name; identities met first are added."""
        hashes = np.full(rows, keys.seed, np.uint64)
        for column in (self.metric, *self.tags):
            name = np.frombuffer(column.name.encode("utf-8", "replace") + bytes(1), np.uint8)
            column.hash_rows(hashes, np.uint64(hash_bytes(name.ctypes.data, len(name), keys.seed)))
        hashes[hashes == 0] = 1
        return look_up(keys, hashes, self.identity, identities)

    def identity(self, row: int) -> bytes:
        """Raises Fault for a bad name."""
        present = ((column.name, column.bytes_at(row)) for column in self.tags)
        pairs = [(name, _decoded(raw)) for name, raw in present if raw is not None]
        return canonical(_decoded(self.metric.bytes_at(row)), pairs)


def _decoded(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        raise Fault(Reason.BAD_NAME, raw) from None
