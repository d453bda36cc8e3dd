"""How many live series there are by metric and by tag, and how many values each tag key has."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TypeVar

from monitor.domain.series import Identity

T = TypeVar("T")

KEYS_WORTH = 20
"""All keys together may have this many times the values of one."""


class TagCounts:
    """Counts over a shard's series; one thread changes them, any may read. Not part of the shard's state:
    filled anew from the index after a restart.

    About 230 bytes a distinct (key, value): with ``values_max`` 10,000, and all keys together 20 times
    that, 46 MB at most; and 100 bytes a metric.

    >>> nl, be = Identity.of("orders", {"country": "NL"}), Identity.of("orders", {"country": "BE"})
    >>> counts = TagCounts(values_max=1)
    >>> counts.add(nl)
    >>> counts.full(nl), counts.full(be)
    (False, True)
    >>> counts.by_name()
    {'orders': 1, 'country=NL': 1}
    """

    def __init__(self, values_max: int) -> None:
        self.values_max = values_max
        self._metrics: Counter[str] = Counter()
        self._tags: Counter[tuple[str, str]] = Counter()
        self._values: Counter[str] = Counter()

    def full(self, identity: Identity) -> bool:
        """Would a new series bring one value too many of one of its keys, or of all keys together?"""
        new = [tag for tag in identity.tags if tag not in self._tags]
        if len(self._tags) + len(new) > KEYS_WORTH * self.values_max:
            return bool(new)
        return any(self._values[key] >= self.values_max for key, _ in new)

    def add(self, identity: Identity) -> None:
        """Count a series, full or not: what is in the log is so."""
        self._metrics[identity.metric] += 1
        for key, value in identity.tags:
            key = sys.intern(key)
            self._tags[key, value] += 1
            if self._tags[key, value] == 1:
                self._values[key] += 1

    def discard(self, identity: Identity) -> None:
        """A series that was added is gone."""
        _take(self._metrics, identity.metric)
        for tag in identity.tags:
            if _take(self._tags, tag):
                _take(self._values, tag[0])

    def by_name(self) -> dict[str, int]:
        """Series by metric and by ``key=value``."""
        tags = dict(self._tags)  # in one step, since another thread may add
        return dict(self._metrics) | {f"{key}={value}": count for (key, value), count in tags.items()}

    @property
    def most(self) -> int:
        """Values of the key that has the most."""
        return max(dict(self._values).values(), default=0)


def _take(counter: Counter[T], key: T) -> bool:
    """One less; True if it was the last."""
    counter[key] -= 1
    if counter[key]:
        return False
    del counter[key]
    return True
