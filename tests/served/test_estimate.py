"""Accuracy before labels: near the truth where scores keep their meaning, and not given where they do not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.served import ModelSettings
from monitor.served import view
from monitor.served.closing import Told
from monitor.served.state import ServedState
from tests.served.world import (
    START_MS,
    World,
    like,
    lived,
    of_whole,
    records,
    world,
)

MODEL = ModelSettings(maturity_ms=3 * HOUR_MS, reference_buckets=2)


def told_of(truth: World, tmp_path: Path) -> tuple[ServedState, list[Told]]:
    return lived(tmp_path, records(truth), MODEL, START_MS + 30 * DAY_MS)


def test_it_is_within_two_points_where_only_the_traffic_changes(tmp_path: Path) -> None:
    """Scores overstate what they say, and from the middle on the easy cases stay away: calibration and mix
    are both followed."""
    truth = world(40_000, hours=20, seed=3, delay_ms=HOUR_MS)
    made = np.random.default_rng(4)
    honest = 0.5 + 0.7 * (truth.score - 0.5)
    truth = like(truth, truth=made.random(len(truth)) < honest)
    late = truth.ts_ms >= START_MS + 12 * HOUR_MS
    rare = late & (np.abs(truth.score - 0.5) > 0.2) & (made.random(len(truth)) < 0.7)
    kept = ~rare
    columns = {name: value[kept] for name, value in vars(truth).items() if name != "answers"}
    truth = World(**columns)
    _, found = told_of(truth, tmp_path)
    estimated, accuracy = of_whole(found, "model.estimated_accuracy"), of_whole(found, "model.accuracy")
    assert len(estimated) >= 14
    misses = [estimated[ts] - accuracy[ts] for ts in estimated]
    changed = [miss for ts, miss in zip(estimated, misses, strict=True) if ts >= START_MS + 12 * HOUR_MS]
    assert abs(float(np.mean(misses))) < 0.01
    assert abs(float(np.mean(changed))) < 0.02
    before = [value for ts, value in accuracy.items() if ts < START_MS + 12 * HOUR_MS]
    after = [value for ts, value in accuracy.items() if ts >= START_MS + 12 * HOUR_MS]
    assert np.mean(before) - np.mean(after) > 0.03  # there was something to follow
    errors = of_whole(found, "model.estimate_error")
    assert len(errors) == len(estimated)
    assert errors == {ts: estimated[ts] - accuracy[ts] for ts in errors}


def test_it_is_not_given_where_scores_have_lost_their_meaning(tmp_path: Path) -> None:
    """From the middle on the truth is another one: no estimate can know, until labels come and say so."""
    truth = world(30_000, hours=30, seed=5, delay_ms=HOUR_MS)
    turned = truth.ts_ms >= START_MS + 15 * HOUR_MS
    truth = like(truth, truth=np.where(turned, ~truth.truth, truth.truth))
    state, found = told_of(truth, tmp_path)
    estimated, accuracy = of_whole(found, "model.estimated_accuracy"), of_whole(found, "model.accuracy")
    turned_ms = START_MS + 15 * HOUR_MS
    given = sorted(ts for ts in estimated if ts >= turned_ms)
    # Three hours until labels, and four buckets of them: from then on it is not given.
    assert len(given) <= 9
    assert given == list(range(turned_ms, turned_ms + len(given) * HOUR_MS, HOUR_MS))
    assert len([ts for ts in accuracy if ts > given[-1]]) >= 4
    whys = [one["estimate"]["why"] for one in view.detail(state.models["churn"], None, None, 6)["buckets"]]
    assert all("the relation between score and truth has changed" in why for why in whys)
    assert all(re.match(r"it was off by [+-]0\.\d{3} where", why) for why in whys)


def test_it_says_what_it_has_not_seen(tmp_path: Path) -> None:
    state, found = told_of(world(200, hours=5, delay_ms=HOUR_MS), tmp_path)
    calibration = state.models["churn"].versions[0].calibration
    assert "of 300 labelled predictions to learn from" in calibration.estimate(np.full(40, 10)).why
    assert not of_whole(found, "model.estimated_accuracy")
    calibration.counts[10, :] = 1_000, 700
    unseen = np.zeros(40, np.int64)
    unseen[30] = 100
    assert "hardly seen with labels" in calibration.estimate(unseen).why
    assert "no score" in calibration.estimate(np.zeros(40, np.int64)).why
