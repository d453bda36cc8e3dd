"""Each class is told from the others, says why, and does not flap."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.classify import CLASSES, Because, Classified, classify
from learners.durations import HOUR_MS
from learners.rows import Rows
from learners.season import find_seasons
from learners.shape import shapes_of
from learners.synthetic_classes import MAKERS, of_class, with_seasons


def classes(
    values: NDArray[np.float64], former: str | None = None, kind: str | None = None, has_n: bool = False
) -> list[Classified]:
    rows = Rows.of(values)
    many = len(values)
    return classify(rows, find_seasons(rows, HOUR_MS), [kind] * many, np.full(many, has_n), [former] * many)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@pytest.mark.parametrize("name", MAKERS)
def test_class(name: str, gaps: float) -> None:
    samples = [of_class(name, i, seed=5, gaps=gaps) for i in range(40)]
    found = classes(np.stack([one.y for one in samples]), has_n=samples[0].has_n)
    assert np.mean([one.name == samples[0].metric_class for one in found]) >= 0.95


def test_seasonal() -> None:
    found = classes(np.stack([with_seasons(1, 7 * i, seed=5).y for i in range(20)]))
    assert {one.name for one in found} == {"seasonal"}
    assert found[0].because is Because.HAS_SEASON


def test_counts_say_which_law() -> None:
    (poisson,) = classes(of_class("count", 1, seed=1).y[None, :])
    (wide,) = classes(of_class("overdispersed", 1, seed=1).y[None, :])
    assert (poisson.because, wide.because) == (Because.POISSON, Because.OVERDISPERSED)
    assert poisson.number == pytest.approx(1.0, abs=0.15)
    assert wide.number > 3.0


def test_a_class_is_kept_near_its_limit() -> None:
    """Between the two values of a limit, whatever it was it stays."""
    rng = np.random.default_rng(1)
    y = np.where(rng.random(1000) < 0.25, rng.standard_normal(1000), 0.0)
    zeros = float(shapes_of(Rows.of(y[None, :]))["zero_share"][0])
    assert 0.7 < zeros < 0.8
    assert classes(y[None, :], former="sparse")[0] == Classified("sparse", Because.MOSTLY_ZERO, zeros)
    assert classes(y[None, :])[0].name != "sparse"
    line = np.linspace(0.0, 5.0, 1000) + rng.standard_normal(1000)
    share = float(shapes_of(Rows.of(line[None, :]))["trend_share"][0])
    assert 0.6 < share < 0.75
    assert [classes(line[None, :], former=f)[0].name for f in (None, "smooth", "trending")] == [
        "smooth",
        "smooth",
        "trending",
    ]


def test_a_declared_kind_is_believed() -> None:
    y = np.random.default_rng(1).standard_normal(200)[None, :]
    assert classes(y, kind="cumulative")[0].because is Because.DECLARED
    assert classes(y, kind="ratio")[0].name == "ratio"


def test_a_counter_with_resets() -> None:
    y = np.cumsum(np.random.default_rng(1).poisson(20.0, 1000)).astype(np.float64)
    y[400:] -= y[400]
    y[700:] -= y[700]
    assert classes(y[None, :])[0].name == "cumulative"


def test_factor_and_batch_change_nothing() -> None:
    values = np.stack([of_class(name, 3, seed=2, gaps=0.05).y for name in MAKERS])
    together = classes(values)
    assert [classes(row[None, :])[0] for row in values] == together
    scaled = classes(4.0 * values)
    assert [one.name for one in scaled] == [one.name for one in together]


def test_shape_equals_its_definition() -> None:
    y = np.array([0.0, 2.0, 2.0, np.nan, 5.0, 1.0, np.nan, 7.0, 0.0])
    (shape,) = shapes_of(Rows.of(y[None, :]))
    kept = y[np.isfinite(y)]
    steps = np.diff(kept)
    assert shape["samples"] == len(kept)
    assert shape["distinct"] == len(set(kept.tolist()))
    assert shape["zero_share"] == pytest.approx(np.mean(kept == 0.0))
    assert shape["repeat_share"] == pytest.approx(np.mean(steps == 0.0))
    assert shape["rising_share"] == pytest.approx(np.mean(steps >= 0.0))
    assert shape["fill"] == pytest.approx(len(kept) / len(y))
    t = np.flatnonzero(np.isfinite(y))
    gaps = np.diff(t)
    assert shape["gap_variation"] == pytest.approx(gaps.std() / gaps.mean())
    big = np.random.default_rng(1).standard_normal(200) + 0.02 * np.arange(200)
    (shape,) = shapes_of(Rows.of(big[None, :]))
    assert shape["trend_share"] == pytest.approx(np.corrcoef(np.arange(200), big)[0, 1] ** 2)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([np.nan] * 9, "smooth"),
        ([], "smooth"),
        ([3.0], "constant"),
        ([1e300] * 40, "constant"),
        ([5e-324] * 3 + [0.0] * 90, "binary"),
        ([1.7e308, -1.7e308] * 50, "binary"),
        ([np.inf] * 50 + [1.0], "constant"),
    ],
)
def test_strange_values(y: list[float], expected: str) -> None:
    (found,) = classes(np.array(y)[None, :])
    assert found.name == expected
    assert str(found)


def test_codes_of_classes_do_not_move() -> None:
    assert CLASSES[:5] == ("smooth", "constant", "binary", "cumulative", "sparse")
    assert CLASSES[5:] == (
        "ratio",
        "discrete",
        "irregular",
        "seasonal",
        "trending",
        "count",
        "multimodal",
        "bursty",
    )
