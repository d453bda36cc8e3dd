"""Series of the rows of a body: keyed hashes to fingerprints, names read only where they are met first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from collectors.errors import Fault, Tally
from collectors.keys import WireKeys, Words
from monitor.domain.batch import Reason
from monitor.domain.series import fingerprint

IdentityOf = Callable[[int], bytes]
"""Canonical identity of a row's series, read from its bytes; raises Fault for a bad name."""


def look_up(
    keys: WireKeys,
    hashes: Words,
    identity_of: IdentityOf,
    identities: dict[int, bytes],
    asked: NDArray[np.bool_] | None = None,
) -> Words:
    """Fingerprint of each row, 0 for a bad name; identities met first are added. ``asked``: which rows may
    be read, where not all of them can."""
    prints, missing = keys.find(hashes)
    if asked is not None:
        missing = missing[asked[missing]]
    if len(missing):
        fresh, first, inverse = np.unique(hashes[missing], return_index=True, return_inverse=True)
        found = np.zeros(len(fresh), np.uint64)
        for k, row in enumerate(missing[first].tolist()):
            try:
                identity = identity_of(row)
            except Fault:
                continue
            found[k] = fingerprint(identity)
            identities[int(found[k])] = identity
        prints[missing] = found[inverse]
        keys.put(fresh, found)
    return prints


def name_all(prints: Words, identity_of: IdentityOf, identities: dict[int, bytes]) -> None:
    """Add the identity of every series among the rows."""
    distinct, first = np.unique(prints, return_index=True)
    for known, row in zip(distinct.tolist(), first.tolist(), strict=True):
        if known and known not in identities:
            identities[known] = identity_of(row)


def refuse_names(
    rows: NDArray[np.int64], places: NDArray[np.int64], identity_of: IdentityOf, tally: Tally
) -> None:
    """Count rows whose names are bad, saying of the first ones what is wrong; ``places`` beside ``rows``."""
    wanted = tally.wants(Reason.BAD_NAME)
    examples = []
    for row, place in zip(rows[:wanted].tolist(), places[:wanted].tolist(), strict=True):
        try:
            identity_of(row)
        except Fault as fault:
            examples.append((place, fault.detail))
    tally.add_many(Reason.BAD_NAME, examples, len(rows))
