"""Series of the rows of a table: text columns to fingerprints through the memory of names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collectors.arrow_text import TextColumn
from collectors.errors import Fault
from collectors.keys import WireKeys
from collectors.names import canonical
from collectors.raw_bytes import hash_bytes
from monitor.domain.batch import Reason
from monitor.domain.series import fingerprint


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
        prints, missing = keys.find(hashes)
        if len(missing):
            fresh, first, inverse = np.unique(hashes[missing], return_index=True, return_inverse=True)
            found = np.zeros(len(fresh), np.uint64)
            for k, row in enumerate(missing[first].tolist()):
                try:
                    identity = self.identity(row)
                except Fault:
                    continue
                found[k] = fingerprint(identity)
                identities[int(found[k])] = identity
            prints[missing] = found[inverse]
            keys.put(fresh, found)
        return prints

    def identity(self, row: int) -> bytes:
        """Raises Fault for a bad name."""
        present = ((column.name, column.bytes_at(row)) for column in self.tags)
        pairs = [(name, _decoded(raw)) for name, raw in present if raw is not None]
        return canonical(_decoded(self.metric.bytes_at(row)), pairs)

    def name_all(self, prints: NDArray[np.uint64], identities: dict[int, bytes]) -> None:
        """Add the identity of every series in the table."""
        distinct, first = np.unique(prints, return_index=True)
        for known, row in zip(distinct.tolist(), first.tolist(), strict=True):
            if known and known not in identities:
                identities[known] = self.identity(row)


def _decoded(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        raise Fault(Reason.BAD_NAME, raw) from None
