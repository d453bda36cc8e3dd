"""Counters against the definitions, case by case; and the laws that they have and sums of floats do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.served import Measure, Task
from monitor.served import exact, quality
from monitor.served.quality import LABELLED, SQUARES, WEIGHT, WIDTH
from tests.naive import quality as naive

GENERATOR = np.random.default_rng(7)


def counted(task: Task, *columns: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """One row of counters of some cases."""
    n = len(columns[0])
    table = np.zeros((1, WIDTH[task]), np.int64)
    rows = np.zeros(n, np.intp)
    weight = np.ones(n, np.int64) if weight is None else weight
    table[0, [LABELLED, WEIGHT, SQUARES]] = n, weight.sum(), (weight**2).sum()
    if task is Task.CLASSIFICATION:
        quality.count_classes(table, rows, columns[0], columns[1], columns[2], 1, weight)
    elif task is Task.REGRESSION:
        quality.count_errors(table, rows, columns[0], columns[1], weight)
    else:
        quality.count_ranks(table, rows, columns[0], weight)
    row: np.ndarray = table[0]
    return row


def binary_cases(n: int, hardness: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    odds = GENERATOR.normal(-1.0, 2.0, n)
    score = 1 / (1 + np.exp(-odds))
    was = (GENERATOR.random(n) < 1 / (1 + np.exp(-odds * hardness))).astype(np.int64)
    return (score >= 0.5).astype(np.int64), was, score


def test_classification_is_what_the_definitions_say() -> None:
    said, was, score = binary_cases(1_500)
    found = quality.measures(Task.CLASSIFICATION, counted(Task.CLASSIFICATION, said, was, score), 1, True)
    truth = (was == 1).tolist()
    precision, recall, f1 = naive.precision_recall_f1(said.tolist(), was.tolist(), 1)
    expected = {
        "accuracy": naive.accuracy(said.tolist(), was.tolist()),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "log_loss": naive.log_loss(score.tolist(), truth),
        "brier": naive.brier(score.tolist(), truth),
        "calibration_error": naive.calibration_error(score.tolist(), truth),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-8), name
    # Scores of one bin count as equal, so the area is right to the share of such pairs.
    assert found["auc"].value == pytest.approx(naive.auc(score.tolist(), truth), abs=0.002)
    assert all(m.lower is None or m.lower <= m.value <= (m.upper or 0) for m in found.values())


def test_rare_positives_have_their_area_too() -> None:
    odds = GENERATOR.normal(-7.0, 1.0, 4_000)
    truth = GENERATOR.random(4_000) < 1 / (1 + np.exp(-odds - 3.0))
    score = 1 / (1 + np.exp(-odds))
    said = np.zeros(4_000, np.int64)
    counts = counted(Task.CLASSIFICATION, said, truth.astype(np.int64), score)
    found = quality.measures(Task.CLASSIFICATION, counts, 1, True)
    assert found["auc"].value == pytest.approx(naive.auc(score.tolist(), truth.tolist()), abs=0.005)
    assert "precision" not in found  # nothing was said to be positive


def test_many_classes_are_averaged() -> None:
    was = np.array([0, 0, 1, 1, 2, 2])
    said = np.array([0, 1, 1, 1, 2, 0])
    counts = counted(Task.CLASSIFICATION, said, was, np.full(6, np.nan))
    found = quality.measures(Task.CLASSIFICATION, counts, 1, False)
    assert found["accuracy"].value == pytest.approx(4 / 6)
    assert found["recall"].value == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert found["precision"].value == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)


numbers = st.floats(-1e15, 1e15, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-12)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
def test_errors_are_exact_in_any_order(cases: list[tuple[float, float]]) -> None:
    said, was = (np.array(column) for column in zip(*cases, strict=True))
    counts = counted(Task.REGRESSION, said, was)
    order = np.random.default_rng(len(cases)).permutation(len(cases))
    again = counted(Task.REGRESSION, said[order], was[order])
    found = quality.measures(Task.REGRESSION, counts, 1, False)
    assert found == quality.measures(Task.REGRESSION, again, 1, False)
    differences = (said - was).tolist()
    assert found["bias"].value == pytest.approx(math.fsum(differences) / len(cases), rel=1e-12, abs=1e-30)


def test_regression_is_what_the_definitions_say() -> None:
    was = np.round(GENERATOR.normal(100.0, 30.0, 800), 3)
    said = np.round(was + GENERATOR.normal(2.0, 5.0, 800), 3)
    found = quality.measures(Task.REGRESSION, counted(Task.REGRESSION, said, was), 1, False)
    for name, value in naive.regression(said.tolist(), was.tolist()).items():
        assert found[name].value == pytest.approx(value, rel=1e-12), name
    assert (found["bias"].lower or 0) < 2.0 < (found["bias"].upper or 0)


def test_ranking_is_what_the_definitions_say() -> None:
    ranks = GENERATOR.integers(0, 14, 500)
    counts = counted(Task.RANKING, ranks.astype(np.float64))
    found = quality.measures(Task.RANKING, counts, 1, False, top=5)
    hits, gain = naive.ranking(ranks.tolist(), 5)
    assert found["hit_rate"].value == pytest.approx(hits)
    assert found["ndcg"].value == pytest.approx(gain)


@given(st.lists(st.floats(-1e30, 1e30, allow_nan=False, allow_subnormal=False), max_size=50))
def test_an_exact_sum_is_that_of_fsum(terms: list[float]) -> None:
    table = np.zeros((1, exact.DIGITS), np.int64)
    terms = [t for t in terms if t == 0 or abs(t) > 2.0**-100]
    n = len(terms)
    exact.add(table, np.zeros(n, np.intp), 0, np.array(terms), np.ones(n, np.int64))
    assert exact.total(table[0]) == math.fsum(terms)


def test_counters_of_parts_add_to_those_of_the_whole() -> None:
    said, was, score = binary_cases(600)
    weight = GENERATOR.integers(1, 5, 600)
    whole = counted(Task.CLASSIFICATION, said, was, score, weight=weight)
    order = GENERATOR.permutation(600)
    parts = sum(
        counted(Task.CLASSIFICATION, said[part], was[part], score[part], weight=weight[part])
        for part in np.array_split(order, 7)
    )
    np.testing.assert_array_equal(whole, parts)


def test_a_sample_of_the_pending_estimates_the_whole_without_bias() -> None:
    """Cases kept with probability 1/4 and weighed by 4, beside others that all were kept: as the whole, on
    average, and no surer than it is."""
    said, was, score = binary_cases(4_000)
    whole = quality.measures(Task.CLASSIFICATION, counted(Task.CLASSIFICATION, said, was, score), 1, True)[
        "accuracy"
    ]
    errors, covered = [], 0
    for _ in range(200):
        thinned = np.arange(4_000) >= 2_000
        kept = ~thinned | (GENERATOR.random(4_000) < 0.25)
        weight = np.where(thinned, 4, 1)[kept]
        counts = counted(Task.CLASSIFICATION, said[kept], was[kept], score[kept], weight=weight)
        found: Measure = quality.measures(Task.CLASSIFICATION, counts, 1, True)["accuracy"]
        errors.append(found.value - whole.value)
        covered += (found.lower or 0) <= whole.value <= (found.upper or 0)
        assert found.n < kept.sum()
    assert abs(float(np.mean(errors))) < 3 * float(np.std(errors)) / math.sqrt(200)
    assert covered >= 180
