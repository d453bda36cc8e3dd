"""The way out: where it goes, where it does not, and that it ends."""

from __future__ import annotations

import ssl
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from monitor.alerting.outbound import REPLY_BYTES, Outbound, checked
from monitor.domain.notice import Rejected, Undelivered
from tests.alerting.making import certificate_of, serving

LITERALS = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "localhost",
    "0.0.0.0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.8",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("host", LITERALS)
def test_what_is_not_public_is_refused(host: str) -> None:
    with pytest.raises((Rejected, Undelivered)) as caught:
        Outbound().post(f"http://{host}:9/secret-path", b"")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.example/", "file:///etc/passwd", "http://", "http://u:p@a.example/", "http://[::1", "\x00"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Rejected):
        Outbound().post(url, b"")


def test_a_name_is_resolved_once_and_the_connection_made_to_what_was_found() -> None:
    answers = iter([["127.0.0.1"], ["10.9.9.9"]])
    with serving() as server:
        port = server.url.rpartition(":")[2]
        outbound = Outbound(["hooks.example"], resolve=lambda host, port: next(answers))
        assert outbound.post(f"http://hooks.example:{port}/x?y=1", b"{}").status == 200
        assert server.asked[0].headers["Host"] == f"hooks.example:{port}"
        assert server.asked[0].path == "/x?y=1"
    assert next(answers) == ["10.9.9.9"]


def test_a_name_that_leads_inside_is_refused() -> None:
    inside = Outbound(resolve=lambda host, port: ["169.254.169.254", "::ffff:10.0.0.1"])
    with pytest.raises(Rejected, match=r"rebind\.example"):
        inside.post("https://rebind.example/secret", b"")


def test_networks_can_be_allowed() -> None:
    with serving() as server:
        assert Outbound(["127.0.0.0/8"]).post(server.url, b"").status == 200
        with pytest.raises(Rejected):
            Outbound(["10.0.0.0/8"]).post(server.url, b"")


def test_redirects_are_not_followed() -> None:
    with serving() as server:
        server.status, server.headers = 302, {"Location": "http://169.254.169.254/latest"}
        reply = Outbound(["127.0.0.1"]).post(server.url, b"")
        with pytest.raises(Rejected, match="redirects"):
            checked(reply, "it")
        assert len(server.asked) == 1


def test_a_reply_is_read_up_to_its_limit() -> None:
    with serving() as server:
        server.body = b"x" * (4 * REPLY_BYTES)
        assert len(Outbound(["127.0.0.1"]).post(server.url, b"").body) == REPLY_BYTES


def test_who_drips_bytes_is_left_at_the_deadline() -> None:
    with serving() as server:
        server.drip_s = 0.05
        began = time.monotonic()
        with pytest.raises(Undelivered):
            Outbound(["127.0.0.1"], deadline_s=0.5).post(server.url, b"")
        assert time.monotonic() - began < 5.0


@pytest.mark.parametrize(
    ("text", "wait_s"), [("7", 7.0), ("999999999999", 3_600.0), ("-1", None), ("soon", None), ("", None)]
)
def test_retry_after_in_seconds(text: str, wait_s: float | None) -> None:
    with serving() as server:
        server.status, server.headers = 429, {"Retry-After": text}
        reply = Outbound(["127.0.0.1"]).post(server.url, b"")
        with pytest.raises(Undelivered) as caught:
            checked(reply, "it")
        assert caught.value.retry_after_s == wait_s


def test_retry_after_as_a_date() -> None:
    with serving() as server:
        server.status, server.headers = 503, {"Retry-After": formatdate(time.time() + 90, usegmt=True)}
        wait_s = Outbound(["127.0.0.1"]).post(server.url, b"").retry_after_s
        assert wait_s is not None
        assert 80 < wait_s <= 90


def test_under_tls_the_name_counts_and_the_address_is_pinned(tmp_path: Path) -> None:
    made, key = certificate_of(tmp_path, "DNS:hooks.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    trust = ssl.create_default_context(cafile=str(made))
    with serving(context) as server:
        port = server.url.rpartition(":")[2]
        named = ["hooks.example", "other.example"]
        outbound = Outbound(named, resolve=lambda host, port: ["127.0.0.1"], trust=trust)
        assert outbound.post(f"https://hooks.example:{port}/", b"{}").status == 200
        assert server.asked[0].headers["Host"] == f"hooks.example:{port}"
        with pytest.raises(Undelivered):  # the certificate is of another name
            outbound.post(f"https://other.example:{port}/", b"{}")
        assert asked == named
        assert len(server.asked) == 1
