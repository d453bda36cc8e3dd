"""Ways to receivers, one file each, and how a receiver is made of what was written down for it.

>>> receiver = receiver_of("webhook", {"url": "https://hooks.example/watchkeeper"}, Outbound())
>>> receiver_of("webhook", {"url": "https://hooks.example/", "sekret": "x"}, Outbound())
Traceback (most recent call last):
    ...
monitor.domain.errors.BadRequest: sekret: Unexpected keyword argument
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import alertmanager, apprise, mail, pagerduty, slack, teams, webhook
from monitor.domain.errors import BadRequest
from monitor.domain.notice import Receiver


@dataclass(frozen=True, slots=True)
class ReceiverKind:
    """``settings``: the strict dataclass of a kind's settings; ``build``: from one of those, and the way out,
    to a receiver. ``digests``: can it take a digest; ``re_sent``: must open incidents be delivered anew every
    few minutes. ``per_minute``: how many messages it takes."""

    settings: type[Any]
    build: Callable[[Any, Outbound], Receiver]
    digests: bool = True
    re_sent: bool = False
    per_minute: int = 60

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of settings that are secret."""
        return tuple(one.name for one in fields(self.settings) if "SecretStr" in str(one.type))


KINDS: Mapping[str, ReceiverKind] = {
    "webhook": ReceiverKind(webhook.WebhookSettings, webhook.build, per_minute=600),
    "alertmanager": ReceiverKind(
        alertmanager.AlertmanagerSettings, alertmanager.build, digests=False, re_sent=True, per_minute=600
    ),
    "pagerduty": ReceiverKind(pagerduty.PagerDutySettings, pagerduty.build, digests=False, per_minute=100),
    "slack": ReceiverKind(slack.SlackSettings, slack.build),
    "teams": ReceiverKind(teams.TeamsSettings, teams.build),
    "mail": ReceiverKind(mail.MailSettings, mail.build),
    "apprise": ReceiverKind(apprise.AppriseSettings, apprise.build),
}


def settings_of(kind: str, given: Mapping[str, Any]) -> Any:
    """A kind's settings from plain values. Raises BadRequest, which names what is wrong and quotes
    nothing."""
    known = KINDS.get(kind)
    if known is None:
        raise BadRequest(f"kind: one of {', '.join(KINDS)}")
    try:
        return TypeAdapter(known.settings).validate_python(dict(given))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise BadRequest("; ".join(_fault(one["loc"], one["msg"]) for one in faults)) from None


def receiver_of(kind: str, given: Mapping[str, Any], outbound: Outbound) -> Receiver:
    """A receiver from plain values, with secrets already resolved. Raises BadRequest."""
    return (
        KINDS[kind].build(settings_of(kind, given), outbound) if kind in KINDS else settings_of(kind, given)
    )


def masked(settings: Any) -> dict[str, Any]:
    """Settings as people may see them: of a secret, that there is one.

    >>> masked(settings_of("teams", {"url": "https://example.webhook.office.example/secret"}))
    {'url': 'set'}
    """
    found: dict[str, Any] = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        secret = isinstance(value, SecretStr)
        found[one.name] = ("set" if value.get_secret_value() else "") if secret else value
    return found


def _fault(place: tuple[int | str, ...], text: str) -> str:
    where = ".".join(str(part)[:64] for part in place)
    return f"{where}: {text}" if where else text
