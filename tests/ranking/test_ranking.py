"""Ranking by labels: what it learns, when it counts as proven, and that the log makes it again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.durations import DAY_MS
from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.domain.traits import Traits
from monitor.likely import Ranking
from monitor.ranking.calibration import chance, fitted, odds
from monitor.ranking.lessons import USER_DAY, lessons
from monitor.ranking.proof import LEAST, NEEDED, Proof
from monitor.ranking.ranker import Ranker
from monitor.ranking.words import words_of
from tests.fakes import storm_incident

Lessons = list[tuple[Traits, bool]]


def drawn(many: int, seed: int, *, telling: bool = True) -> Lessons:
    """Labels that depend on the host, the kind and the score; or on nothing."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(many):
        host, kind = str(rng.integers(8)), ("spike", "dip", "level shift")[int(rng.integers(3))]
        tags = (("host", host),)
        score, minutes, series = float(rng.uniform(56, 95)), float(rng.exponential(60)), int(rng.integers(20))
        hour, metric = int(rng.integers(24)), f"m{rng.integers(4)}"
        one = Traits(score, minutes, series, kind, 1, hour, metric, tags, "count", "ema")
        log_odds = -1 + 1.5 * (kind == "level shift") + 3 * (host == "3") - 3 * (host == "5")
        log_odds += 0.06 * (one.score - 75)
        found.append((one, bool(rng.random() < (chance(log_odds) if telling else 0.4))))
    return found


def label(number: int, said: Said, traits: Traits, user: str = "user:ann", thing: int | None = None) -> Label:
    name = str(number if thing is None else thing)
    target = Target(TargetKind.ANOMALY, name, 0, 9, anomaly_id=name)
    return Label(f"{number:04d}", said, target, user, "", number * DAY_MS // 10, number + 1, traits=traits)


def test_labels_that_depend_on_traits_prove_it_and_it_is_calibrated() -> None:
    ranker = Ranker.of(drawn(1_000, 3))
    assert ranker.proof.proven
    for band in ranker.reliability():
        tolerated = 3.5 * math.sqrt(0.25 / band.labels)
        assert band.said == pytest.approx(band.true, abs=tolerated)
    likely = Traits(90.0, 60.0, 3, "level shift", 1, 12, "m1", (("host", "3"),), "count", "ema")
    unlikely = replace(likely, score=57.0, kind="spike", tags=(("host", "5"),))
    assert ranker.chance(likely) > 0.7 > 0.3 > ranker.chance(unlikely)
    assert "acted on less often: tag host=5" in [words_of(one) for one in ranker.reasons(unlikely)]


@pytest.mark.parametrize("seed", range(8))
def test_labels_that_depend_on_nothing_never_prove_it(seed: int) -> None:
    ranker = Ranker()
    most = 0.0
    for traits, true in drawn(150, 100 + seed, telling=False):
        ranker.learn(traits, true)
        most = max(most, ranker.proof.evidence)
    assert most < NEEDED


def test_what_was_right_once_and_is_no_more_is_off_again() -> None:
    ranker = Ranker.of(drawn(600, 4))
    assert ranker.proof.proven
    for traits, true in drawn(120, 5):
        ranker.learn(traits, not true)
    assert not ranker.proof.proven
    assert "newest" in ranker.proof.lacks


def test_few_labels_of_one_sort_prove_nothing() -> None:
    proof = Proof(true=500, false=LEAST - 1, loss=1.0, recent=(1.0,))
    assert not proof.proven
    assert replace(proof, false=LEAST).proven


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), max_size=60))
def test_calibration_says_on_average_what_was_true_but_for_the_prior(told: list[tuple[float, bool]]) -> None:
    slope, shift = fitted([x for x, _ in told], [y for _, y in told])
    assert slope >= 0.0
    if slope > 0.0:
        gap = sum(chance(slope * x + shift) - y for x, y in told) + 10.0 * shift
        assert gap == pytest.approx(0.0, abs=1e-4)
    assert odds(chance(1.25)) == pytest.approx(1.25)


known = st.builds(
    label,
    st.integers(0, 30),
    st.sampled_from(list(Said)),
    st.sampled_from([one for one, _ in drawn(12, 9)]),
    st.sampled_from(["user:ann", "user:bob"]),
    st.integers(0, 6),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(known, max_size=30, unique_by=lambda one: one.id), st.randoms())
def test_it_follows_from_the_labels_in_force_alone(labels: list[Label], random: object) -> None:
    """However they came to be in force, by whichever bodies of the log, in one go or with undos between."""
    again = [Label.from_body(one.to_body(), one.position) for one in labels]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert lessons(again) == lessons(labels)
    probe = drawn(3, 77)
    for opening in (False, True):
        one, other = (Ranker.of(lessons(some), opening=opening) for some in (labels, again))
        assert [one.chance(t) for t, _ in probe] == [other.chance(t) for t, _ in probe]
        assert one.proof == other.proof


def bodies_of(told: Lessons) -> list[dict[str, Any]]:
    return [label(k, Said.TRUE if y else Said.FALSE_ALARM, t).to_body() for k, (t, y) in enumerate(told)]


def test_a_label_taken_back_leaves_nothing() -> None:
    bodies = bodies_of(drawn(60, 6))
    kept = [bodies]
    ranking = Ranking(lambda mark: {"mark": len(kept[0]), "labels": kept[0]}, lambda _: {})
    before = ranking.standings()
    extra = label(99, Said.TRUE, drawn(1, 8)[0][0]).to_body()
    kept[0] = [*bodies, extra]
    assert ranking.standings() != before
    kept[0] = bodies
    assert ranking.standings() == before


def test_people_who_disagree_teach_nothing_and_one_user_little_a_day() -> None:
    traits = drawn(1, 1)[0][0]
    both = [label(1, Said.TRUE, traits, thing=1), label(2, Said.FALSE_ALARM, traits, "user:bob", thing=1)]
    assert lessons(both) == []
    many = [replace(label(k, Said.TRUE, traits), at_ms=0) for k in range(50)]
    assert len(lessons(many)) == USER_DAY
    assert (
        lessons([label(1, Said.NEW_NORMAL, traits), replace(label(2, Said.TRUE, traits), traits=None)]) == []
    )


def test_notices_are_held_back_only_if_switched_on_proven_and_not_the_largest() -> None:
    learned = [(replace(t, kind="spike", score=60.0) if not y else t, y) for t, y in drawn(400, 2)]
    verdicts = {"mark": 1, "labels": bodies_of(learned)}
    low = replace(storm_incident(), kind="spike", score=60.0)
    on, off = (Ranking(lambda _: verdicts, lambda _: {}, below) for below in (0.5, 0.0))
    assert on.doubt(low, ()) is None  # nothing was learned yet
    for one in (on, off):
        one.refresh()
    held = [on.doubt(replace(low, id=f"inc-{k}"), ()) for k in range(80)]
    assert 4 <= held.count(None) <= 20  # one in eight is asked again
    assert {one.partition(":")[0] for one in held if one} == {"held by the ranking"}
    assert all(on.doubt(replace(low, id=f"inc-{k}", score=81.0), ()) is None for k in range(20))
    assert all(off.doubt(replace(low, id=f"inc-{k}"), ()) is None for k in range(20))
