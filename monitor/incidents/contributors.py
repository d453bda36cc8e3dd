"""Which tag values stand out among an incident's series: "14 of 16 series with origin=JFK"."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from monitor.domain.incident import Contributor, SeriesCounts
from monitor.domain.series import Identity

SIGNIFICANT = math.log(0.05)
LEAST_COVERAGE = 0.5
LEAST_COUNT = 2


def contributors(series: Iterable[Identity], counts: SeriesCounts, most: int = 20) -> tuple[Contributor, ...]:
    """Tag values over-represented among ``series`` (distinct members), the most telling first.

    Listed are values that at least two members share and that either are significant at 5 %
    or cover half of their series; the second keeps "all of JFK" in view when all of EWR
    is down too and nothing stands out against the rest. O(series × tags).
    """
    distinct = sorted(set(series))
    found = Counter(tag for identity in distinct for tag in identity.tags)
    population = max(counts.total, len(distinct))
    listed = []
    for (tag, value), count in found.items():
        total = max(counts.tags.get((tag, value), 0), count)
        # Counts are taken at another moment than members: the members that lack the tag must fit
        # into the series that lack it.
        known = max(population, total + len(distinct) - count)
        log_p = log_tail(count, known, total, len(distinct))
        if count >= LEAST_COUNT and (log_p <= SIGNIFICANT or count >= LEAST_COVERAGE * total):
            listed.append(Contributor(tag, value, count, total, log_p))
    listed.sort(key=lambda c: (c.log_p, -c.count / c.total, -c.count, c.tag, c.value))
    return tuple(listed[:most])


def log_tail(count: int, population: int, marked: int, drawn: int) -> float:
    """log P(X >= count) for ``drawn`` out of ``population`` of which ``marked`` are marked.

    Hypergeometric, summed in log space from ``count`` until the terms no longer matter; 0 where
    ``count`` is no more than is to be expected.

    >>> round(math.exp(log_tail(2, 4, 2, 2)), 6)
    0.166667
    """
    if count * population <= marked * drawn:
        return 0.0
    top = _log_point(count, population, marked, drawn)
    total = 1.0
    for k in range(count + 1, min(marked, drawn) + 1):
        term = math.exp(_log_point(k, population, marked, drawn) - top)
        total += term
        if term < 1e-12 * total:
            break
    return min(top + math.log(total), 0.0)


def _log_point(k: int, population: int, marked: int, drawn: int) -> float:
    ways = _log_choose(marked, k) + _log_choose(population - marked, drawn - k)
    return ways - _log_choose(population, drawn)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
