"""Columns of samples, as collectors hand them over: no Python object per sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.domain.series import Identity


class Mode(StrEnum):
    """Live samples are checked against the clock; a backfill is history, and notifies nobody."""

    LIVE = "live"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True, eq=False)
class SampleBatch:
    """Samples of many series, one row a sample, in order of arrival.

    ``fingerprint`` uint64, ``ts_ms`` int64 (UTC), ``value`` float64 (finite), ``n`` float64 or None
    (NaN in ``n`` = no denominator for that sample); all of one length, C-contiguous.
    ``identities`` holds the canonical identity of every fingerprint that the collector has not
    handed over before; a shard that meets a fingerprint it does not know and is not told asks again
    (``UnknownSeries``), and the collector then decodes with an emptied memory.
    """

    fingerprint: NDArray[np.uint64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64] | None = None
    identities: Mapping[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ts_ms)


def of_one_time(
    ts_ms: int, values: Sequence[tuple[Identity, float]], n: Sequence[float] | None = None
) -> SampleBatch:
    """One value each of a few series that we know by name.

    >>> batch = of_one_time(60_000, [(Identity.of("up", {"host": "a"}), 1.0)])
    >>> batch.ts_ms.tolist(), batch.value.tolist(), list(batch.identities) == batch.fingerprint.tolist()
    ([60000], [1.0], True)
    """
    prints = [identity.fingerprint() for identity, _ in values]
    return SampleBatch(
        np.array(prints, np.uint64),
        np.full(len(values), ts_ms, np.int64),
        np.array([value for _, value in values], np.float64),
        None if n is None else np.array(n, np.float64),
        {number: identity.canonical() for number, (identity, _) in zip(prints, values, strict=True)},
    )


@dataclass(frozen=True, slots=True)
class Reject:
    """Samples refused for one reason: how many, and up to 100 places (line or index, cut value)."""

    reason: str
    count: int
    examples: tuple[tuple[int, str], ...] = ()


class Reason(StrEnum):
    """Why a sample was refused or set aside. The words are counted, shown and tested."""

    NOT_FINITE = "not_finite"
    BAD_VALUE = "bad_value"
    BAD_TIMESTAMP = "bad_timestamp"
    BAD_NAME = "bad_name"
    BAD_LINE = "bad_line"
    MISSING_VALUE = "missing_value"
    TEXT_VALUE = "text_value"
    NATIVE_HISTOGRAM = "native_histogram"
    REPEATED_HEADER = "repeated_header"
    FUTURE = "future"
    TOO_OLD = "too_old"
    LATE = "late"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    UNORDERED = "unordered"
    SERIES_LIMIT = "series_limit"
    TAG_VALUES_LIMIT = "tag_values_limit"
    TIME_ZONE_LIMIT = "time_zone_limit"
    FOREIGN_SERIES = "foreign_series"
