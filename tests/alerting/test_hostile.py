"""Names that others chose appear as text in every channel, whatever is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.message import message, plain
from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import alertmanager, pagerduty, slack, teams, webhook
from monitor.alerting.receivers.apprise import _body, harmless
from monitor.alerting.receivers.mail import MailSettings, compose
from monitor.alerting.receivers.mail_html import page
from monitor.alerting.text import shown
from monitor.domain.notice import Notice, NoticeKind, Rejected
from tests.alerting.corpus import CORPUS
from tests.alerting.making import PICTURE, notice, serving

ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u061c\ud800-\udfff]")
SENT = MailSettings(host="mail.example", sender="w@a.example", recipients=("b@c.example",))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def hostile(name: str) -> list[Notice]:
    kinds = (NoticeKind.OPENED, NoticeKind.UPDATED, NoticeKind.CLOSED, NoticeKind.DIGEST)
    return [notice(kind, 2, name=name) for kind in kinds]


each = pytest.mark.parametrize("name", CORPUS.values(), ids=list(CORPUS))


@each
def test_a_message_is_bounded_lines_of_text(name: str) -> None:
    for told in map(message, hostile(name)):
        lines = [told.title, *(v for _, v in told.facts), *(li for s in told.sections for li in s.lines)]
        assert not any(ACTING.search(line) for line in lines)
        assert max(map(len, lines)) <= 300
        plain(told).encode()


@each
def test_slack_reads_no_markup_of_ours(name: str) -> None:
    for one in hostile(name):
        body = slack.payload(one)
        assert not re.search("[<>]", body["text"])
        assert not any(ACTING.search(t.strip("\n").replace("\n", "")) for t in strings(body))
        kinds = {block["type"] for block in body["blocks"]}
        assert kinds <= {"header", "rich_text", "actions"}
        assert '"type": "mrkdwn"' not in json.dumps(body)
        assert set(types(body["blocks"])) <= {
            *("header", "plain_text", "rich_text", "rich_text_section", "rich_text_list", "text", "actions"),
            "button",
        }


def types(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value["type"]
        for inner in value.values():
            yield from types(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from types(inner)


@each
def test_teams_reads_no_markdown_of_ours(name: str) -> None:
    for one in hostile(name):
        body = teams.card(message(one), 50)
        assert set(types(body)) <= {"message", "AdaptiveCard", "RichTextBlock", "TextRun", "Action.OpenUrl"}
        assert all(not ACTING.search(text) for text in strings(body))


@each
def test_a_card_fits_into_teams(name: str) -> None:
    with serving() as server:
        settings = teams.TeamsSettings(url=server.url)  # type: ignore[arg-type]
        receiver = teams.build(settings, Outbound(["127.0.0.1"]))
        for one in hostile(name):
            receiver.deliver(one)
        assert max(len(asked.body) for asked in server.asked) <= teams.PAYLOAD_BYTES


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@each
def test_a_mail_has_our_headers_and_our_links_only(name: str) -> None:
    for one in hostile(name):
        letter = compose(one, SENT)
        read = message_from_bytes(letter.as_bytes(), policy=default)
        assert read["Bcc"] is None
        assert read["To"] == "b@c.example"
        assert not re.search(r"[\r\n]", str(read["Subject"]))
        html = cast(EmailMessage, read.get_body(("html",))).get_content()
        parsed = Page()
        parsed.feed(html)
        assert parsed.tags <= {"html", "body", "p", "h1", "h2", "table", "tr", "td", "ul", "li", "a", "img"}
        assert all(link.startswith("https://watchkeeper.example/") for link in parsed.links)
        text = cast(EmailMessage, read.get_body(("plain",))).get_content()
        assert set(re.findall(r"\w+://[\w.]+", text)) <= {"https://watchkeeper.example"}


@each
def test_pagerduty_and_webhook_stay_within_their_limits(name: str) -> None:
    settings = pagerduty.PagerDutySettings(routing_key="x" * 32)  # type: ignore[arg-type]
    for one in hostile(name):
        assert len(json.dumps(webhook.payload(one)).encode()) <= webhook.PAYLOAD_BYTES
        if one.kind is not NoticeKind.DIGEST:
            event = pagerduty.body(one, settings)
            assert len(json.dumps(event)) <= pagerduty.PAYLOAD_BYTES
            if one.kind is not NoticeKind.CLOSED:
                assert 0 < len(event["payload"]["summary"]) <= pagerduty.SUMMARY_MAX


@each
def test_alertmanager_gets_labels_of_its_own_rules(name: str) -> None:
    for one in hostile(name):
        if one.kind is NoticeKind.DIGEST:
            continue
        alert = alertmanager.alert(one, {"source": name})
        assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", label) for label in alert["labels"])
        assert all(0 < len(value) <= 256 and not ACTING.search(value) for value in alert["labels"].values())


@each
def test_apprise_gets_nothing_that_a_service_reads(name: str) -> None:
    for told in map(message, hostile(name)):
        assert not re.search(r"[<>@\[\]`*_~|]", harmless(told.subject))
        urls = set(re.findall(r"\w+://[\w.]+", _body(told)))
        assert urls <= {"https://watchkeeper.example"}


@given(st.text(max_size=400), st.integers(1, 320))
def test_shown_text_is_short_and_does_nothing(text: str, most: int) -> None:
    found = shown(text, most)
    assert len(found) <= most
    assert not ACTING.search(found)
    assert shown(found, most) == found
    found.encode()


@pytest.mark.parametrize("url", ["javascript:alert(1)", 'https://a.example/"><script>', "http://x y", "//a"])
def test_links_that_are_none_are_left_out(url: str) -> None:
    told = message(notice(url=url, labels={"noise": url}))
    assert told.link is None
    assert told.labels == ()
    assert "<script" not in page(told)


def test_a_key_too_long_is_rejected() -> None:
    settings = pagerduty.PagerDutySettings(routing_key="x" * 32)  # type: ignore[arg-type]
    with pytest.raises(Rejected):
        pagerduty.body(notice(key="k" * 256), settings)


def test_pictures_are_part_of_the_mail() -> None:
    letter = compose(notice(pictures=(PICTURE,)), SENT)
    images = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in images] == ["<picture-0>"]
    assert images[0].get_content() == PICTURE.png
    assert 'src="cid:picture-0"' in letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
