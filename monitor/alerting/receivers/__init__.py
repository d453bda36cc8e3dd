"""Kinds of receivers: what each is called, which settings it has, and how one is made of them.

A kind is a file of its own here, and a line in `KINDS`. As they are declared and kept, settings name their
secrets (`monitor.alerting.secrets`); a receiver is made of settings whose secrets have been read.

>>> read("teams", {"url": "https://example.webhook.office.example/secret"})
Traceback (most recent call last):
    ...
monitor.domain.errors.BadRequest: url: a secret is named as env:NAME or file:NAME
>>> read("webhook", {"url": "file:hook", "sekret": "file:x"})
Traceback (most recent call last):
    ...
monitor.domain.errors.BadRequest: sekret: no such setting
>>> receiver = make("teams", {"url": "env:WATCHKEEPER_SECRET_T"}, Secrets(None, {"WATCHKEEPER_SECRET_T": "https://x"}))
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import alertmanager, apprise, log, mail, pagerduty, slack, teams, webhook
from monitor.alerting.receivers.kind import Kind
from monitor.alerting.secrets import Secrets
from monitor.domain.errors import BadRequest
from monitor.domain.notice import Receiver

_ALL = (
    Kind("webhook", webhook.WebhookSettings, webhook.build, per_s=10.0, pictures=True),
    Kind(
        *("alertmanager", alertmanager.AlertmanagerSettings, alertmanager.build),
        per_s=10.0,
        digests=False,
        re_sent=True,
    ),
    Kind("pagerduty", pagerduty.PagerDutySettings, pagerduty.build, per_s=100 / 60, digests=False),
    Kind("slack", slack.SlackSettings, slack.build),
    Kind("teams", teams.TeamsSettings, teams.build),
    Kind("mail", mail.MailSettings, mail.build, pictures=True),
    Kind("apprise", apprise.AppriseSettings, apprise.build, pictures=True),
    Kind("log", log.LogSettings, log.build, per_s=100.0),
)
KINDS: Mapping[str, Kind] = {one.name: one for one in _ALL}
_REFERENCE = re.compile(r"env:[A-Z0-9_]{1,128}|file:[\w.-]{1,128}")


def kind_of(name: str) -> Kind:
    """Raises BadRequest for one there is not."""
    if name not in KINDS:
        raise BadRequest(f"kind {name[:64]!r}: there are {', '.join(sorted(KINDS))}")
    return KINDS[name]


def read(kind: str, settings: Mapping[str, Any]) -> Any:
    """Settings of a kind as they are declared, checked. Raises BadRequest, naming each that is unknown or
    cannot be; what was given is not repeated, since it may be a secret in the wrong place."""
    for name in kind_of(kind).secrets:
        given = settings.get(name)
        if given is not None and not (isinstance(given, str) and _REFERENCE.fullmatch(given)):
            raise BadRequest(f"{name}: a secret is named as env:NAME or file:NAME")
    return checked(kind, settings)


def checked(kind: str, settings: Mapping[str, Any]) -> Any:
    """A kind's settings from plain values. Raises BadRequest as `read`."""
    try:
        return TypeAdapter(kind_of(kind).settings).validate_python(dict(settings))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        said = [f"{'.'.join(map(str, one['loc']))[:64]}: {_said(one)}" for one in faults]
        raise BadRequest("; ".join(said)[:1_000]) from None


def make(
    kind: str, settings: Mapping[str, Any], secrets: Secrets, outbound: Outbound | None = None
) -> Receiver:
    """Raises BadRequest as `read`, and NoSecret where a secret that is named is not there. Without
    ``outbound``, connections go to public addresses only."""
    read(kind, settings)
    named = {name: settings[name] for name in kind_of(kind).secrets if settings.get(name) is not None}
    known = {name: secrets.read(reference) for name, reference in named.items()}
    return built(kind, {**settings, **known}, outbound or Outbound())


def built(kind: str, settings: Mapping[str, Any], outbound: Outbound) -> Receiver:
    """A receiver of plain values, with secrets already read. Raises BadRequest."""
    return kind_of(kind).build(checked(kind, settings), outbound)


def _said(fault: Any) -> str:
    unknown = fault["type"] in ("extra_forbidden", "unexpected_keyword_argument")
    return "no such setting" if unknown else str(fault["msg"])
