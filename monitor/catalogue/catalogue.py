"""The names of a shard's series: those of the last build on disk, newer ones in memory, in three steps.

A new name waits in a dict. Where more than some thousand wait, whoever searches next has a catalogue in
memory made of all that are not in the file (2 µs each); when those are many, the file is built anew.

All of it follows from the shard's index and may be thrown away: a file that is missing, cut short or damaged
is built anew. Forgotten series stay in the file until the next build, so whoever searches asks the index
whether a series is still there.
"""

from __future__ import annotations

import heapq
import logging
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path

import numpy as np

from monitor.catalogue.asking import Asked, Piece, searched
from monitor.catalogue.built import Built, Names, Prints, build, built_of_texts
from monitor.catalogue.order import BEFORE_ALL, Spot, spot_of
from monitor.domain.errors import CorruptLog
from monitor.domain.series import Identity

log = logging.getLogger(__name__)

NEW_MAX = 20_000
"""So many new series wait in memory for a build, or an eighth of those in the file where that is more."""
FRESH_MAX = 2_000
"""So many are gone through one by one, or a fourth of those in the catalogue in memory where that is more."""


class Catalogue:
    """Changed under the shard's lock. ``path`` None: nothing is ever built.

    A new series costs some 5 µs and, until the next build, its name and 150 bytes.

    >>> names = Catalogue(None)
    >>> for name in (Identity.of("orders", {"country": "NL"}), Identity.of("orders", {"country": "BE"})):
    ...     names.add(name.fingerprint(), name)
    >>> [found.head for found in names.search(Asked(q="ORD"))]
    [b'orders{country=be}', b'orders{country=nl}']
    """

    def __init__(self, path: Path | None, new_max: int = NEW_MAX) -> None:
        self._path = path
        self._least = new_max
        self._built: Built | None = _opened(path) if path is not None else None
        self._new: dict[int, bytes] = {}
        self._being_built: dict[int, bytes] = {}
        self._fresh: dict[int, bytes] = {}  # of the two above, those that are not in `_recent`
        self._recent: Built | None = None
        self._ordered: list[tuple[Spot, bytes]] | None = None  # `_fresh` in the order of lists
        self._building = False
        self._gone = 0
        self._failed_at = 0

    def __len__(self) -> int:
        """Names held, forgotten ones included."""
        built = len(self._built) if self._built is not None else 0
        return built + len(self._being_built) + len(self._new)

    @property
    def due(self) -> bool:
        """Is it time to build?"""
        if self._path is None or self._building:
            return False
        built = len(self._built) if self._built is not None else 0
        return self._waiting > max(self._least, built // 8, 2 * self._failed_at)

    @property
    def _waiting(self) -> int:
        return len(self._new) + len(self._being_built) + self._gone

    def unknown(self, prints: Prints) -> Prints:
        """Those fingerprints of a shard that the file lacks; the file's others are taken as forgotten. At a
        start, before anything is added."""
        if self._built is None:
            return prints
        lacking = prints[~np.isin(prints, self._built.prints)]
        self._gone = len(self._built) - (len(prints) - len(lacking))
        return lacking

    def add(self, fingerprint: int, identity: Identity) -> None:
        """A series that is new, or came back."""
        self._new[fingerprint] = self._fresh[fingerprint] = searched(str(identity))
        self._ordered = None

    def discard(self, fingerprint: int) -> None:
        """A series is forgotten."""
        self._gone += self._new.pop(fingerprint, None) is None
        if self._fresh.pop(fingerprint, None) is not None:
            self._ordered = None

    def search(
        self, asked: Asked, after: Spot = BEFORE_ALL, among: Sequence[Sequence[Piece]] | None = None
    ) -> Iterator[Spot]:
        """After a spot, in order, all series that fit and some that do not: `Asked.fits` decides, and the
        index whether they are still there. ``among``: of those only that hold all pieces of one of these. To
        be called under the shard's lock, and gone through without it; what is added meanwhile is left out."""
        held = len(self._recent) if self._recent is not None else 0
        if len(self._fresh) > max(FRESH_MAX, held // 4):
            recent = _in_order(self._being_built | self._new)
            self._recent = built_of_texts([(spot.fingerprint, text) for spot, text in recent])
            self._fresh, self._ordered = {}, None
        if self._ordered is None:
            self._ordered = _in_order(self._fresh)
        built = [one for one in (self._built, self._recent) if one is not None]
        ways = [[*asked.pieces(), *some] for some in ([()] if among is None else among)]
        return _searched(built, self._ordered, ways, after)

    def begin(self) -> None:
        """A build of all series begins; those added from here on are not in it."""
        self._building = True
        self._being_built = self._being_built | self._new
        self._new = {}
        self._gone = 0

    def build(self, names: Names) -> Built | None:
        """Build and write. To be called without the shard's lock. None where the disk refuses."""
        if self._path is None:
            return None
        try:
            built = build(names)
            built.write(self._path)
            return Built.read(self._path)
        except (OSError, CorruptLog) as error:
            log.warning("the catalogue of names cannot be written: %s", error)
            return None

    def adopt(self, built: Built | None) -> None:
        """A build has ended; without a result its names go on waiting, and twice as many are awaited."""
        if built is None:
            self._failed_at = self._waiting
        else:
            self._built = built
            self._failed_at = 0
            self._being_built = {}
            self._recent, self._fresh, self._ordered = None, dict(self._new), None
        self._building = False


def _opened(path: Path) -> Built | None:
    try:
        return Built.read(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, CorruptLog) as error:
        log.warning("the catalogue of names is built anew: %s", error)
        return None


def _in_order(names: Mapping[int, bytes]) -> list[tuple[Spot, bytes]]:
    return sorted((spot_of(text, fingerprint), text) for fingerprint, text in names.items())


def _searched(
    built: Sequence[Built],
    ordered: Sequence[tuple[Spot, bytes]],
    ways: Sequence[Sequence[Piece]],
    after: Spot,
) -> Iterator[Spot]:
    texts = [[piece.text for piece in way] for way in ways]
    first = bisect_right(ordered, after, key=lambda one: one[0])
    fresh = [
        one for one, text in ordered[first:] if any(all(piece in text for piece in way) for way in texts)
    ]
    older = [chain.from_iterable(one.search(way, after)) for one in built for way in ways]
    for spot, _ in groupby(heapq.merge(*older, fresh)):
        yield spot
