"""The bank: places, growth, state, and that a bank of many equals banks of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learners.bank import Bank, size_class
from learners.base import FAMILY_OFFSET, TAIL_OFFSET, Family, writable
from learners.families import BASELINES
from learners.select import Choice, Window, choose
from learners.single import Model
from learners.synthetic import stream


def _choice(name: str, n: int = 400) -> Choice:
    data = stream(name, n, seed=1)
    return choose(Window(data.t, data.y, np.full(n, np.nan), 3_600_000))


CHOICES = {name: _choice(name) for name in ("seasonal", "white", "weekly", "discrete")}


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 700)), max_size=60))
def test_tables_never_overlap_and_are_zeroed(steps: list[tuple[bool, int]]) -> None:
    bank = Bank(1)
    live: list[tuple[int, int]] = []
    for give_back, slots in steps:
        if give_back and live:
            at, size = live.pop(slots % len(live))
            bank.release_season(at, size)
        else:
            at = bank.allocate_season(slots)
            assert not bank.season[at : at + slots].any()
            bank.season[at : at + slots] = 1.0
            assert all(at + size_class(slots) <= a or a + size_class(s) <= at for a, s in live)
            live.append((at, slots))
    assert bank.season_used <= len(bank.season)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([*CHOICES, None])), max_size=25), st.integers(0, 25)
)
def test_state_resumes(steps: list[tuple[int, str | None]], cut: int) -> None:
    """A bank restored in the middle ends in the same bytes."""

    def run(bank: Bank, part: list[tuple[int, str | None]]) -> Bank:
        for row, name in part:
            if name is None:
                bank.clear(row)
            else:
                bank.assign(row, CHOICES[name])
        return bank

    whole = run(Bank(5), steps).state()
    resumed = run(Bank.from_state(run(Bank(5), steps[:cut]).state()), steps[cut:]).state()
    assert whole.keys() == resumed.keys()
    for key, array in whole.items():
        assert np.array_equal(array.view(np.uint8), resumed[key].view(np.uint8)), key


def test_reassignment_reuses_the_table() -> None:
    bank = Bank(2)
    for _ in range(5):
        bank.assign(0, CHOICES["seasonal"])
    used = bank.season_used
    bank.assign(0, CHOICES["white"])
    bank.assign(1, CHOICES["seasonal"])
    assert bank.season_used == used


def test_ensure_keeps_rows_and_zeroes_new_ones() -> None:
    bank = Bank(1)
    bank.assign(0, CHOICES["seasonal"])
    before = bank.models[0].copy(), bank.common[0].copy()
    bank.ensure(100)
    assert len(bank.models) == len(bank.common) >= 100
    assert np.array_equal(bank.models[0], before[0])
    assert np.array_equal(bank.common[0], before[1])
    assert not bank.models[1:].any()


@pytest.mark.parametrize("name", CHOICES)
def test_a_row_of_the_bank_equals_a_model_of_its_own(name: str) -> None:
    choice = CHOICES[name]
    bank = Bank(3)
    bank.assign(1, CHOICES["weekly"])
    bank.assign(2, choice)
    assert bank.common[2, FAMILY_OFFSET] == choice.champion.family
    assert bank.common[2, TAIL_OFFSET:].tobytes() == choice.tail.record
    family = BASELINES[Family(int(bank.common[2, FAMILY_OFFSET]))]
    rows = writable(bank.models[2, 0].tobytes(), family.dtype)
    model = Model.from_choice(choice)
    for t in range(400, 450):
        said = model.forecast(t)
        centre, scale = family.forecast(rows[0], bank.season, t)
        assert said.centre == pytest.approx(choice.offset + choice.unit * centre, rel=1e-12)
        assert said.scale == pytest.approx(choice.unit * scale, rel=1e-12)
        value = said.centre + (t % 5 - 2) * said.scale
        model.learn_one(value, t)
        y = (value - choice.offset) / choice.unit
        family.learn(rows[0], bank.season, t, y, centre, scale, 1.0)


def test_single_model() -> None:
    data = stream("seasonal", 24 * 30, seed=2)
    model = Model("holt_winters", offset=100.0, unit=5.0, periods=(24,))
    for t, value in zip(data.t.tolist(), data.y.tolist(), strict=True):
        model.learn_one(value, t)
    t = len(data.t)
    said = model.forecast(t)
    assert said.lower < said.centre < said.upper
    assert model.score_one(said.upper + 0.1 * said.scale, t) > model.score_one(said.centre + said.scale, t)
    assert model.score_one(said.centre + 30.0 * said.scale, t) > 55.0
    with pytest.raises(ValueError, match="no family"):
        Model("nothing")
    with pytest.raises(ValueError, match="unit"):
        Model(unit=0.0)
