"""Sketches equal to datasketch's, candidates as its own hashing finds them, chances as binomial ones are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from learners import similarity
from learners.durations import DAY_MS, HOUR_MS, MINUTE_MS
from learners.similarity import Lags, candidates, minhash, multipliers, overlaps, signatures, tokens

Ints = NDArray[np.int64]

sets_of_words = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=12), min_size=1, max_size=8)


def packed(sets: list[list[int]]) -> tuple[Ints, NDArray[np.uint32]]:
    starts = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    return starts, np.array([word for s in sets for word in s], np.uint32)


@given(sets_of_words, st.integers(1, 40), st.integers(0, 5))
def test_the_compiled_signatures_are_those_of_datasketch(
    sets: list[list[int]], width: int, seed: int
) -> None:
    starts, words = packed(sets)
    ours = minhash(starts, words, *multipliers(width, seed))
    theirs = [m.hashvalues for m in MinHash.bulk(sets, num_perm=width, seed=seed, hashfunc=int)]
    assert np.array_equal(ours, np.array(theirs).reshape(len(sets), width))
    assert np.array_equal(ours, signatures(starts, words, width, seed))


@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=5), min_size=2, max_size=9))
def test_candidates_are_those_of_datasketch_where_no_bucket_is_full(sets: list[list[int]]) -> None:
    rows, bands = 2, 5
    starts, words = packed(sets)
    lsh = MinHashLSH(num_perm=rows * bands, params=(bands, rows))
    made = MinHash.bulk(sets, num_perm=rows * bands, hashfunc=int)
    for key, one in enumerate(made):
        lsh.insert(key, one)
    expected = {(i, j) for i, one in enumerate(made) for j in lsh.query(one) if i < j}
    found = candidates(signatures(starts, words, rows * bands), rows)
    assert {(int(i), int(j)) for i, j in found} == expected


def test_a_full_bucket_pairs_each_with_few() -> None:
    alike = np.zeros((500, 6), np.uint32)
    found = candidates(alike, rows=3, paired=4)
    assert len(found) <= 500 * 4
    assert set(found.ravel().tolist()) == set(range(500))


@given(st.integers(0, 10**12), st.integers(-HOUR_MS + 1, HOUR_MS - 1))
def test_onsets_nearer_than_half_a_cell_share_a_token(at: int, apart: int) -> None:
    one, other = (set(tokens(np.array([t]), 2 * HOUR_MS).ravel().tolist()) for t in (at, at + apart))
    assert one & other


def slowly(x: list[int], y: list[int], lags: Lags) -> int:
    """The most occasions at any lag, every lag tried."""
    best = 0
    for low in sorted({b - a for a in x for b in y if abs(b - a) <= lags.most_ms}):
        met, last, free = 0, -math.inf, list(y)
        for a in x:
            follows = [b for b in free if low <= b - a <= low + 2 * lags.tolerance_ms]
            if follows and a - last >= lags.apart_ms:
                met, last = met + 1, a
                free = [b for b in free if b > follows[0]]
            else:
                free = [b for b in free if b - a >= low]
        best = max(best, met)
    return best


onsets = st.lists(st.integers(0, 28 * 24 * 12), min_size=1, max_size=12, unique=True)


@settings(deadline=None)
@given(onsets, onsets)
def test_the_best_lag_and_its_chance(a: list[int], b: list[int]) -> None:
    x, y = ([5 * MINUTE_MS * t for t in sorted(one)] for one in (a, b))
    (found,) = check(x, y)
    lags = Lags()
    assert found["count"] == slowly(x, y, lags)
    if found["count"]:
        width = 2 * lags.tolerance_ms
        once = 1 - (1 - (width + MINUTE_MS) / (28 * DAY_MS)) ** max(len(x), len(y))
        tail = float(binom.logsf(found["count"] - 1, min(len(x), len(y)), once)) / math.log(10)
        assert found["decades"] == pytest.approx(max(-tail - math.log10(4 * HOUR_MS / width), 0), abs=1e-6)


def check(x: list[int], y: list[int], cadence: int = MINUTE_MS) -> NDArray[np.void]:
    starts = np.array([0, len(x), len(x) + len(y)])
    both = np.array([cadence, cadence])
    return overlaps(np.array([[0, 1]]), starts, np.array([*x, *y]), both, 28 * DAY_MS)


def test_who_leads_and_by_how_much() -> None:
    x = [DAY_MS * k + 7 * MINUTE_MS * (k % 2) for k in range(6)]
    y = [at + 30 * MINUTE_MS + MINUTE_MS * (k % 3) for k, at in enumerate(x)]
    (one,), (other,) = check(x, y), check(y, x)
    assert one["count"] == other["count"] == 6
    assert one["lag_ms"] == pytest.approx(31 * MINUTE_MS, abs=MINUTE_MS)
    assert other["lag_ms"] == pytest.approx(-31 * MINUTE_MS, abs=MINUTE_MS)
    assert one["decades"] > 10


def test_a_flapping_pair_in_one_storm_has_met_once() -> None:
    storm = [MINUTE_MS * 10 * k for k in range(20)]
    assert check(storm, storm)["count"] == 1


def test_hours_are_together_to_the_bucket() -> None:
    x = [DAY_MS * k for k in range(6)]
    (found,) = check(x, [at + HOUR_MS * (k % 2) for k, at in enumerate(x)], HOUR_MS)
    assert found["count"] == 6


def test_independent_series_are_seldom_significant() -> None:
    random = np.random.default_rng(5)
    count, each = 400, 10
    begin = np.sort(random.integers(0, 28 * DAY_MS, (count, each)), axis=1).ravel()
    starts = np.arange(count + 1) * each
    pairs = np.array([(i, j) for i in range(count) for j in range(i + 1, count)])
    found = overlaps(pairs, starts, begin, np.full(count, MINUTE_MS), 28 * DAY_MS)
    for decades in (2, 3, 4):
        assert (found["decades"] >= decades).mean() <= 10.0**-decades


def test_many_sets_take_the_compiled_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "FEW", 0)
    starts, words = packed([[1, 2], [], [3]])
    monkeypatch.setattr(similarity, "_by_datasketch", None)
    assert signatures(starts, words, 4)[1].tolist() == [2**32 - 1] * 4
