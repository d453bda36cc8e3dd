"""What people read of an incident: title, suspects, contributors, severity, state."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.incident import Priority, SeriesCounts
from monitor.domain.lineage import Lineage
from monitor.domain.series import Identity
from monitor.incidents.contributors import contributors, log_tail
from monitor.incidents.incidents import compose
from monitor.incidents.lifecycle import life
from monitor.incidents.rules import Rules
from monitor.incidents.severity import Weighed, weigh
from monitor.incidents.suspects import duration, suspects
from monitor.incidents.title import lead, title
from tests.incidents.making import EPOCH, anomalies, anomaly, relations_of

RULES = Rules()
AIRPORTS = ("EWR", "JFK", "LGA")
CARRIERS = ("AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV", "9E")
KPIS = ("cancelled_share", "departures", "on_time_share", "departure_delay")

STORM = [
    *(anomaly(k, {"origin": o}, i, 20, score=80) for i, k in enumerate(KPIS[:3]) for o in AIRPORTS),
    *(anomaly("cancelled_share", {"carrier": c}, 2, 10, score=70) for c in CARRIERS[:9]),
    anomaly("cancelled_share", {}, 0, 20, score=95),
]
COUNTS = SeriesCounts(
    total=len(KPIS) * (len(AIRPORTS) + len(CARRIERS) + 1),
    tags={("origin", o): 4 for o in AIRPORTS} | {("carrier", c): 4 for c in CARRIERS},
)


def test_the_storm_names_its_airports() -> None:
    incident = compose(STORM[0].id, STORM, EPOCH + 3 * DAY_MS, COUNTS, RULES)
    assert incident.title == (
        "cancelled_share up at 3 origins (EWR, JFK, LGA) from 4 Feb 17:00 to 5 Feb 15:00 UTC; 19 series, "
        "9 carriers"
    )
    assert [c.text for c in incident.contributors] == [f"3 of 4 series with origin={o}" for o in AIRPORTS]
    assert all(c.log_p < math.log(0.05) for c in incident.contributors)
    first, *others = incident.suspects
    assert (first.series, first.onset_ms) == ("cancelled_share", EPOCH)
    assert first.why == "moved first, with 3 more; spike, 3 where 1 was expected (score 95)"
    assert [s.onset_ms for s in incident.suspects] == sorted(s.onset_ms for s in incident.suspects)
    assert others[-1].why.startswith("2 h after the first")


@pytest.mark.parametrize(
    ("found", "end", "words"),
    [
        ([anomaly("m", {}, direction=-1)], None, "m down since 4 Feb 17:00 UTC; 1 series"),
        (
            [anomaly("m", {"host": "a"}, kind=AnomalyKind.NO_DATA, direction=0)],
            EPOCH + HOUR_MS,
            "m no data at host a from 4 Feb 17:00 to 4 Feb 18:00 UTC; 1 series",
        ),
        (
            [anomaly("m", {"host": f"h{i}"}) for i in range(9)],
            None,
            "m up at 9 hosts (h0, h1, h2 and 6 more) since 4 Feb 17:00 UTC; 9 series",
        ),
    ],
)
def test_titles(found: list[Anomaly], end: int | None, words: str) -> None:
    assert title(found, SeriesCounts(), EPOCH, end) == words


def test_a_title_at_the_end_of_time_and_of_great_length() -> None:
    assert "since 9000000000000000000 ms" in title([anomaly()], SeriesCounts(), 9 * 10**18, None)
    assert len(title([anomaly("m" * 512)], SeriesCounts(), EPOCH, None)) == 300


def test_one_suspect_a_series_with_its_first_anomaly() -> None:
    again = [anomaly("m", at=2, score=99), anomaly("m", at=0, score=60), anomaly("n", at=0, score=61)]
    assert [(s.series, s.score) for s in suspects(again)] == [("n", 61), ("m", 60)]


def test_a_suspect_without_numbers() -> None:
    silent = replace(anomaly("m", kind=AnomalyKind.NO_DATA), value=math.nan, expected=math.nan)
    assert suspects([silent])[0].why == "moved first; no data (score 90)"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("ab", ("before the one", "after the one")),
        ("abc", ("before all 2", "before 1 of the 2", "after all 2")),
    ],
)
def test_a_suspect_says_how_it_stands_to_those_that_it_moves_with(names: str, said: tuple[str, ...]) -> None:
    """They began together five days ago, too, each an hour after the one before."""
    before, now = ([anomaly(name, at=at + i) for i, name in enumerate(names)] for at in (0, 120))
    relations = relations_of([*before, *now], RULES, EPOCH + 6 * DAY_MS, Lineage())
    found = [one.why.split("; ")[1] for one in suspects(now, relations)]
    assert found == [f"began {one} series it usually moves with" for one in said]


def test_contributors_without_counts_claim_nothing_extraordinary() -> None:
    alone = contributors([Identity.of(f"m{i}", {"k": "v"}) for i in range(2)], SeriesCounts())
    assert [(c.text, c.log_p) for c in alone] == [("2 of 2 series with k=v", 0.0)]


def test_all_of_every_airport_is_still_named() -> None:
    everything = [Identity.of(k, {"origin": o}) for k in KPIS for o in AIRPORTS]
    counts = SeriesCounts(12, {("origin", o): 4 for o in AIRPORTS})
    assert [c.text for c in contributors(everything, counts)] == [
        f"4 of 4 series with origin={o}" for o in AIRPORTS
    ]


@given(st.integers(1, 300), st.data())
def test_the_tail_is_that_of_the_hypergeometric(population: int, data: st.DataObject) -> None:
    marked = data.draw(st.integers(0, population))
    drawn = data.draw(st.integers(0, population))
    count = data.draw(st.integers(max(0, drawn - (population - marked)), min(marked, drawn)))
    found = log_tail(count, population, marked, drawn)
    if count * population <= marked * drawn:
        assert found == 0.0
    else:
        wanted = float(hypergeom.logsf(count - 1, population, marked, drawn))
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@given(anomalies(), st.integers(0, 500))
def test_a_life_never_exceeds_the_cap_and_changes_when_it_is_due(found: list[Anomaly], hours: int) -> None:
    members = [m for m in found if m.begin_ms < min(a.begin_ms for a in found) + RULES.cap_ms]
    if not members:
        return
    now = EPOCH + hours * HOUR_MS
    lived = life(members, now, RULES)
    assert weigh(members, lived, 1).severity >= 0
    if not lived.state.over:
        assert lived.end_ms is None
        assert lived.due_ms is not None
        assert lived.due_ms > now
        assert life(members, lived.due_ms - 1, RULES) == lived
        assert life(members, lived.due_ms, RULES).state.over
    else:
        assert lived.due_ms is None
        assert lived.end_ms is not None
        assert lived.start_ms < lived.end_ms <= lived.start_ms + RULES.cap_ms


def weighed(*members: Anomaly) -> Weighed:
    return weigh(members, life(members, EPOCH + 10 * DAY_MS, RULES), len({m.series for m in members}))


def test_severity_grows_with_the_root_of_the_duration() -> None:
    assert [weighed(anomaly(hours=h)).severity for h in (1, 4)] == [90, 180]


WEIGHTY = [replace(member, weight=2.0) for member in STORM]


def test_ten_series_weigh_as_one_that_is_twice_as_severe() -> None:
    ten = [anomaly("m", {"k": str(i)}) for i in range(10)]
    assert weighed(*ten).severity == weighed(replace(anomaly(), weight=2.0)).severity == 180


def test_priority_says_from_what() -> None:
    for members, soon in (
        ([anomaly(score=74)], "P4"),
        ([anomaly(score=75)], "P3"),
        (STORM, "P2"),
        (WEIGHTY, "P1"),
    ):
        found = weighed(*members)
        assert found.priority == soon
        assert f"{soon} is from" in found.reasons[0]
        assert ("declared weight 2" in found.reasons) == (members is WEIGHTY)
    assert weighed(anomaly(score=100, hours=96)).priority is Priority.P2


def test_durations() -> None:
    assert [duration(d) for d in (90_000, 3_600_000, 90 * HOUR_MS)] == ["1.5 min", "1 h", "3.8 d"]


def test_what_weighs_more_leads_the_title() -> None:
    late = [anomaly("delay", {"host": name}, score=60.0) for name in "ab"]
    gone = anomaly("cancelled", {"host": "a"}, score=70.0)
    assert lead([*late, gone]) == late
    assert lead([*late, replace(gone, weight=2.0)]) == [replace(gone, weight=2.0)]


@pytest.mark.parametrize(
    "found, why",
    [
        (anomaly(score=60.0), "score below 64"),
        (anomaly(score=60.0, kind=AnomalyKind.LEVEL_SHIFT), ""),
        (anomaly(kind=AnomalyKind.ENDED), "series ended"),
        (replace(anomaly(at=0, hours=1), muted_until_ms=EPOCH + 2 * HOUR_MS), "muted"),
        (replace(anomaly(at=0, hours=5, score=60.0), muted_until_ms=EPOCH + HOUR_MS), "score below 64"),
    ],
)
def test_what_is_in_no_incident_says_why(found: Anomaly, why: str) -> None:
    assert RULES.alone(found) == why
