"""What ties series together, and so anomalies: kinds of evidence, edges of series, bonds of anomalies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from monitor.domain.anomaly import AnomalyKind
from monitor.domain.series import Identity

Key = tuple[str, ...]
"""Something that series may have in common, equal on both sides."""

_SEPARATORS = re.compile(r"[._/:]+")


class Evidence(StrEnum):
    """Why two series, or two anomalies, belong together."""

    TOGETHER = "began together"
    PRECEDENT = "came with the group before"
    AGAIN = "same series again"
    LINEAGE = "declared lineage"
    CONFIRMED = "confirmed by people"
    METRIC = "same metric"
    NAME = "same name part"
    TAG = "same tag"


KEY_KINDS = {"metric": Evidence.METRIC, "name": Evidence.NAME, "tag": Evidence.TAG}
"""The first part of a key, and what it is evidence of."""


UNTOLD = (AnomalyKind.ENDED, AnomalyKind.ABSORBED_DRIFT)
"""Kinds of which the begin does not say when something happened: no onsets."""


@dataclass(frozen=True, slots=True)
class Onset:
    """An anomaly, reduced to what the graph is learned from; ``begin_ms`` and ``team`` never change."""

    series: Identity
    begin_ms: int
    cadence_ms: int
    team: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` tends to begin ``lag_ms`` (not negative) after ``source``.

    ``decades`` is −log10 of the chance that two unrelated series agree so. ``count`` of ``of`` onsets of the
    rarer one agreed, ``last_ms`` being the last; both are 0 where the evidence is no count of onsets.
    ``what`` is the tag, name or declaration that they have in common.
    """

    source: Identity
    target: Identity
    kind: Evidence
    decades: float
    lag_ms: int = 0
    count: int = 0
    of: int = 0
    last_ms: int = 0
    what: str = ""

    def other(self, series: Identity) -> Identity:
        return self.target if series == self.source else self.source


@dataclass(frozen=True, slots=True)
class LearnedEdge:
    """An `Edge` of kind "began together" as it is stored: series by id and by name."""

    source: str
    target: str
    source_name: str
    target_name: str
    decades: float
    lag_ms: int
    count: int
    of: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Bond:
    """Why an anomaly joined a group when it began: because of ``other`` (an anomaly's id), a member then.

    ``decades``: −log10 of the chance that it has nothing to do with that member; infinity is not used, a
    declaration counts as 9. ``lag_ms``: how long after the other it began. ``what``: the tag, metric, name,
    declaration or learned lag.
    """

    kind: Evidence
    other: str
    decades: float
    lag_ms: int
    what: str = ""


class Learned(Protocol):
    """What the onsets of some weeks before ``until_ms`` say of series; a function of those onsets alone."""

    @property
    def until_ms(self) -> int: ...

    @property
    def observed_ms(self) -> int:
        """How long a time the onsets are from, a day at least."""

    def onsets_of(self, series: Identity) -> Sequence[int]:
        """When a series began in that time, in order."""

    def neighbours(self, series: Identity) -> Iterable[Identity]:
        """Series that begin together with it, strongest first; few."""

    def edge(self, one: Identity, other: Identity) -> Edge | None: ...

    def edges(self) -> Iterator[Edge]: ...

    def usual(self, key: Key) -> float:
        """How many anomalies of series with that key begin on a usual day: the median, not the mean, because
        a storm a fortnight ago makes a coincidence today no likelier."""


def name_part(metric: str) -> str:
    """The leading part of a metric's name.

    >>> name_part("flights.cancelled_share"), name_part("cancelled_share"), name_part("...")
    ('flights', 'cancelled', '...')
    """
    return next((part for part in _SEPARATORS.split(metric) if part), metric)


@lru_cache(maxsize=65_536)
def keys_of(series: Identity) -> tuple[Key, ...]:
    """What a series may have in common with others."""
    tags = [("tag", key, value) for key, value in series.tags]
    return (("metric", series.metric), ("name", name_part(series.metric)), *tags)


def words_of(key: Key) -> str:
    """
    >>> words_of(("tag", "host", "a")), words_of(("metric", "orders"))
    ('host=a', 'orders')
    """
    return "=".join(key[1:])
