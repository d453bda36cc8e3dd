"""What people do once is used from then on, for the same pair of series and no other."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.acts import Act, Anchor, Tie, Verb
from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Incident
from monitor.domain.topology import Evidence
from monitor.incidents.engine import IncidentEngine
from monitor.incidents.rules import Rules
from tests.incidents.making import MemoryLedger, anomaly, batch

RULES = Rules()


def tie(one: Sequence[Anomaly], other: Sequence[Anomaly], *, apart: bool) -> Tie:
    def side(some: Sequence[Anomaly]) -> tuple[tuple[str, str], ...]:
        return tuple((a.id.partition("-")[0], str(a.series)) for a in some)

    since_ms = max(a.begin_ms for a in (*one, *other)) + 1
    return Tie(side(one), side(other), since_ms, apart)


def act(verb: Verb, first: Anomaly, *others: Anomaly, position: int = 1, ties: Sequence[Tie] = ()) -> Act:
    anchors = [Anchor(a.id, a.begin_ms) for a in (first, *others)]
    name = Incident.id_of(first.id)
    made = Act(f"{position:032x}", verb, name, anchors[0], "user:ann", 1, "", tuple(anchors[1:]), tuple(ties))
    return Act.from_body(made.to_body(), position)


def living(ledger: MemoryLedger) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}
    for placed in ledger.placed.values():
        members.setdefault(placed.incident_id or "", set()).add(placed.anomaly.series.metric)
    return members


def test_series_that_were_merged_once_belong_together_the_next_time() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one, two, three = anomaly("a", at=0), anomaly("b", at=0.5), anomaly("c", at=0.5)
    engine.absorb(batch(0, 1, one, two, three))
    assert len(living(ledger)) == 3
    engine.act(act(Verb.MERGE, one, two, ties=[tie([one], [two], apart=False)]))
    assert living(ledger)[Incident.id_of(one.id)] == {"a", "b"}
    again = [anomaly("a", at=200), anomaly("b", at=200.5), anomaly("c", at=200.5)]
    engine.absorb(batch(0, 2, *again))
    assert living(ledger)[Incident.id_of(again[0].id)] == {"a", "b"}
    (bond,) = ledger.placed[again[1].id].bonds
    assert (bond.kind, bond.other) == (Evidence.CONFIRMED, again[0].id)


def test_series_that_were_split_stay_apart_the_next_time() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one, two = anomaly("m", {"k": "1"}, 0), anomaly("m", {"k": "2"}, 0.5)
    engine.absorb(batch(0, 1, one, two))
    assert len(living(ledger)) == 1
    engine.act(act(Verb.SPLIT, one, two, ties=[tie([one], [two], apart=True)]))
    assert len(living(ledger)) == 2
    engine.absorb(batch(0, 2, anomaly("m", {"k": "1"}, 200), anomaly("m", {"k": "2"}, 200.5)))
    assert len(living(ledger)) == 4
    engine.absorb(batch(0, 3, anomaly("m", {"k": "1"}, 400), anomaly("m", {"k": "3"}, 400.5)))
    assert len(living(ledger)) == 5


def test_what_joins_because_of_a_split_off_member_goes_along() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one, two = anomaly("m", {"k": "1"}, 0, 9), anomaly("m", {"k": "2"}, 0.5, 9)
    engine.absorb(batch(0, 1, one, two))
    engine.act(act(Verb.SPLIT, one, two, ties=[tie([one], [two], apart=True)]))
    late = anomaly("other", {"k": "2"}, 1)
    engine.absorb(batch(0, 2, late))
    assert ledger.placed[late.id].incident_id == Incident.id_of(two.id)
    assert ledger.placed[one.id].incident_id == Incident.id_of(one.id)


def test_a_weak_member_split_off_is_an_incident_all_the_same() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one, weak = anomaly("m", {"k": "1"}, 0), anomaly("m", {"k": "2"}, 0.5, score=50.0)
    engine.absorb(batch(0, 1, one, weak))
    assert len(living(ledger)) == 1
    engine.act(act(Verb.SPLIT, one, weak, ties=[tie([one], [weak], apart=True)]))
    assert ledger.placed[weak.id].incident_id == Incident.id_of(weak.id)


def test_an_old_incident_can_be_taken_apart_after_memory_has_let_it_go() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES, most_in_memory=2)
    one, two = anomaly("m", {"k": "1"}, 0), anomaly("m", {"k": "2"}, 0.5)
    engine.absorb(batch(0, 1, one, two))
    for day in range(2, 40, 3):
        engine.absorb(batch(0, day, anomaly(f"x{day}", at=24 * day)))
    before = len(living(ledger))
    engine.act(act(Verb.SPLIT, one, two, position=50, ties=[tie([one], [two], apart=True)]))
    assert len(living(ledger)) == before + 1
