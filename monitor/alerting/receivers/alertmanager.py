"""Prometheus Alertmanager, by its API v2: an incident is an alert that fires and is resolved.

Alertmanager holds what it is told for its own ``resolve_timeout`` (5 minutes by default) and then takes it
for resolved. So whoever calls must deliver the newest notice of every open incident again within that time,
and a closed one again for some minutes; the same alert is no news to it. It keeps no order: a closed notice
carries ``endsAt``, which ends the alert however late it comes.

Labels are what makes an alert the same, so there are few, and none that changes while an incident grows.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr, field_validator
from pydantic.dataclasses import dataclass

from monitor.alerting.message import lines_of, message
from monitor.alerting.outbound import Outbound, checked
from monitor.alerting.receivers.config import STRICT
from monitor.alerting.text import shown
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected

ALERT_NAME = "WatchkeeperIncident"
_ANNOTATION_MAX = 2_000
_LABEL_MAX = 256


@dataclass(config=STRICT, frozen=True, kw_only=True)
class AlertmanagerSettings:
    """``url``: where Alertmanager is, without ``/api/v2``. ``labels``: further labels of every alert."""

    url: str
    username: str = ""
    password: SecretStr = SecretStr("")
    labels: dict[str, str] | None = None

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, labels: dict[str, str] | None) -> dict[str, str] | None:
        for name in labels or ():
            if not _is_name(name) or name in ("alertname", "incident", "team", "severity"):
                raise ValueError("a label's name has letters, digits and _ only, and none of ours")
        return labels


class Alertmanager:
    def __init__(self, settings: AlertmanagerSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    def deliver(self, notice: Notice) -> None:
        body = json.dumps([alert(notice, self._settings.labels or {})], ensure_ascii=False).encode()
        headers = {}
        if self._settings.username:
            headers["Authorization"] = _basic(
                self._settings.username, self._settings.password.get_secret_value()
            )
        url = self._settings.url.rstrip("/") + "/api/v2/alerts"
        checked(self._outbound.post(url, body, headers), "Alertmanager")

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: AlertmanagerSettings, outbound: Outbound) -> Receiver:
    return Alertmanager(settings, outbound)


def alert(notice: Notice, labels: dict[str, str]) -> dict[str, Any]:
    """A ``postableAlert``. Raises Rejected for a digest, which fires nothing and resolves nothing."""
    incident = notice.incident
    if notice.kind is NoticeKind.DIGEST or incident is None:
        raise Rejected("Alertmanager takes no digests")
    told = message(notice)
    names = labels | {"alertname": ALERT_NAME, "incident": incident.id}
    if incident.team:
        names["team"] = incident.team
    annotations = {"summary": told.title, "description": "\n".join(lines_of(told))[:_ANNOTATION_MAX]}
    annotations |= {"severity": told.urgency, "state": notice.kind.value}
    annotations |= {f"label_{place}": one.url for place, one in enumerate(told.labels)}
    found: dict[str, Any] = {
        "labels": {name: shown(value, _LABEL_MAX) for name, value in names.items() if value},
        "annotations": annotations,
        "startsAt": _time(incident.start_ms),
    }
    if told.link is not None:
        found["generatorURL"] = told.link.url
    if notice.kind is NoticeKind.CLOSED:
        end_ms = incident.end_ms if incident.end_ms is not None else notice.at_ms
        found["endsAt"] = _time(max(end_ms, incident.start_ms))
    return found


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()


def _time(at_ms: int) -> str:
    """
    >>> _time(1_767_225_600_250)
    '2026-01-01T00:00:00.250Z'
    """
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _basic(username: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
