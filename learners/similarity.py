"""Which series begin to be anomalous together: sketches, candidate pairs, and an exact check.

A series is a sorted list of onsets. Three steps, none of which looks at all pairs:

1. `tokens` puts onsets on two grids of cells, one shifted by half a cell, so that any two onsets less than
   half a cell apart share a token; `signatures` makes a MinHash of each series' set of tokens.
2. `candidates` pairs series that agree in a band of their signatures (locality-sensitive hashing). In a
   bucket each is paired with the next few only, so pairs grow linearly with series, whatever the data.
3. `overlaps` counts for each pair how often one began after the other by the same lag, and says how
   unlikely so many are for two series that began as often and had nothing to do with each other.

A million series of 10 onsets: 1 kB each for the signature, in chunks. MinHash: Broder, "On the resemblance
and containment of documents" (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from learners.durations import HOUR_MS

Ints = NDArray[np.int64]
Words = NDArray[np.uint32]

PERMUTATIONS = 256
SEED = 1
FEW = 200
"""Up to so many sets datasketch makes the signatures: 70 µs a set, and nothing need be compiled."""
PAIRED = 32
"""Members of a bucket that each is paired with."""

OVERLAP = np.dtype(
    [
        ("one", "i4"),
        ("other", "i4"),
        ("count", "i4"),
        ("lag_ms", "i8"),
        ("last_ms", "i8"),
        ("decades", "f8"),
    ]
)
"""``other`` began ``count`` times about ``lag_ms`` after ``one`` (before it, if negative), ``last_ms`` for
the last time; ``decades`` is −log10 of the chance of that."""

_DIFFERENCES = 256
_ROWS = ((5_000, 2), (25_000, 3), (250_000, 4))


@dataclass(frozen=True, slots=True)
class Lags:
    """What counts as together. Times in milliseconds.

    ``most_ms``: longest lag. ``tolerance_ms``: how far a lag may stray to either side, at least half a
    bucket. ``apart_ms``: coincidences closer than this are one occasion: a flapping pair in one storm has
    met once.
    """

    most_ms: int = HOUR_MS
    tolerance_ms: int = 600_000
    apart_ms: int = 6 * HOUR_MS


def tokens(begin_ms: Ints, cell_ms: int) -> Words:
    """Two tokens an onset, shape (n, 2): its cell on either grid.

    >>> tokens(np.array([0, 59, 61, 119]), 120).tolist() == tokens(np.array([1, 58, 62, 118]), 120).tolist()
    True
    """
    whole, shifted = begin_ms // cell_ms * 2, (begin_ms + cell_ms // 2) // cell_ms * 2 + 1
    return np.stack([whole, shifted], axis=1).astype(np.uint32)


def signatures(starts: Ints, token: Words, permutations: int = PERMUTATIONS, seed: int = SEED) -> Words:
    """MinHash of each set, shape (sets, permutations): set i is ``token[starts[i]:starts[i + 1]]``.

    The values are those of datasketch's ``MinHash(permutations, seed)`` over the same tokens as hash values.
    An empty set has the largest value everywhere. 3 µs a set of 20 where they are many.
    """
    if len(starts) - 1 <= FEW:
        return _by_datasketch(starts, token, permutations, seed)
    return minhash(starts, token, *multipliers(permutations, seed))


def multipliers(permutations: int, seed: int) -> tuple[Words, Words]:
    """The odd factors and the summands of datasketch's permutations of 32-bit numbers."""
    generator = np.random.RandomState(seed)
    factor = generator.randint(0, 1 << 31, permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factor, generator.randint(0, 1 << 32, permutations, dtype=np.uint32)


def _by_datasketch(starts: Ints, token: Words, permutations: int, seed: int) -> Words:
    from datasketch import MinHash  # a second, which a server with nothing to compare need not wait

    sets = [token[first:last].tolist() for first, last in pairwise(starts.tolist())]
    made = MinHash.bulk(sets, num_perm=permutations, seed=seed, hashfunc=int)
    return np.array([one.hashvalues for one in made], np.uint32).reshape(len(sets), permutations)


@kernel
def minhash(starts: Ints, token: Words, factor: Words, summand: Words) -> Words:
    """`signatures`, compiled."""
    count, width = len(starts) - 1, len(factor)
    found = np.full((count, width), np.uint32(0xFFFFFFFF))
    mask = np.uint64(0xFFFFFFFF)
    for i in range(count):
        for at in range(starts[i], starts[i + 1]):
            mixed = np.uint64(token[at])
            mixed ^= mixed >> np.uint64(16)
            mixed = (mixed * np.uint64(0x85EBCA6B)) & mask
            mixed ^= mixed >> np.uint64(13)
            mixed = (mixed * np.uint64(0xC2B2AE35)) & mask
            mixed ^= mixed >> np.uint64(16)
            for k in range(width):
                value = np.uint32((np.uint64(factor[k]) * mixed + np.uint64(summand[k])) & mask)
                found[i, k] = min(found[i, k], value)
    return found


def rows_for(sets: int) -> int:
    """How many values of a signature make a band, for that many sets: the more sets, the more alike two must
    be, so that pairs by chance stay some tens a set. Of sets of likeness 0.3, two rows find all, three 90 %,
    four 40 %, five 12 %; of likeness 0.15 it is 95 %, 25 %, 3 % and less. Sets of a group of fifty have
    forty-nine to be found by.

    >>> [rows_for(sets) for sets in (100, 10_000, 100_000, 1_000_000)]
    [2, 3, 4, 5]
    """
    return next((rows for most, rows in _ROWS if sets <= most), 5)


def candidates(signature: Words, rows: int, paired: int = PAIRED) -> Ints:
    """Pairs (i < j) that agree in all ``rows`` values of some band, shape (pairs, 2), sorted, each once.

    Within a bucket members stand in the order of their next band, the alike beside each other, and each
    is paired with the ``paired`` after it. O(sets × bands × paired), and far less for sets that differ.
    """
    count, width = signature.shape
    found = [np.zeros(0, np.int64)]
    for first in range(0, width - rows + 1, rows):
        band = _mixed(signature[:, first : first + rows])
        order = np.lexsort((signature[:, (first + rows) % width], band))
        ordered = band[order]
        for step in range(1, min(paired, count - 1) + 1):
            same = np.flatnonzero(ordered[step:] == ordered[:-step])
            if not len(same):
                break
            one, other = order[same], order[same + step]
            found.append(np.unique(np.minimum(one, other) * count + np.maximum(one, other)))
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // max(count, 1), keys % max(count, 1)], axis=1)


def _mixed(values: Words) -> NDArray[np.uint64]:
    """One 64-bit number a row of few values."""
    mixed = np.zeros(len(values), np.uint64)
    for column in values.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def overlaps(
    pairs: Ints, starts: Ints, begin_ms: Ints, cadence_ms: Ints, span_ms: int, lags: Lags | None = None
) -> NDArray[np.void]:
    """An `OVERLAP` for each pair. ``begin_ms[starts[i]:starts[i + 1]]`` are series i's onsets, sorted, of the
    last ``span_ms``; ``cadence_ms`` is one a series.

    Of all lags up to ``most_ms`` the one at which most occasions agree is taken, and the chance is
    multiplied by the number of lags that were open to choice. About 1 µs a pair of 10 onsets.

    >>> starts, at = np.array([0, 4, 8]), np.arange(4) * 86_400_000
    >>> both = np.concatenate([at, at + 120_000])
    >>> found = overlaps(np.array([[0, 1]]), starts, both, np.array([60_000, 60_000]), 28 * 86_400_000)
    >>> int(found["count"][0]), int(found["lag_ms"][0]), bool(found["decades"][0] > 8)
    (4, 120000, True)
    """
    lags = lags or Lags()
    found = np.zeros(len(pairs), OVERLAP)
    found["one"], found["other"] = pairs[:, 0], pairs[:, 1]
    met, decades = np.zeros((len(pairs), 3), np.int64), np.zeros(len(pairs))
    limits = np.array([lags.most_ms, lags.tolerance_ms, lags.apart_ms, span_ms], np.int64)
    _check(np.ascontiguousarray(pairs, np.int64), starts, begin_ms, cadence_ms, limits, met, decades)
    found["count"], found["lag_ms"], found["last_ms"] = met.T
    found["decades"] = decades
    return found


@kernel
def _check(
    pairs: Ints,
    starts: Ints,
    begin_ms: Ints,
    cadence_ms: Ints,
    limits: Ints,
    met: Ints,
    decades: NDArray[np.float64],
) -> None:
    difference = np.empty(_DIFFERENCES, np.int64)
    most_ms, tolerance_ms, apart_ms, span_ms = limits[0], limits[1], limits[2], limits[3]
    for k in range(len(pairs)):
        x = begin_ms[starts[pairs[k, 0]] : starts[pairs[k, 0] + 1]]
        y = begin_ms[starts[pairs[k, 1]] : starts[pairs[k, 1] + 1]]
        bucket = max(cadence_ms[pairs[k, 0]], cadence_ms[pairs[k, 1]])
        width = 2 * max(tolerance_ms, bucket // 2)
        found = _differences(x, y, max(most_ms, bucket), difference)
        best, lag, last = 0, 0, 0
        for place in range(found):
            count, mean, at = _occasions(x, y, difference[place], difference[place] + width, apart_ms)
            if count > best or (count == best and abs(mean) < abs(lag)):
                best, lag, last = count, mean, at
        met[k, 0], met[k, 1], met[k, 2] = best, lag, last
        if best > 0:
            trials, others = min(len(x), len(y)), max(len(x), len(y))
            share = min((width + bucket) / span_ms, 1.0)
            once = -math.expm1(others * math.log1p(-share)) if share < 1.0 else 1.0
            open_lags = 4.0 * max(most_ms, bucket) / width  # windows half a width apart
            decades[k] = max(-log10_tail(best, trials, once) - math.log10(max(open_lags, 1.0)), 0.0)


@kernel
def _differences(x: Ints, y: Ints, most_ms: int, out: Ints) -> int:
    """How long after each x a y was, where at most ``most_ms`` lie between; the first that find room."""
    found = first = 0
    for i in range(len(x)):
        while first < len(y) and y[first] < x[i] - most_ms:
            first += 1
        for j in range(first, len(y)):
            if y[j] > x[i] + most_ms or found == len(out):
                break
            out[found] = y[j] - x[i]
            found += 1
    return found


@kernel
def _occasions(x: Ints, y: Ints, least: int, most: int, apart_ms: int) -> tuple[int, int, int]:
    """How often a y follows an x by ``least`` to ``most``, occasions apart; mean lag; the last x."""
    met = j = total = 0
    last = -(1 << 62)
    for i in range(len(x)):
        while j < len(y) and y[j] < x[i] + least:
            j += 1
        if j == len(y):
            break
        if y[j] <= x[i] + most and x[i] - last >= apart_ms:
            met += 1
            total += y[j] - x[i]
            last = x[i]
            j += 1
    return met, (total // met if met else 0), last


@kernel
def log10_tail(count: int, trials: int, chance: float) -> float:
    """log10 of the probability of ``count`` or more in ``trials`` of that chance each (binomial).

    >>> round(float(log10_tail(2, 2, 0.1)), 6)
    -2.0
    """
    if count <= 0 or chance >= 1.0:
        return 0.0
    if chance <= 0.0:
        return -np.inf
    term = (
        math.lgamma(trials + 1.0)
        - math.lgamma(count + 1.0)
        - math.lgamma(trials - count + 1.0)
        + count * math.log(chance)
        + (trials - count) * math.log1p(-chance)
    )
    total = part = 1.0
    for k in range(count + 1, trials + 1):
        part *= (trials - k + 1) / k * chance / (1.0 - chance)
        total += part
    return min((term + math.log(total)) / math.log(10.0), 0.0)
