"""PagerDuty, by its Events API v2: trigger, acknowledge, resolve, with the incident's key to tell them apart.

A trigger for a key that was resolved opens a new alert there. So after a resolve nothing of that key is sent
any more, until the incident itself opens again with a higher sequence.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from pydantic.dataclasses import dataclass

from monitor.alerting.message import Message, message
from monitor.alerting.outbound import Outbound, checked
from monitor.alerting.receivers.config import STRICT, encoded
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected

URL = "https://events.pagerduty.com/v2/enqueue"
KEY_MAX = 255
SUMMARY_MAX = 1_024
PAYLOAD_BYTES = 512_000
_RESOLVED_MAX = 10_000
_LINKS_MAX = 10


@dataclass(config=STRICT, frozen=True, kw_only=True)
class PagerDutySettings:
    """``routing_key``: the integration key of a service. ``url``: another address of the same API, as that of
    the EU region."""

    routing_key: SecretStr
    url: str = URL
    source: str = "watchkeeper"


class PagerDuty:
    """Remembers the last 10,000 keys that it resolved."""

    def __init__(self, settings: PagerDutySettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound
        self._resolved: OrderedDict[str, int] = OrderedDict()

    def deliver(self, notice: Notice) -> None:
        resolved = self._resolved.get(notice.key)
        opens = notice.kind is NoticeKind.OPENED and resolved is not None and notice.sequence > resolved
        if resolved is not None and not opens:
            return
        event = {"routing_key": self._settings.routing_key.get_secret_value(), **body(notice, self._settings)}
        checked(self._outbound.post(self._settings.url, encoded(event, PAYLOAD_BYTES)), "PagerDuty")
        self._resolved.pop(notice.key, None)
        if notice.kind is NoticeKind.CLOSED:
            self._resolved[notice.key] = notice.sequence
            while len(self._resolved) > _RESOLVED_MAX:
                self._resolved.popitem(last=False)

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: PagerDutySettings, outbound: Outbound) -> Receiver:
    return PagerDuty(settings, outbound)


def body(notice: Notice, settings: PagerDutySettings) -> dict[str, Any]:
    """The event without its routing key. Raises Rejected for a digest, and for a key that is too long."""
    if notice.kind is NoticeKind.DIGEST or notice.incident is None:
        raise Rejected("PagerDuty takes no digests")
    if not 0 < len(notice.key) <= KEY_MAX:
        raise Rejected(f"a key has at most {KEY_MAX} characters")
    if notice.kind is NoticeKind.CLOSED:
        return {"event_action": "resolve", "dedup_key": notice.key}
    if notice.kind is NoticeKind.ACKNOWLEDGED:
        return {"event_action": "acknowledge", "dedup_key": notice.key}
    told = message(notice)
    found = {
        "event_action": "trigger",
        "dedup_key": notice.key,
        "client": "Watchkeeper",
        "payload": {
            "summary": told.title[:SUMMARY_MAX],
            "source": settings.source,
            "severity": told.urgency,
            "timestamp": datetime.fromtimestamp(notice.at_ms / 1_000, UTC).isoformat(timespec="milliseconds"),
            "class": notice.incident.kind,
            "custom_details": _details(told),
        },
        "links": _links(told),
    }
    if told.chart is not None:
        found["images"] = [{"src": told.chart.url, "href": told.chart.url, "alt": told.chart.text}]
    if told.link is not None:
        found["client_url"] = told.link.url
    return found


def _details(told: Message) -> dict[str, Any]:
    return dict(told.facts) | {section.title: list(section.lines) for section in told.sections}


def _links(told: Message) -> list[dict[str, str]]:
    opens = [] if told.link is None else [{"href": told.link.url, "text": told.link.text}]
    labels = [{"href": one.url, "text": f"Say what it was: {one.text}"} for one in told.labels]
    return [*opens, *labels][:_LINKS_MAX]
