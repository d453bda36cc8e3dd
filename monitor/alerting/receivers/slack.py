"""Slack: by an incoming webhook, or as an app by ``chat.postMessage``, then in one thread an incident.

All text goes as ``rich_text`` elements of type text, which Slack shows as they are: no mention, link or
emphasis can be written in them. The short text for notifications is parsed, so it is escaped.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from pydantic import SecretStr, model_validator
from pydantic.dataclasses import dataclass

from monitor.alerting.message import Link, Message, Section, message
from monitor.alerting.outbound import Outbound, Reply, checked
from monitor.alerting.receivers.config import STRICT, encoded
from monitor.domain.notice import Notice, Receiver, Rejected, Undelivered

API = "https://slack.com/api"
PAYLOAD_BYTES = 100_000
HEADER_MAX = 150
BUTTON_MAX = 75
ALT_MAX = 400
_BUTTONS_MAX = 25
_THREADS_MAX = 10_000
_LATER = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"} | {
    "request_timeout",
    "team_added_to_org",
    "message_limit_exceeded",
}
_NEVER = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"} | {
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "missing_scope",
    "invalid_blocks",
    "msg_too_long",
    "restricted_action",
}


@dataclass(config=STRICT, frozen=True, kw_only=True)
class SlackSettings:
    """Either ``webhook_url``, or ``token`` and ``channel`` (its id). ``api_url``: for a stand-in."""

    webhook_url: SecretStr | None = None
    token: SecretStr | None = None
    channel: str = ""
    api_url: str = API

    @model_validator(mode="after")
    def _one_way(self) -> SlackSettings:
        if (self.webhook_url is None) == (self.token is None) or bool(self.token) != bool(self.channel):
            raise ValueError("either webhook_url, or token and channel")
        return self


class Slack:
    """As an app it remembers the threads of the last 10,000 incidents; others begin a new one."""

    def __init__(self, settings: SlackSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound
        self._threads: OrderedDict[str, str] = OrderedDict()

    def deliver(self, notice: Notice) -> None:
        """Slack fetches a chart while it takes the message, and refuses the whole if it cannot: so a refused
        one is sent once more without."""
        try:
            self._send(notice, payload(notice))
        except Rejected:
            if not notice.chart:
                raise
            self._send(notice, payload(replace(notice, chart="")))

    def _send(self, notice: Notice, body: dict[str, Any]) -> None:
        if self._settings.webhook_url is not None:
            url = self._settings.webhook_url.get_secret_value()
            checked(self._outbound.post(url, encoded(body, PAYLOAD_BYTES)), "Slack")
        else:
            self._as_app(notice, body)

    def close(self) -> None:
        """Nothing is kept open."""

    def _as_app(self, notice: Notice, body: dict[str, Any]) -> None:
        body["channel"] = self._settings.channel
        thread = self._threads.get(notice.key)
        if thread is not None:
            body |= {"thread_ts": thread, "reply_broadcast": notice.kind.value == "closed"}
        assert self._settings.token is not None
        headers = {
            "Authorization": f"Bearer {self._settings.token.get_secret_value()}",
            "Content-Type": "application/json; charset=utf-8",
        }
        url = f"{self._settings.api_url.rstrip('/')}/chat.postMessage"
        answer = said(self._outbound.post(url, encoded(body, PAYLOAD_BYTES), headers))
        if thread is None and isinstance(answer.get("ts"), str):
            self._threads[notice.key] = answer["ts"][:64]
            while len(self._threads) > _THREADS_MAX:
                self._threads.popitem(last=False)


def build(settings: SlackSettings, outbound: Outbound) -> Receiver:
    return Slack(settings, outbound)


def said(reply: Reply) -> dict[str, Any]:
    """The answer of a method, which may be 200 and yet a refusal."""
    checked(reply, "Slack")
    try:
        answer = json.loads(reply.body)
    except ValueError:
        raise Undelivered("Slack answered no JSON") from None
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        code = answer.get("error") if isinstance(answer, dict) else None
        if code in _LATER:
            raise Undelivered(f"Slack answered {code}", reply.retry_after_s)
        raise Rejected(f"Slack answered {code}" if code in _NEVER else "Slack refused the message")
    return answer


def payload(notice: Notice) -> dict[str, Any]:
    told = message(notice)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(_cut(told.head, HEADER_MAX))},
        {"type": "rich_text", "elements": [_paragraph([_text(told.title, bold=True)]), *_facts(told)]},
    ]
    if told.sections:
        parts = [element for section in told.sections for element in _section(section)]
        blocks.append({"type": "rich_text", "elements": parts})
    if told.chart is not None:
        alt = _cut(told.chart.text, ALT_MAX)
        blocks.append({"type": "image", "image_url": told.chart.url, "alt_text": alt})
    if buttons := _buttons(told):
        blocks.append({"type": "actions", "elements": buttons})
    return {
        "text": escaped(told.subject),
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def escaped(text: str) -> str:
    """For texts that Slack parses.

    >>> escaped("<!channel> & <https://a|b>")
    '&lt;!channel&gt; &amp; &lt;https://a|b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _facts(told: Message) -> list[dict[str, Any]]:
    pieces: list[dict[str, Any]] = []
    for place, (name, value) in enumerate(told.facts):
        pieces += [_text(("\n" if place else "") + name + ": ", bold=True), _text(value)]
    return [_paragraph(pieces)] if pieces else []


def _section(section: Section) -> list[dict[str, Any]]:
    items = [_paragraph([_text(line)]) for line in section.lines]
    return [
        _paragraph([_text(section.title, bold=True)]),
        {"type": "rich_text_list", "style": "bullet", "elements": items},
    ]


def _buttons(told: Message) -> list[dict[str, Any]]:
    links = ([told.link] if told.link else []) + [Link(f"Label: {one.text}", one.url) for one in told.labels]
    return [
        {
            "type": "button",
            "action_id": f"link-{place}",
            "text": _plain(_cut(one.text, BUTTON_MAX)),
            "url": one.url,
        }
        for place, one in enumerate(links[:_BUTTONS_MAX])
    ]


def _paragraph(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": pieces}


def _text(text: str, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": escaped(text), "emoji": False}


def _cut(text: str, most: int) -> str:
    """So that it is within ``most`` once escaped."""
    while len(escaped(text)) > most:
        text = text[:-1]
    return text
