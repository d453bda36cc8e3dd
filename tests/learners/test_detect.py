"""Score-only detectors: planted faults, determinism, bounded memory, and their definitions."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.detect import rrcf, seasonal_esd, spectral_residual
from learners.detect.detectors import ONLINE, WINDOW, OnlineDetector
from learners.detect.rrcf import CutForest
from learners.detect.shingle import Shingle
from learners.synthetic import stream
from tests.learners.planting import raised
from tests.naive import detect as naive


def _scores(detector: OnlineDetector, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scored before it is learned."""
    scores = []
    for value in r.tolist():
        scores.append(detector.score_one(value))
        detector.learn_one(value)
    return np.array(scores)


@pytest.mark.parametrize("name", ONLINE)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_planted_spike_stands_out(name: str, side: float) -> None:
    for seed in range(3):
        faulty = raised(stream("white", 750, seed), at=700, length=1, size=7.0 * side)
        scores = _scores(ONLINE[name](seed), faulty.y)
        assert scores[700] > scores[300:700].max()


@pytest.mark.parametrize("name", ONLINE)
def test_a_planted_burst_stands_out(name: str) -> None:
    for seed in range(3):
        faulty = raised(stream("white", 720, seed), at=700, length=6, size=4.0)
        scores = _scores(ONLINE[name](seed), faulty.y)
        assert scores[700:706].max() > np.quantile(scores[300:700], 0.99)


@pytest.mark.parametrize("name", ONLINE)
def test_the_seed_decides(name: str) -> None:
    r = stream("heavy", 400, seed=1).y
    first = _scores(ONLINE[name](7), r)
    assert first.tolist() == _scores(ONLINE[name](7), r).tolist()
    assert first.tolist() != _scores(ONLINE[name](8), r).tolist()


@pytest.mark.parametrize("name", ONLINE)
def test_scoring_changes_nothing_and_a_snapshot_goes_on(name: str) -> None:
    r = stream("heavy", 420, seed=2).y
    detector = ONLINE[name](3)
    _scores(detector, r[:350])
    resumed = pickle.loads(pickle.dumps(detector))
    for value in (0.0, 5.0, -1e300):
        assert detector.score_one(value) == detector.score_one(value)
    assert _scores(detector, r[350:]).tolist() == _scores(resumed, r[350:]).tolist()


@pytest.mark.parametrize("name", ONLINE)
def test_scores_lie_between_0_and_1_whatever_comes(name: str) -> None:
    extremes = np.resize([0.0, -0.0, 5e-324, 1.0, -1e18, 1.7e308, -1.7e308, 3.0], 600)
    scores = _scores(ONLINE[name](1), extremes)
    assert ((scores >= 0.0) & (scores <= 1.0)).all()


@pytest.mark.parametrize("name", ONLINE)
def test_memory_does_not_grow(name: str) -> None:
    detector, r = ONLINE[name](1), stream("white", 2000, seed=3).y
    _scores(detector, r[:600])
    before = len(pickle.dumps(detector))
    _scores(detector, r[600:])
    assert len(pickle.dumps(detector)) < 1.05 * before < 2.1e6


def _nested(tree: Any, at: int) -> naive.Tree:
    if at < rrcf.SIZE:
        return at
    return _nested(tree, int(tree["child"][at, 0])), _nested(tree, int(tree["child"][at, 1]))


@given(st.integers(0, 99), st.integers(1, 3), st.integers(1, 600), st.booleans())
@settings(max_examples=12, deadline=None)
def test_a_tree_holds_the_last_points(seed: int, shingle: int, n: int, coarse: bool) -> None:
    """Each once, counts and boxes as its points say, every dividing node in the tree or unused."""
    r = np.random.default_rng(seed).standard_normal(n)
    r = np.round(r) if coarse else r  # many equal points
    forest, points, window = CutForest(seed=seed, trees=2, shingle=shingle), {}, Shingle(shingle)
    for i, value in enumerate(r.tolist()):
        points[i % rrcf.SIZE] = window.with_one(value)
        window.push(value)
        forest.learn_one(value)
    for tree in forest.trees:
        waiting, dividing = [int(tree["root"])], 0
        while waiting:
            at = waiting.pop()
            below = naive.points(_nested(tree, at))
            box = np.array([points[slot] for slot in below])
            assert tree["count"][at] == len(below) == len(set(below))
            assert tree["low"][at].tolist() == box.min(axis=0).tolist()
            assert tree["high"][at].tolist() == box.max(axis=0).tolist()
            if at >= rrcf.SIZE:
                dividing += 1
                waiting += tree["child"][at].tolist()
        assert sorted(naive.points(_nested(tree, int(tree["root"])))) == sorted(points)
        assert dividing + tree["free"] == rrcf.SIZE - 1


