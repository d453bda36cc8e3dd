"""Alertmanager as its OpenAPI description says it behaves, over HTTP on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import built
from monitor.domain.notice import Notice, NoticeKind, Receiver
from tests.alerting.making import Asked, notice, serving

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "receivers" / "alertmanager.json").read_text())


@dataclass
class StandIn:
    """Takes ``postableAlerts``; an alert is known by its labels, and is over from its ``endsAt`` on."""

    alerts: dict[frozenset[tuple[str, str]], dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        if asked.path != "/api/v2/alerts":
            return 404, b""
        check = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
        if not check.is_valid(asked.json):
            return 400, b'"bad request"'
        for alert in asked.json:
            labels = {name: value for name, value in alert["labels"].items() if value}
            named = all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in labels)
            if not labels or not named or alert.get("endsAt", "9999") < alert["startsAt"]:
                return 400, b'"invalid alert"'
            self.alerts[frozenset(labels.items())] = alert
        return 200, b""

    @property
    def firing(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC).isoformat()
        return [alert for alert in self.alerts.values() if alert.get("endsAt", "9999") > now]


@contextmanager
def standing_in() -> Iterator[tuple[StandIn, Receiver]]:
    with serving() as server:
        stand_in = StandIn()
        server.answer = stand_in.answer
        yield stand_in, built("alertmanager", {"url": server.url + "/"}, Outbound(["127.0.0.1"]))


def test_an_incident_is_one_alert_from_its_opening_to_its_end() -> None:
    with standing_in() as (stand_in, receiver):
        for place, kind in enumerate((NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.ACKNOWLEDGED), 1):
            receiver.deliver(notice(kind, place))
            assert len(stand_in.firing) == 1
        receiver.deliver(notice(NoticeKind.CLOSED, 4))
        assert stand_in.firing == []
        assert len(stand_in.alerts) == 1


@pytest.mark.parametrize("name", ["", "a\r\nb", "<b>", "x" * 10_240, "\u202etxt"])
def test_what_names_contain_is_no_ground_to_refuse(name: str) -> None:
    told: list[Notice] = [notice(NoticeKind.OPENED, 1, name=name), notice(NoticeKind.CLOSED, 2, name=name)]
    with standing_in() as (stand_in, receiver):
        for one in told:
            receiver.deliver(one)
        assert len(stand_in.alerts) == 1
        assert stand_in.firing == []
