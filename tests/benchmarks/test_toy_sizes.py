"""Each benchmark at toy size: it runs, its own assertions hold, and it says what it is there to say."""

from __future__ import annotations

import json

import pytest

from benchmarks.catalogue import NAMES, benchmark
from benchmarks.detectors import EVERY
from benchmarks.figure import Figure, figure_of
from benchmarks.report import as_json, machine
from learners.candidate import FITTED
from learners.families import BASELINES, TAILS

GOALS = {
    "bank": {"bank over River": 100.0, "bank over memory": 2.5, "jumps flagged": 100.0},
    "families": {family.name.lower(): 100.0 for family in BASELINES if family not in FITTED}
    | {f"{tail.name.lower()} tail": 100.0 for tail in TAILS},
    "shard": {"core bytes a series": 250.0},
    "meta_cost": {"own series beside the path": 3.0},
    "decode": {},
    "push": {"remote-write 1.0": 10.0, "remote-write 2.0": 10.0, "Influx lines": 5.0, "OTLP": 5.0},
    "start": {"first start": 60.0, "warm start": 5.0},
    "http": {"Arrow": 1_000_000.0, "NDJSON": 400_000.0, "JSON": 400_000.0},
    "access": {f"{form}, {what}": 1.03 for form in ("Arrow", "JSON") for what in ("token", "bound token")},
    "search": {"rare words, p95": 200.0, "two letters, p95": 200.0, "common words, p95": 200.0},
    "page": {"first chart": 1.0, "frames a second": 60.0},
    "served": {"a million a minute, with outcomes": 2.0, "memory at most": 1_024.0},
    "served_late": {"a thousand a minute, with outcomes": 2.0, "memory at most": 1_024.0},
    "naive": {"naive over ours": 8.0},
    "classes": {"right periods, 1, clean": 97.0, "series a second, by CPU": 8_000.0},
    "quality": {},
    "shifts": {},
    "null_run": {"anomalies per series and week": 0.1, "recall: spike": 95.0, "recall: level shift": 90.0},
    "real": {},
    "real_held_back": {},
    "topology": {
        "precision": 0.95,
        "recall": 0.90,
        "origin first": 75.0,
        "origin among the first three": 90.0,
    },
    "graph_cost": {"growth": 1.2, "memory of the largest": 8.0},
    "root_cause": {},
    "labels": {},
    "labels_held_back": {},
    "hostile_labels": {"recall lost": 5.0, "state as before once undone": 1.0},
    "budget": {
        "as scores say, 10 a week: off the budget": 20.0,
        "as scores say, 10 a week: faults told": 18.0,
    },
    "roll_backs": {},
    "regimes": {"toy, white and louder: most switches": 1.0},
    "null_full": {"anomalies per series and week": 0.1, "recall: spike": 95.0, "recall: level shift": 90.0},
}


def check(name: str, figures: list[Figure]) -> None:
    assert len({figure.name for figure in figures}) == len(figures), "two figures have one name"
    assert all(figure.value >= 0.0 for figure in figures)
    for goal, value in GOALS[name].items():
        assert figure_of(figures, goal).goal == value
    told = json.loads(as_json({name: figures}, machine()))
    assert [one["name"] for one in told["results"][name]] == [figure.name for figure in figures]


def test_every_benchmark_has_its_goals_here() -> None:
    assert set(GOALS) == set(NAMES)


@pytest.mark.slow
def test_root_cause_stands_beside_a_simple_rule_and_guessing() -> None:
    figures = benchmark("root_cause").run(toy=True)
    check("root_cause", figures)
    if figures[0].value == 2:
        assert all("guessing" in figure.note for figure in figures if "cause" in figure.name)


@pytest.mark.slow
def test_served_models_are_all_counted() -> None:
    figures = benchmark("served").run(toy=True)
    check("served", figures)
    assert figure_of(figures, "predictions waiting").value > 0
    check("served_late", benchmark("served_late").run(toy=True))


@pytest.mark.slow
def test_bank_flags_every_planted_jump() -> None:
    figures = benchmark("bank").run(toy=True)
    check("bank", figures)
    assert figure_of(figures, "jumps flagged").value == 100.0
    assert figure_of(figures, "false alarms").value <= 1_000.0


def test_shifts_of_three_scales_are_found_by_all_that_look_for_them() -> None:
    figures = benchmark("shifts").run(toy=True)
    check("shifts", figures)
    assert figure_of(figures, "cusum, shift 3, alpha 0.02").value == 100.0
    assert figure_of(figures, "low-pass, shift 3, alpha 0.02").value == 100.0


@pytest.mark.slow
def test_families_are_all_measured() -> None:
    check("families", benchmark("families").run(toy=True))


def test_own_series_are_counted_beside_the_shard() -> None:
    check("meta_cost", benchmark("meta_cost").run(toy=True))


def test_shard_makes_every_bucket_final_and_fits_its_bytes() -> None:
    figures = benchmark("shard").run(toy=True)
    check("shard", figures)
    assert figure_of(figures, "core bytes a series").reached


def test_decode_takes_every_sample() -> None:
    check("decode", benchmark("decode").run(toy=True))


@pytest.mark.slow
def test_http_keeps_and_models_every_sample() -> None:
    check("http", benchmark("http").run(toy=True))


@pytest.mark.slow
def test_access_keeps_every_sample_of_every_writer() -> None:
    check("access", benchmark("access").run(toy=True))


def test_classes_tells_every_class() -> None:
    check("classes", benchmark("classes").run(toy=True))


@pytest.mark.slow
def test_quality_tells_every_detector_and_the_random_one_finds_nothing() -> None:
    figures = benchmark("quality").run(toy=True)
    check("quality", figures)
    told = {figure.name for figure in figures}
    assert {f"{detector}: recall" for detector in EVERY} <= told
    assert figure_of(figures, "random: event F1").value < 0.1


def test_the_null_run_beats_the_three_sigma_rule() -> None:
    figures = benchmark("null_run").run(toy=True)
    check("null_run", figures)
    ours = figure_of(figures, "anomalies per series and week").value
    assert ours < 0.1 * figure_of(figures, "3-sigma rule per series and week").value


@pytest.mark.slow
def test_topology_groups_better_than_simple_rules() -> None:
    figures = benchmark("topology").run(toy=True)
    check("topology", figures)
    value = {figure.name: figure.value for figure in figures}
    assert value["precision"] > 0.1 + max(value["same hour: precision"], value["same tags: precision"])
    assert value["recall"] > 0.75
    assert value["origin among the first three"] >= 90.0


@pytest.mark.slow
def test_labels_stand_beside_a_threshold_and_a_placebo() -> None:
    figures = benchmark("labels").run(toy=True)
    check("labels", figures)
    if figures[0].value:
        told = {figure.name for figure in figures}
        ways = ("labels", "labels, notices", "one threshold for all", "placebo 1", "after 35 %, labels")
        assert {f"all, {way}: recall" for way in ways} <= told


@pytest.mark.slow
def test_hostile_labels_move_little_and_leave_nothing_behind() -> None:
    figures = benchmark("hostile_labels").run(toy=True)
    check("hostile_labels", figures)
    assert figure_of(figures, "labels").value == 40
    assert figure_of(figures, "state as before once undone").reached


@pytest.mark.slow
def test_regimes_are_alternated_for_every_pair() -> None:
    figures = benchmark("regimes").run(toy=True)
    check("regimes", figures)
    assert len(figures) == 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["start", "naive", "search", "page", "null_full", "graph_cost", "roll_backs"]
)
def test_long_ones(name: str) -> None:
    check(name, benchmark(name).run(toy=True))
