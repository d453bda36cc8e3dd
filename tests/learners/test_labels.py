"""Labels in the contest: without any, nothing; with some, what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learners.contest import mean_loss
from learners.labels import NOISE, NONE, REAL, weighted_loss, weights_of
from learners.select import Window, choose
from learners.synthetic import stream

HOUR = 3_600_000


def window(labels: np.ndarray | None = None, name: str = "smooth") -> Window:
    y = stream(name, 600, 2).y
    return Window(np.arange(600), y, np.full(600, np.nan), HOUR, labels=labels)


def test_without_a_label_the_choice_is_the_same_to_the_bit() -> None:
    plain = choose(window()).to_body()
    assert choose(window(np.full(600, NONE, np.int8))).to_body() == plain


@pytest.mark.parametrize("name", ["smooth", "seasonal"])
def test_what_was_a_real_fault_does_not_count(name: str) -> None:
    """No candidate gains or loses by what it said of it."""
    labels = np.zeros(600, np.int8)
    labels[400:420] = REAL
    found = choose(window(labels, name)).losses
    plain = choose(window(name=name)).losses
    assert found.keys() == plain.keys()
    assert found != plain


def test_what_was_noise_counts_more() -> None:
    one = window()
    labels = np.zeros(600, np.int8)
    labels[450:] = NOISE
    noisy = replace(one, y=one.y + np.where(np.arange(600) >= 450, 5.0 * (np.arange(600) % 2), 0.0))
    assert choose(replace(noisy, labels=labels)).losses != choose(noisy).losses


def test_equal_weights_are_the_unweighted_loss() -> None:
    rng = np.random.default_rng(3)
    residual, scale = rng.standard_t(2, 500) * 10.0, rng.uniform(0.1, 4.0, 500)
    residual[::50] = 1e150
    plain = float(mean_loss(residual, scale, 250))
    assert weighted_loss(residual, scale, np.full(500, 3.0), 250) == pytest.approx(plain, rel=1e-12)
    assert weighted_loss(residual, scale, np.zeros(500), 250) == 0.0
    assert weights_of(None) is None
