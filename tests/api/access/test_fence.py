"""What passes a fence is what its names say, whatever was remembered before, and in the same order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.access.fence import Fence, Fences
from collectors.base import Decoded
from monitor.domain.access import Principal, Scope
from monitor.domain.batch import Mode, Reason, Reject, SampleBatch
from monitor.domain.series import Identity
from monitor.domain.teams import Teams

TEAMS = Teams({"red": [{"team": "red"}], "blue": [{"team": "b*"}]})
SERIES = [
    Identity.of(metric, tags)
    for metric in ("shop.a", "shop.b", "shopping", "x")
    for tags in ({"team": "red"}, {"team": "blue"}, {"team": "blau", "k": "1"}, {})
]
BODIES = st.lists(st.lists(st.sampled_from(SERIES), max_size=12), min_size=1, max_size=4)


def decoded(series: list[Identity], told: bool, with_n: bool) -> Decoded:
    value = np.arange(len(series), dtype=float)
    prints = np.array([one.fingerprint() for one in series], np.uint64)
    identities = {one.fingerprint(): one.canonical() for one in series} if told else {}
    batch = SampleBatch(prints, np.arange(len(series)), value, value if with_n else None, identities)
    return Decoded(batch, (Reject(Reason.BAD_NAME, 2),), Mode.LIVE)


@given(BODIES, st.sampled_from([None, "red", "blue"]), st.sampled_from(["", "shop.", "x"]), st.data())
def test_equals_the_slow_twin(
    bodies: list[list[Identity]], team: str | None, prefix: str, data: st.DataObject
) -> None:
    fence = Fence(team, prefix, TEAMS)
    for series in bodies:
        with_n = data.draw(st.booleans())
        given = decoded(series, data.draw(st.booleans()), with_n)
        whole = decoded(series, True, with_n)
        passed = fence.through(given, lambda whole=whole: whole)  # type: ignore[misc]
        mine = [
            place
            for place, one in enumerate(series)
            if one.metric.startswith(prefix) and team in (None, TEAMS.of(one))
        ]
        assert passed.batch.value.tolist() == passed.batch.ts_ms.tolist() == mine
        assert (passed.batch.n is not None and passed.batch.n.tolist()) == (with_n and mine)
        assert passed.batch.fingerprint.tolist() == [series[place].fingerprint() for place in mine]
        allowed = {series[place].fingerprint() for place in mine}
        assert set(passed.batch.identities) <= allowed or len(mine) == len(series)
        foreign = len(series) - len(mine)
        expected = [Reject(Reason.FOREIGN_SERIES, foreign)] if foreign else []
        assert list(passed.rejects[1:]) == expected
        assert (passed.rejects[0], passed.mode) == (given.rejects[0], Mode.LIVE)


def test_a_fence_is_kept_while_the_teams_are_the_same() -> None:
    teams = [TEAMS]
    fences = Fences(lambda: teams[0])
    red = Principal("token:1", frozenset({Scope.INGEST}), "red")
    kept = fences.of(red)
    assert kept is not None
    assert fences.of(red) is kept
    assert fences.of(Principal("token:2", frozenset())) is None
    other = fences.of(Principal("token:3", frozenset(), "red", "shop."))
    assert other is not None
    assert other.key != kept.key
    teams[0] = Teams()
    assert fences.of(red) is not kept


def test_many_fences_do_not_fill_the_memory() -> None:
    fences = Fences(lambda: TEAMS)
    for number in range(200):
        fences.of(Principal("token", frozenset(), None, f"p{number}"))
    assert len(fences._known) == 64
