"""Acts and labels come back as they were told, once, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.acts import Act, Anchor, Tie, Undo, Verb
from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.errors import BadRequest
from monitor.domain.incident import Incident, IncidentState, TransitionKind
from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.feedback import FeedbackStore
from monitor.store.projections import SqlLedger
from monitor.store.queries import Queries
from monitor.store.topology import TopologyStore
from tests.incidents.making import EPOCH, anomaly, batch

TIE = Tie((("0a", "a"),), (("0b", "b{k=é}"),), 5, apart=True)


def act(of: Anomaly, verb: Verb = Verb.ACKNOWLEDGE, *others: Anomaly, position: int = 1, **more: Any) -> Act:
    first, *rest = (Anchor(one.id, one.begin_ms) for one in (of, *others))
    made = Act(f"{position:032x}", verb, Incident.id_of(of.id), first, "user:ann", 7, "é <b>")
    return replace(made, others=tuple(rest), position=position, **more)


def label(of: Anomaly, said: Said, user: str = "user:ann", position: int = 1, **more: Any) -> Label:
    series_id = f"{of.series.fingerprint():016x}"
    target = Target(TargetKind.ANOMALY, of.id, of.onset_ms, of.end_ms, of.id, series_id)
    return Label(f"{position:032x}", said, replace(target, **more), user, "", 10 * position, position)


def test_acts_come_back_and_hold_until_undone(database: Database) -> None:
    ledger, store = SqlLedger(database), FeedbackStore(database)
    engine = IncidentEngine(ledger)
    one, two = anomaly("a"), anomaly("b", at=1)
    engine.absorb(batch(0, 1, one, two))
    told = [
        act(one, ties=(TIE,)),
        act(one, Verb.COMMENT, position=2),
        act(two, Verb.MERGE, one, position=3, team="red"),
    ]
    for done in [*told, *told]:
        engine.act(done)
    assert store.acts(Incident.id_of(one.id), [one.id]) == told[:2]
    assert ledger.acts() == [told[0], told[2]]
    assert IncidentEngine(ledger)._loaded().people.named_with([one.id]).keys() == {one.id, two.id}
    for user in ("user:bob", "user:cleo"):
        engine.act(Undo(told[2].id, user, 9))
    assert ledger.act(told[2].id) == told[2].undo("user:bob", 9)
    assert ledger.acts() == told[:1]
    assert (store.act("none"), store.act("a\0")) == (None, None)


def test_a_database_that_dies_at_an_act_hears_it_again(database: Database) -> None:
    """Before its commit or after it: the act is there once, and so are its steps."""
    ledger = SqlLedger(database)
    engine = IncidentEngine(ledger)
    one = anomaly("a", hours=None)
    engine.absorb(batch(0, 1, one))
    commit = SqlLedger.commit
    for after in (False, True):

        def dies(self: SqlLedger, step: object, after: bool = after) -> None:
            if after:
                commit(self, step)  # type: ignore[arg-type]
            raise OSError("killed")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SqlLedger, "commit", dies)
            with pytest.raises(OSError, match="killed"):
                engine.act(act(one))
    assert engine.act(act(one)) == []
    kinds = [step.kind for step in Queries(database).transitions(Incident.id_of(one.id))]
    assert kinds == [TransitionKind.OPENED, TransitionKind.ACKNOWLEDGED]


def test_what_opened_it_is_forgotten_and_that_is_told(database: Database) -> None:
    engine = IncidentEngine(SqlLedger(database))
    first, second = anomaly("m", {"k": "1"}), anomaly("m", {"k": "2"}, at=1)
    engine.absorb(batch(0, 1, first, second))
    changes = engine.forget(f"{first.series.fingerprint():016x}")
    gone, left = sorted(changes, key=lambda c: c.incident.state is not IncidentState.RETRACTED)[:2]
    assert (gone.incident.id, gone.transition.kind) == (Incident.id_of(first.id), TransitionKind.RETRACTED)
    assert left.incident.id == Incident.id_of(second.id)
    assert Queries(database).incident(gone.incident.id) is None


def test_labels_are_kept_once_and_listed_newest_first(database: Database) -> None:
    store = FeedbackStore(database)
    one, two = anomaly("a"), anomaly("b")
    told = [
        label(one, Said.TRUE),
        label(one, Said.FALSE_ALARM, "user:bob", 2),
        label(two, Said.EXPECTED, position=3, team="red"),
    ]
    for each in [*told, *told]:
        store.tell(each)
    page = store.labels(limit=2)
    assert [(j.label, j.rules, j.conflict) for j in page.items] == [
        (told[2], True, False),
        (told[1], True, True),
    ]
    assert [j.label for j in store.labels(after=page.next or "", limit=2).items] == told[:1]
    assert [j.label for j in store.labels(team="red").items] == told[2:]
    assert [j.label for j in store.labels(label="true", user="user:ann", since_ms=10).items] == told[:1]
    assert [j.label for j in store.labels(target=one.id).items] == [told[1], told[0]]
    assert store.labels(user="\0").items == []
    for user in ("user:cleo", "user:ann"):
        store.tell(Undo(told[1].id, user, 50))
    assert [(j.rules, j.conflict) for j in store.labels(target=one.id).items] == [
        (False, False),
        (True, False),
    ]
    assert store.label(told[1].id) == told[1].undo("user:cleo", 50)
    with pytest.raises(BadRequest):
        store.labels(after="x")


def test_a_span_is_said_of_the_anomalies_it_touches(database: Database) -> None:
    store = FeedbackStore(database)
    ended, going = anomaly("a", at=5, hours=2), anomaly("a", at=20, hours=None)
    other = anomaly("b", at=5, hours=2)
    store.tell(
        label(
            ended,
            Said.EXPECTED,
            kind=TargetKind.SPAN,
            id=f"{ended.series.fingerprint():016x}",
            anomaly_id="",
            from_ms=EPOCH + 6 * HOUR_MS,
            to_ms=EPOCH + 20 * HOUR_MS,
        )
    )
    assert store.labels_of_anomalies([ended, going, other]).keys() == {ended.id}
    assert store.labels_of_anomalies([]) == {}


def test_earlier_incidents_tell_how_they_were_labelled(database: Database) -> None:
    engine, store = IncidentEngine(SqlLedger(database)), FeedbackStore(database)
    some = [
        sorted((anomaly("m", {"host": host}, 24 * day) for host in "ab"), key=lambda one: one.id)
        for day in (0, 10, 20)
    ]
    for position, members in enumerate(some, 1):
        clock_ms = members[0].onset_ms + DAY_MS
        engine.absorb(batch(0, position, *members, clock_ms=clock_ms))
    store.tell(label(some[0][0], Said.TRUE))
    store.tell(label(some[0][1], Said.FALSE_ALARM, position=2))
    whole = {"kind": TargetKind.INCIDENT, "id": Incident.id_of(some[1][0].id)}
    store.tell(label(some[1][0], Said.EXPECTED, position=3, **whole))
    store.tell(label(some[1][0], Said.WRONG_SEVERITY, position=4, **whole))
    (latest, *_) = Queries(database).incidents().items
    alike = {one.id: one.labels for one in TopologyStore(database).similar(latest)}
    assert alike == {
        Incident.id_of(some[0][0].id): ("false alarm", "true"),
        Incident.id_of(some[1][0].id): ("wrong severity", "expected"),
    }
    said = store.labels_of_incidents(Queries(database).incidents().items)
    assert {id: [j.label.said for j in labels] for id, labels in said.items()} == {
        Incident.id_of(some[1][0].id): [Said.WRONG_SEVERITY, Said.EXPECTED]
    }
