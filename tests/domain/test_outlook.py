"""Stages and when they come, and the wide band of a series without a model."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.synthetic import stream
from monitor.domain.outlook import (
    FIRST_MODEL,
    TRUSTED_FROM,
    Borrowed,
    Sibling,
    borrowed,
    expectation,
    wide_band,
)
from monitor.shard import assignment
from monitor.shard.due import pass_due

floats = st.floats(allow_nan=True, allow_infinity=True)
siblings = st.lists(st.builds(Sibling, floats, floats), max_size=6)


def test_the_stages_are_those_of_the_shard() -> None:
    assert assignment.TRUSTED_FROM == TRUSTED_FROM
    assert next(n for n in range(1, 1_000) if pass_due(n, 60_000)) == FIRST_MODEL


def test_a_trusted_series_has_the_last_stage() -> None:
    assert expectation("trusted", 500, 0, 60_000) is None


@given(st.lists(floats, max_size=40), siblings)
def test_any_values_give_a_band_round_them_or_none(values: list[float], others: list[Sibling]) -> None:
    band = wide_band(values, borrowed(others))
    if band is not None:
        assert math.isfinite(band.lower)
        assert math.isfinite(band.upper)
        assert band.lower <= band.upper
        assert band.own_values == sum(map(math.isfinite, values))


@given(siblings)
def test_the_order_of_siblings_changes_nothing(others: list[Sibling]) -> None:
    assert borrowed(others) == borrowed(others[::-1])


def test_siblings_of_unlike_levels_lend_a_share_and_those_of_unlike_shares_a_size() -> None:
    by_level = borrowed([Sibling(level, 0.1 * level) for level in (3.0, 50.0, 900.0)])
    assert by_level is not None
    assert (by_level.relative, by_level.count) == (True, 3)
    assert by_level.at(2_000.0) == pytest.approx(200.0)
    alike = borrowed([Sibling(level, 2.0) for level in (3.0, 50.0, 900.0)])
    assert alike == Borrowed(2.0, False, 3)


@pytest.mark.parametrize("name", ["smooth", "seasonal", "count", "weekly"])
def test_a_band_of_one_value_and_siblings_holds_what_follows(name: str) -> None:
    """From the very first sample, where by itself the series has none for a while."""
    lent = borrowed([_known(name, seed) for seed in range(2, 9)])
    inside = []
    for seed in range(20, 40):
        y = stream(name, 400, seed).y
        band = wide_band(y[:1].tolist(), lent)
        assert band is not None
        inside.append(float(np.mean((y[1:32] >= band.lower) & (y[1:32] <= band.upper))))
    assert np.mean(inside) > 0.98


def _known(name: str, seed: int) -> Sibling:
    y = stream(name, 400, seed).y
    middle = float(np.median(y))
    return Sibling(middle, 1.4826 * float(np.median(np.abs(y - middle))))