@given(st.integers(0, 999), st.integers(2, 60), st.floats(-8.0, 8.0))
@settings(max_examples=25, deadline=None)
def test_the_score_is_the_displacement_of_the_point_it_would_be(seed: int, n: int, value: float) -> None:
    """While nothing has to go, learning puts the point where scoring has seen it."""
    forest = CutForest(seed=seed, trees=3)
    for r in np.random.default_rng(seed).standard_normal(n).tolist():
        forest.learn_one(r)
    said = forest.score_one(value)
    forest.learn_one(value)
    displaced = [naive.displacement(_nested(tree, int(tree["root"])), n) for tree in forest.trees]
    assert said == pytest.approx(sum(displaced) / 3 / n, rel=1e-12)


@pytest.mark.parametrize("name", WINDOW)
def test_planted_spikes_score_highest_in_a_window(name: str) -> None:
    for seed in range(5):
        faulty = raised(stream("seasonal", 600, seed), at=400, length=1, size=9.0)
        faulty = raised(faulty, at=500, length=1, size=-10.0)
        scores = WINDOW[name](faulty.y, 24)
        assert set(np.argsort(scores)[-2:].tolist()) == {400, 500}
        assert (scores >= 0.0).all()


@pytest.mark.parametrize("name", WINDOW)
def test_missing_values_score_nothing(name: str) -> None:
    y = stream("seasonal", 300, seed=1).y
    y[[3, 99, 299]] = (np.nan, np.inf, np.nan)
    scores = WINDOW[name](y, 24)
    assert np.isfinite(scores).all()
    assert not scores[[3, 99, 299]].any()


@pytest.mark.parametrize("name", WINDOW)
@pytest.mark.parametrize("y", [np.zeros(0), np.zeros(5), np.full(100, 7.0), np.full(40, np.nan)])
def test_nothing_is_strange_where_nothing_moves(name: str, y: NDArray[np.float64]) -> None:
    assert WINDOW[name](y, 12).tolist() == [0.0] * len(y)


@pytest.mark.parametrize("n", [12, 31, 64])
def test_the_saliency_is_its_definition(n: int) -> None:
    y = np.random.default_rng(n).standard_normal(n)
    expected = naive.saliency(y.tolist(), spectral_residual.SPAN_HZ)
    assert spectral_residual._saliency(y) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.integers(0, 999), st.integers(0, 6), st.sampled_from([0.001, 0.05, 0.3]))
@settings(deadline=None)
def test_outliers_are_those_of_the_test(seed: int, planted: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(60)
    y[rng.integers(0, 60, planted)] += 6.0
    expected = naive.esd(seasonal_esd.deseasonalised(y, period=0).tolist(), alpha, 12)
    assert seasonal_esd.outliers(y, alpha=alpha, share_max=0.2) == expected


def test_noise_has_outliers_as_rarely_as_stated() -> None:
    found = sum(bool(seasonal_esd.outliers(stream("white", 300, seed).y)) for seed in range(120))
    assert found / 120 <= 1.5 * seasonal_esd.ALPHA + 3.0 * np.sqrt(0.075 / 120)


def test_outliers_do_not_move_the_season() -> None:
    y = stream("seasonal", 480, seed=2).y
    at = [30, 54, 78, 102]  # the same hour of four days
    y[at] += 40.0
    assert set(at) <= set(seasonal_esd.outliers(y, period=24))


def test_wrong_arguments_are_named() -> None:
    for wrong, what in (
        (lambda: seasonal_esd.outliers(np.zeros(20), share_max=0.6), "share_max"),
        (lambda: seasonal_esd.score_window(np.zeros(20), period=-1), "period"),
        (lambda: CutForest(seed=1, trees=0), "tree"),
        (lambda: Shingle(0), "shingle"),
        (lambda: Shingle(2).push(float("nan")), "number"),
    ):
        with pytest.raises(ValueError, match=what):
            wrong()
