"""Distances against their definitions and scipy's, and what chance gives at each size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance as scipy_distance

from monitor.served import distance

GENERATOR = np.random.default_rng(11)


def test_numbers_are_what_scipy_says() -> None:
    reference, current = GENERATOR.normal(0, 2, 1_500), GENERATOR.normal(0.3, 2, 900)
    found = distance.of_numbers(reference, current)
    tested = stats.ks_2samp(reference, current)
    assert found["kolmogorov_smirnov"].value == pytest.approx(tested.statistic)
    assert found["kolmogorov_smirnov"].p == pytest.approx(tested.pvalue, rel=0.2)
    moved = stats.wasserstein_distance(reference, current) / reference.std()
    assert found["wasserstein"].value == pytest.approx(moved)
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    shares = [np.bincount(np.searchsorted(edges, x), minlength=10) / len(x) for x in (reference, current)]
    expected = scipy_distance.jensenshannon(*shares, base=2)
    assert found["jensen_shannon"].value == pytest.approx(expected)
    psi = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    assert found["psi"].value == pytest.approx(psi, rel=0.05)


def test_words_are_what_scipy_says() -> None:
    reference = GENERATOR.choice(4, 800, p=[0.4, 0.3, 0.2, 0.1]).astype(np.float64)
    current = GENERATOR.choice(4, 500, p=[0.3, 0.3, 0.25, 0.15]).astype(np.float64)
    found = distance.of_words(reference, current)
    counts = [np.bincount(x.astype(int), minlength=4) for x in (reference, current)]
    tested = stats.chi2_contingency(counts, correction=False)
    assert found["chi_squared"].value == pytest.approx(tested.statistic)
    assert found["chi_squared"].p == pytest.approx(tested.pvalue)


@pytest.mark.parametrize("n", [40, 300, 3_000])
def test_samples_of_one_distribution_are_within_chance_at_every_size(n: int) -> None:
    """Of 400 pairs hardly one may lie beyond what happens once in a thousand; and chance must not be so wide
    that nothing ever could: it lies within five times the mean of usual ones."""
    beyond = dict.fromkeys(("psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein"), 0)
    values: dict[str, list[float]] = {name: [] for name in beyond}
    chances: dict[str, float] = {}
    for _ in range(400):
        found = distance.of_numbers(GENERATOR.gamma(2.0, 1.0, 1_000), GENERATOR.gamma(2.0, 1.0, n))
        for name in beyond:
            beyond[name] += found[name].excess > 0
            values[name].append(found[name].value)
            chances[name] = found[name].chance
    assert all(count <= 4 for count in beyond.values()), beyond
    assert all(chances[name] < 5 * np.mean(values[name]) for name in beyond)


def test_words_of_one_distribution_are_within_chance() -> None:
    shares = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02])
    beyond = 0
    for _ in range(400):
        a, b = (GENERATOR.choice(7, n, p=shares).astype(np.float64) for n in (1_000, 80))
        beyond += any(one.excess > 0 for one in distance.of_words(a, b).values())
    assert beyond <= 5


def test_a_shift_is_beyond_chance_where_there_are_cases_enough() -> None:
    reference = GENERATOR.normal(0, 1, 2_000)
    few = distance.of_numbers(reference, GENERATOR.normal(0.3, 1, 30))
    many = distance.of_numbers(reference, GENERATOR.normal(0.3, 1, 2_000))
    assert all(one.excess == 0 for one in few.values())
    assert all(one.excess > 0 and one.p < 1e-3 for one in many.values())
    assert few["psi"].value > many["psi"].value  # so a fixed threshold would have had it the wrong way round


def test_what_is_missing_is_a_bin_of_its_own() -> None:
    reference = GENERATOR.normal(0, 1, 1_000)
    current = GENERATOR.normal(0, 1, 1_000)
    current[GENERATOR.random(1_000) < 0.2] = np.nan
    found = distance.of_numbers(reference, current)
    assert found["psi"].excess > 0.1
    assert found["kolmogorov_smirnov"].excess == 0


def test_odd_samples_have_distances_too() -> None:
    same = np.zeros(100)
    assert all(one.value == 0 and one.excess == 0 for one in distance.of_numbers(same, same).values())
    gone = np.full(100, np.nan)
    assert distance.of_numbers(same, gone)["jensen_shannon"].value == pytest.approx(1.0)
    assert distance.of_numbers(gone, gone)["psi"].value == 0
    assert distance.of_numbers(np.zeros(29), same) == {}
    moved = distance.of_numbers(same, np.ones(100))
    assert moved["wasserstein"].excess > 0
    assert moved["psi"].excess > 0
