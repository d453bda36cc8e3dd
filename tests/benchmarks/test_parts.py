"""What the benchmarks are made of: samples, bodies, figures, the command."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.bank_loops import one_by_one, step, touch
from benchmarks.bodies import FORMATS, Bodies, Format
from benchmarks.catalogue import benchmark
from benchmarks.fleet import Fleet, entry_of
from benchmarks.report import number
from benchmarks.servers import ROOT
from benchmarks.timing import in_turns
from collectors.arrow_stream import ArrowDecoder
from collectors.base import Decoder
from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder, NdjsonDecoder
from monitor.shard.apply import apply
from monitor.shard.snapshot import snapshot


def test_a_row_s_samples_follow_one_another() -> None:
    fleet = Fleet(50)
    scattered, sweep = fleet.scattered(500), fleet.sweep()
    for row in range(50):
        buckets = np.append(scattered.bucket[scattered.row == row], sweep.bucket[sweep.row == row])
        assert np.array_equal(np.diff(buckets), np.ones(len(buckets) - 1))


def test_a_fleet_is_warm_quiet_and_the_same_each_time() -> None:
    first, again = Fleet(200), Fleet(200)
    for _ in range(4):
        one = apply(first.shard, entry_of(first.sweep()))
        other = apply(again.shard, entry_of(again.sweep()))
        assert len(one.observations) == 200
        assert not len(one.due)
        assert np.array_equal(one.observations.score, other.observations.score)
        assert np.all(one.observations.expected < one.observations.upper)


def test_the_probe_changes_nothing() -> None:
    fleet = Fleet(100)
    before = {name: array.tobytes() for name, array in snapshot(fleet.shard)[0].items()}
    values = fleet.scattered(1_000)
    touch(fleet.shard.directory, values.row, values.bucket, 0.0)
    assert before == {name: array.tobytes() for name, array in snapshot(fleet.shard)[0].items()}


def test_the_bank_scores_as_the_shard_does() -> None:
    """The loops that are timed are the shard's judgement: the same samples, the same bits."""
    shard = Fleet(100)
    told = [apply(shard.shard, entry_of(shard.sweep())).observations for _ in range(8)]
    first = told[2]  # the buckets of the first sweep become final with the third
    for loop in (step, one_by_one):
        ours = Fleet(100)
        values = ours.sweep()
        for at in (1, 0):  # two buckets wait in the clock rows, and become final before the first sweep does
            rows = np.arange(100, dtype=np.int32)
            held = ours.shard.clocks[f"v{at}"]
            bucket = ours.shard.clocks["bucket"].astype(np.int64) - at
            loop(ours.shard.directory, rows, bucket, held.copy())
        loop(ours.shard.directory, values.row, values.bucket, values.value)
        end = int(ours.shard.directory["n_outcomes"][0])
        outcomes = ours.shard.results.outcomes[end - 100 : end]
        order, theirs = np.argsort(outcomes["row"]), np.argsort(first.row)
        for name in ("value", "expected", "lower", "upper", "score", "verdict"):
            np.testing.assert_array_equal(outcomes[name][order], getattr(first, name)[theirs])


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_all_formats_say_the_same(form: Format) -> None:
    decoders: dict[str, Decoder] = {
        "JSON": JsonDecoder(WireKeys(seed=1)),
        "NDJSON": NdjsonDecoder(WireKeys(seed=1)),
        "Arrow": ArrowDecoder(WireKeys(seed=1)),
        "Arrow, dictionaries": ArrowDecoder(WireKeys(seed=1)),
    }
    plain = [decoders["JSON"].decode(b).batch for b in Bodies(60, 20).sweep(3, FORMATS[-1])]
    other = [decoders[form.name].decode(b).batch for b in Bodies(60, 20).sweep(3, form)]
    for one, two in zip(plain, other, strict=True):
        assert np.array_equal(one.fingerprint, two.fingerprint)
        assert np.array_equal(one.ts_ms, two.ts_ms)
        assert np.array_equal(one.value, two.value)
    assert len(np.unique(np.concatenate([one.fingerprint for one in plain]))) == 60


def test_variants_take_turns() -> None:
    calls: list[tuple[str, int]] = []
    cost = in_turns({"a": lambda k: calls.append(("a", k)), "b": lambda k: calls.append(("b", k))}, 2)
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert set(cost) == {"a", "b"}


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(ValueError, match="no benchmark 'speed'"):
        benchmark("speed")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "speed"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no benchmark speed" in done.stderr


def test_numbers_are_short() -> None:
    assert [number(x) for x in (5_123_456.7, 44.04, 2.5, 0.0)] == ["5,123,457", "44", "2.5", "0"]
