"""The law that a stream says it has is the one it has, and a fault is where its label is."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from learners.faults import KINDS, Fault, kinds_of, length_of, plant
from learners.processes import BLOCK, CLASSES, Process, back, forth

LIGHT = [
    name for name in CLASSES if name not in ("heavy", "overdispersed", "sparse", "step", "constant", "binary")
]
ALL_FAULTS = [(name, kind) for name in CLASSES for kind in kinds_of(name)]


@pytest.mark.parametrize("name", CLASSES)
def test_a_stream_is_the_same_however_it_is_read(name: str) -> None:
    whole = Process(name, 3, seed=5).whole(4 * BLOCK)
    for k, part in enumerate(islice(Process(name, 3, seed=5), 4)):
        assert part.first == k * BLOCK
        assert np.array_equal(part.value, whole.value[:, k * BLOCK : (k + 1) * BLOCK])
    other = Process(name, 3, seed=6).whole(4 * BLOCK)
    assert name == "constant" or not np.array_equal(other.value, whole.value)


@pytest.mark.parametrize("name", LIGHT)
def test_noise_is_standard_on_the_regular_scale(name: str) -> None:
    block = Process(name, 50, seed=1).whole(20 * BLOCK)
    z = (block.regular - block.centre) / block.unit
    assert abs(z.mean()) < 0.1
    assert abs(z.std() - 1.0) < 0.05
    assert np.isnan(block.extreme).all()


@pytest.mark.parametrize("name", ["heavy", "overdispersed", "sparse", "step"])
def test_extremes_lie_beyond_nearly_everything(name: str) -> None:
    block = Process(name, 50, seed=1).whole(40 * BLOCK)
    assert np.isfinite(block.extreme).all()
    assert (block.value > block.extreme).mean() < 1e-4


@given(
    kind=some.sampled_from(("plain", "log", "root", "share")), cases=some.integers(1, 500), data=some.data()
)
def test_back_undoes_forth(kind: str, cases: int, data: some.DataObject) -> None:
    n = np.array([float(cases)])
    value = {
        "plain": some.floats(-1e9, 1e9),
        "log": some.floats(1e-9, 1e9),
        "root": some.integers(0, 10**6).map(float),
        "share": some.integers(0, cases).map(lambda k: k / cases),
    }[kind]
    y = np.array([data.draw(value)])
    assert back(kind, forth(kind, y, n), n) == pytest.approx(y, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("name", "kind"), ALL_FAULTS)
def test_a_fault_changes_its_span_and_nothing_else(name: str, kind: str) -> None:
    period = CLASSES[name].period
    buckets = max(10 * BLOCK, -(-2 * period // BLOCK) * BLOCK)
    calm, ill = (Process(name, 2, seed=9).whole(buckets) for _ in range(2))
    fault = Fault(kind, 1, buckets // 2, length_of(kind, name))
    plant(ill, [fault], period)
    moved = (ill.value != calm.value) & ~(np.isnan(ill.value) & np.isnan(calm.value))
    inside = np.zeros_like(moved)
    inside[1, fault.start : fault.end] = True
    assert moved.any()
    assert not (moved & ~inside).any()
    assert np.isfinite(ill.value).all() or kind == "missing"


def test_spikes_lie_seven_units_out() -> None:
    for name in LIGHT:
        calm, ill = (Process(name, 20, seed=2).whole(BLOCK) for _ in range(2))
        plant(ill, [Fault("spike", row, 10, 1) for row in range(20)])
        size = ((ill.regular - calm.regular) / ill.unit)[:, 10]
        assert size == pytest.approx(np.full(20, 7.0), abs=0.3), name


def test_what_is_not_known_is_told() -> None:
    with pytest.raises(ValueError, match="no class 'wobbly'"):
        Process("wobbly", 1, 1)
    with pytest.raises(ValueError, match="no fault 'hiccup'"):
        plant(Process("gaussian", 1, 1).whole(BLOCK), [Fault("hiccup", 0, 0, 1)])
    assert set(KINDS) == {kind for name in CLASSES for kind in kinds_of(name)}
