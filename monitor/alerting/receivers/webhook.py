"""Generic webhook: a JSON body, signed as the Standard Webhooks specification says.

Three headers go with each body: ``webhook-id``, which is the same whenever the same notice is sent again;
``webhook-timestamp``, seconds since 1970 at which it was sent; ``webhook-signature``, ``v1,`` and the Base64
of HMAC-SHA256 over id, timestamp and body, joined by dots. To verify one, work on the bytes as they came:

>>> import base64, hashlib, hmac
>>> def verify(secret: str, headers: dict[str, str], body: bytes, now_s: float) -> bool:
...     signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
...     key = base64.b64decode(secret.removeprefix("whsec_"))
...     mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
...     fresh = abs(now_s - int(headers["webhook-timestamp"])) <= 300
...     given = headers["webhook-signature"].split()
...     return fresh and any(hmac.compare_digest(one, f"v1,{mac}") for one in given)
>>> secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
>>> headers = signature(secret, "inc-1/1", 1_767_225_600, b"{}")
>>> verify(secret, headers, b"{}", 1_767_225_700), verify(secret, headers, b"{ }", 1_767_225_700)
(True, False)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr
from pydantic.dataclasses import dataclass

from monitor.alerting.message import Message, message
from monitor.alerting.outbound import Outbound, checked
from monitor.alerting.receivers.config import STRICT, encoded
from monitor.domain.errors import BadRequest
from monitor.domain.incident import Incident
from monitor.domain.notice import Notice, Receiver

PAYLOAD_BYTES = 256 * 1024
_PREFIX = "whsec_"


@dataclass(config=STRICT, frozen=True, kw_only=True)
class WebhookSettings:
    """``url`` may carry a token and is kept as a secret. ``secret``: ``whsec_`` and the Base64 of 24 to 64
    random bytes; without one, bodies are not signed. ``pictures``: send charts along, as Base64."""

    url: SecretStr
    secret: SecretStr | None = None
    pictures: bool = False


class Webhook:
    """See the module. ``clock_s`` is the wall clock that signatures carry."""

    def __init__(
        self, settings: WebhookSettings, outbound: Outbound, clock_s: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._outbound = outbound
        self._clock_s = clock_s

    def deliver(self, notice: Notice) -> None:
        body = encoded(payload(notice, self._settings.pictures), PAYLOAD_BYTES)
        id = f"{notice.key}/{notice.sequence}"
        headers = {"webhook-id": id}
        if self._settings.secret is not None:
            headers = signature(self._settings.secret.get_secret_value(), id, int(self._clock_s()), body)
        checked(self._outbound.post(self._settings.url.get_secret_value(), body, headers), "the webhook")

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: WebhookSettings, outbound: Outbound) -> Receiver:
    """Raises BadRequest for a secret of another form."""
    secret = settings.secret
    if secret is not None and not 24 <= len(_key(secret.get_secret_value())) <= 64:
        raise BadRequest("secret: whsec_ and the Base64 of 24 to 64 bytes")
    return Webhook(settings, outbound)


def signature(secret: str, id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers."""
    mac = hmac.new(_key(secret), f"{id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def payload(notice: Notice, pictures: bool = False) -> dict[str, Any]:
    """The body: names and values as they are (JSON needs no more), and the message in words."""
    told = message(notice)
    body: dict[str, Any] = {
        "type": f"incident.{notice.kind.value}" if notice.incident else "digest",
        "key": notice.key,
        "sequence": notice.sequence,
        "at_ms": notice.at_ms,
        "title": told.title,
        "text": _text(told),
        "urgency": told.urgency,
        "changed": list(told.sections[0].lines) if notice.changed else [],
        "url": told.link.url if told.link else None,
        "labels": {one.text: one.url for one in told.labels},
        "incident": None if notice.incident is None else _incident(notice.incident),
        "digest": [_incident(one) for one in notice.digest[:50]],
        "digest_count": len(notice.digest),
    }
    if pictures:
        body["pictures"] = [
            {"name": one.name, "alt": one.alt, "png": base64.b64encode(one.png).decode()}
            for one in told.pictures
        ]
    return body


def _text(told: Message) -> str:
    lines = [told.subject, *(f"{name}: {value}" for name, value in told.facts)]
    return "\n".join(lines)


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "state": incident.state.value,
        "title": incident.title[:300],
        "team": incident.team,
        "start_ms": incident.start_ms,
        "end_ms": incident.end_ms,
        "score": round(incident.score, 2),
        "severity": round(incident.severity, 2),
        "kind": incident.kind,
        "direction": incident.direction,
        "members": incident.member_count,
        "series": incident.series_count,
        "suspects": [
            {"series_id": s.series_id, "series": s.series[:512], "onset_ms": s.onset_ms, "why": s.why[:512]}
            for s in incident.suspects[:5]
        ],
        "contributors": [
            {"tag": c.tag[:256], "value": c.value[:512], "count": c.count, "total": c.total}
            for c in incident.contributors[:5]
        ],
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
