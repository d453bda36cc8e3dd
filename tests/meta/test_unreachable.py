"""A receiver that takes no notices for a day is an incident, until it takes some."""

from __future__ import annotations

from pathlib import Path

from monitor.alerting.courier import Clock
from monitor.alerting.secrets import Secrets
from monitor.couriers import Couriers
from monitor.domain.alert import Dispatch
from monitor.domain.destination import Destination
from monitor.domain.durations import DAY_MS
from monitor.domain.incident import Incident, IncidentState
from monitor.domain.notice import Notice, NoticeKind, Undelivered
from monitor.store.outbox import Outbox
from tests.alerting.parts import DEED, Inbox
from tests.alerting.stepping import incident
from tests.alerting.test_courier import until
from tests.meta.living import Living, living, named, noise


def of_receivers(system: Living) -> list[Incident]:
    return [one for one in system.meta_incidents() if "takes no notices" in one.title]


def test_a_dead_receiver_is_an_incident_after_a_day_and_until_it_takes_notices(tmp_path: Path) -> None:
    reachable, ahead = [False], [0]  # the courier's day passes, and not that of the samples

    def answer(_: Notice) -> None:
        if not reachable[0]:
            raise Undelivered("no route to host")

    inboxes = {"dead": Inbox(answer), "other": Inbox()}
    with living(tmp_path, named(3), lambda step: 10.0 + noise(step, 3)) as system:
        alerts, database = system.monitor.alerts, system.monitor.alerts._store.database
        clock = Clock(now_ms=lambda: system.now_ms + ahead[0], chance=lambda: 0.0)
        made = Couriers(
            database,
            alerts.compose,
            Secrets(None),
            clock=clock,
            make=lambda _k, how, _s: inboxes[how["inbox"]],
        )
        alerts._couriers.stop()
        alerts._couriers = made
        made.start([])
        for name in inboxes:
            alerts.put_receiver(Destination(name, "log", {"inbox": name}), DEED)
        system.live(12)
        now = system.now_ms
        told = Dispatch("dead", "", "inc-a", NoticeKind.OPENED, now, now, now, (incident("inc-a"),))
        outbox = Outbox(database)
        outbox.tell([told], now)
        alerts.wake()
        until(lambda: outbox.of_incident("inc-a")[0].attempts == 1)
        system.live(3)
        assert of_receivers(system) == []
        ahead[0] = DAY_MS
        alerts.wake()
        until(lambda: bool(alerts.status()["unreachable"]))
        system.live(10)
        (found,) = of_receivers(system)
        assert found.title.startswith("Receiver dead takes no notices since ")
        assert system.monitor.overseeing.freeze.reason == ""
        reachable[0] = True
        now = system.now_ms
        told = Dispatch("dead", "", "inc-b", NoticeKind.OPENED, now, now, now, (incident("inc-b"),))
        outbox.tell([told], now)
        alerts.wake()
        until(lambda: not alerts.status()["unreachable"])
        system.live(20)
        (found,) = of_receivers(system)
        assert found.state.over or found.state is IncidentState.RECOVERING
