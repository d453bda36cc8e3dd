"""What a series is called: one metric with one set of tags, the unit of modelling."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

_FIELD = "\x1f"
_PAIR = "\x1e"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A metric's name with its tags, sorted by key.

    Names, keys and values hold no control characters (the intake refuses them as ``bad_name``),
    so the canonical text below is unambiguous.

    >>> Identity.of("cancelled_share", {"origin": "JFK", "carrier": "AA"})
    Identity(metric='cancelled_share', tags=(('carrier', 'AA'), ('origin', 'JFK')))
    >>> str(_)
    'cancelled_share{carrier=AA,origin=JFK}'
    """

    metric: str
    tags: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(metric: str, tags: Mapping[str, str] | None = None) -> Identity:
        return Identity(metric, tuple(sorted((tags or {}).items())))

    def canonical(self) -> bytes:
        """The bytes that the fingerprint is taken of, and that the log stores."""
        return _FIELD.join([self.metric, *(k + _PAIR + v for k, v in self.tags)]).encode()

    @staticmethod
    def from_canonical(text: bytes) -> Identity:
        """
        >>> Identity.from_canonical(Identity.of("m", {"b": "2", "a": "1"}).canonical()).tags
        (('a', '1'), ('b', '2'))
        """
        metric, *pairs = text.decode().split(_FIELD)
        tags = []
        for pair in pairs:
            key, _, value = pair.partition(_PAIR)
            tags.append((key, value))
        return Identity(metric, tuple(tags))

    def fingerprint(self) -> int:
        """Stable 64-bit hash of the identity; never 0, which marks an empty place in tables."""
        return fingerprint(self.canonical())

    def tag(self, key: str) -> str | None:
        return next((v for k, v in self.tags if k == key), None)

    def __str__(self) -> str:
        inner = ",".join(f"{k}={v}" for k, v in self.tags)
        return f"{self.metric}{{{inner}}}" if inner else self.metric


def fingerprint(canonical: bytes) -> int:
    """Stable 64-bit hash of a canonical identity (BLAKE2b, 8 bytes); never 0."""
    return int.from_bytes(hashlib.blake2b(canonical, digest_size=8).digest(), "little") or 1


def shard_of(fingerprint: int, shards: int) -> int:
    """Which of ``shards`` shards owns a series; by the high bits, which tables do not use."""
    return (fingerprint >> 40) % shards
