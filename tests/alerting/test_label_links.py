"""Links that set a label: for one incident and label, until they expire, and by the server's key only."""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.label_links import DAYS, PATH, LabelLink, LabelLinks
from monitor.alerting.signing import KEY_FILE, NoLink, key_of

PAGE = "https://watchkeeper.example"
LINK = LabelLink("inc-00ab-1f-a", "false alarm", "on-call", 1_000)
LINKS = LabelLinks(b"k" * 32, PAGE, lambda: 0)


def token(link: LabelLink, links: LabelLinks = LINKS) -> str:
    return links.url(link).removeprefix(PAGE + PATH)


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30), st.integers(1, 2**60))
def test_what_was_signed_is_read(incident: str, label: str, receiver: str, until_ms: int) -> None:
    link = LabelLink(incident, label, receiver, until_ms)
    try:
        signed = token(link)
    except UnicodeEncodeError:
        return  # half of a surrogate pair is in no name
    assert LINKS.read(signed) == link
    assert signed.isascii()


@given(st.integers(0, 300), st.sampled_from("AZaz09-_.=/%"))
def test_what_was_changed_is_not(place: int, other: str) -> None:
    signed = token(LINK)
    place %= len(signed)
    changed = signed[:place] + other + signed[place + 1 :]
    if changed != signed:
        with suppress(NoLink):
            assert LINKS.read(changed) == LINK  # bits that Base64 does not use


@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "é.é", "a" * 5_000, ".".join(["YQ"] * 3), "%00.%00"])
def test_what_is_no_link(text: str) -> None:
    with pytest.raises(NoLink, match="no link"):
        LINKS.read(text)


def test_another_key_another_incident_and_another_label_are_refused() -> None:
    with pytest.raises(NoLink):
        LabelLinks(b"o" * 32, PAGE, lambda: 0).read(token(LINK))
    body, _, mac = token(LINK).partition(".")
    for other in (
        replace(LINK, incident="inc-2"),
        replace(LINK, label="true"),
        replace(LINK, until_ms=2**60),
    ):
        with pytest.raises(NoLink):
            LINKS.read(token(other).partition(".")[0] + "." + mac)
    assert LINKS.read(f"{body}.{mac}") == LINK


def test_a_link_expires() -> None:
    now = [999]
    links = LabelLinks(b"k" * 32, PAGE, lambda: now[0])
    assert links.read(token(LINK)) == LINK
    now[0] = 1_000
    with pytest.raises(NoLink, match="expired"):
        links.read(token(LINK))


def test_links_for_a_notice_hold_a_week_and_need_an_address() -> None:
    urls = LINKS.urls("inc-1", ("true", "false alarm"), "on-call")
    assert list(urls) == ["true", "false alarm"]
    found = LINKS.read(urls["true"].removeprefix(PAGE + PATH))
    assert found == LabelLink("inc-1", "true", "on-call", DAYS * 86_400_000)
    assert LabelLinks(b"k" * 32, "", lambda: 0).urls("inc-1", ("true",), "x") == {}


def test_the_key_is_its_owners_only_and_stays(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    assert len(key) == 32
    assert key_of(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    (tmp_path / KEY_FILE).write_bytes(b"")
    with pytest.raises(ValueError, match="holds no key"):
        key_of(tmp_path)
    (tmp_path / KEY_FILE).unlink()
    assert key_of(tmp_path) != key
