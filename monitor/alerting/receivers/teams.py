"""Microsoft Teams: an Adaptive Card posted to a workflow's webhook.

All text that others chose stands in ``TextRun`` elements, in which Teams reads no Markdown. A card has at
most 28 kB there, so a chart is shown by its address.
"""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from pydantic.dataclasses import dataclass

from monitor.alerting.message import Message, message
from monitor.alerting.outbound import Outbound, checked
from monitor.alerting.receivers.config import STRICT, encoded
from monitor.domain.notice import Notice, Receiver

PAYLOAD_BYTES = 28_000
_ACTIONS_MAX = 6
_COLORS = {"critical": "attention", "error": "attention", "warning": "warning", "info": "default"}


@dataclass(config=STRICT, frozen=True, kw_only=True)
class TeamsSettings:
    """``url``: that of a workflow "When a Teams webhook request is received"; it carries its own secret."""

    url: SecretStr


class Teams:
    def __init__(self, settings: TeamsSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    def deliver(self, notice: Notice) -> None:
        told = message(notice)
        lines = max((len(section.lines) for section in told.sections), default=0)
        body = card(told, lines)
        while lines and _size(body) > PAYLOAD_BYTES:
            lines = lines // 2
            body = card(told, lines)
        sent = self._outbound.post(self._settings.url.get_secret_value(), encoded(body, PAYLOAD_BYTES))
        checked(sent, "Teams")

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: TeamsSettings, outbound: Outbound) -> Receiver:
    return Teams(settings, outbound)


def card(told: Message, lines: int) -> dict[str, Any]:
    """The message with at most so many lines a section."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": told.head,
        "body": [
            _block([_run(told.head, weight="bolder", color=_COLORS[told.urgency])]),
            _block([_run(told.title, size="medium", weight="bolder")]),
            *(_block([_run(f"{name}: ", weight="bolder"), _run(value)]) for name, value in told.facts),
            *_sections(told, lines),
            *_chart(told),
        ],
        "actions": _actions(told),
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": content,
    }
    return {"type": "message", "attachments": [attachment]}


def _sections(told: Message, lines: int) -> list[dict[str, Any]]:
    blocks = []
    for section in told.sections:
        blocks.append(_block([_run(section.title, weight="bolder")]) | {"separator": True})
        blocks += [_block([_run(f"• {line}")]) | {"spacing": "none"} for line in section.lines[:lines]]
    return blocks


def _chart(told: Message) -> list[dict[str, Any]]:
    if told.chart is None:
        return []
    return [{"type": "Image", "url": told.chart.url, "altText": told.chart.text, "size": "stretch"}]


def _actions(told: Message) -> list[dict[str, Any]]:
    links = [("Open", told.link.url)] if told.link else []
    links += [(f"Label: {one.text}", one.url) for one in told.labels]
    return [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links[:_ACTIONS_MAX]]


def _block(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}


def _size(body: dict[str, Any]) -> int:
    return len(encoded(body, 2**30))
