"""The order of series in lists: by name as it is shown, without case, and by fingerprint where the first
`HEAD_BYTES` of two names are alike. A list goes on after a `Spot`."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.catalogue.asking import searched
from monitor.domain.errors import BadRequest

HEAD_BYTES = 96
_WRITTEN = re.compile(f"([0-9a-f]{{16}})((?:[0-9a-f]{{2}}){{0,{HEAD_BYTES}}})")


class Spot(NamedTuple):
    """Where a series stands. ``head``: the beginning of its searched text (`asking.searched`)."""

    head: bytes
    fingerprint: int


BEFORE_ALL = Spot(b"", 0)


def spot_of(text: bytes, fingerprint: int) -> Spot:
    """Of a searched text.

    >>> spot_of(b"orders{country=nl}", 7) < spot_of(b"orders{country=nz}", 3)
    True
    """
    return Spot(text[:HEAD_BYTES], fingerprint)


def spot_of_series(name: str, id: str) -> Spot:
    """Of a series as lists show it."""
    return spot_of(searched(name), int(id, 16))


def written(spot: Spot) -> str:
    """For a cursor: at most 208 characters.

    >>> written(Spot(b"ab", 10)), spot_from(written(Spot(b"ab", 10)))
    ('000000000000000a6162', Spot(head=b'ab', fingerprint=10))
    """
    return f"{spot.fingerprint:016x}{spot.head.hex()}"


def is_spot(text: str) -> bool:
    return _WRITTEN.fullmatch(text) is not None


def spot_from(text: str) -> Spot:
    """The spot that was `written`; before all where the text is empty. Raises BadRequest."""
    if not text:
        return BEFORE_ALL
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise BadRequest("this is no place in a list of series")
    return Spot(bytes.fromhex(found[2]), int(found[1], 16))
