"""E-mail against a mail server on loopback."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers import built
from monitor.domain.errors import BadRequest
from monitor.domain.notice import NoticeKind, Rejected, Undelivered
from tests.alerting.making import PICTURE, certificate_of, notice

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PASSWORD = "canary-password"


class Box(MessageHandler):
    """Keeps letters; answers recipients as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Message] = []
        self.refuse: dict[str, str] = {}
        self.answer = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.answer or await super().handle_DATA(server, session, envelope)

    def handle_message(self, message: Message) -> None:
        self.letters.append(message)


def served(box: Box, **more: Any) -> Controller:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, **more)
    server.start()
    return server


def settings(server: Controller, **more: Any) -> dict[str, Any]:
    plain = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "w@a.example"}
    return plain | {"recipients": ["b@c.example", "d@e.example"]} | more


OUT = Outbound(["127.0.0.1"])


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def server(box: Box) -> Iterator[Controller]:
    server = served(box)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate_of(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def test_an_incident_is_one_thread_with_its_picture(box: Box, server: Controller) -> None:
    receiver = built("mail", settings(server), OUT)
    receiver.deliver(notice(pictures=(PICTURE,)))
    receiver.deliver(notice(NoticeKind.UPDATED, 2, changed=("it grew",)))
    receiver.deliver(notice(NoticeKind.CLOSED, 3))
    first, second, third = box.letters
    assert second["References"] == third["References"] == first["Message-ID"]
    assert len({first["Message-ID"], second["Message-ID"], third["Message-ID"]}) == 3
    assert first["X-RcptTo"] == "b@c.example, d@e.example"
    assert "image/png" in [part.get_content_type() for part in first.walk()]
    assert "multipart/alternative" in [part.get_content_type() for part in first.walk()]


@pytest.mark.parametrize(("answer", "kind"), [("451 later", Undelivered), ("550 never", Rejected)])
def test_refusals_by_their_code(box: Box, server: Controller, answer: str, kind: type[Exception]) -> None:
    receiver = built("mail", settings(server), OUT)
    box.answer = answer
    with pytest.raises(kind) as caught:
        receiver.deliver(notice())
    assert "never" not in str(caught.value)
    box.answer, box.refuse = "", {"b@c.example": answer}
    with pytest.raises(kind):
        receiver.deliver(notice())
    box.refuse["d@e.example"] = answer
    with pytest.raises(kind):
        receiver.deliver(notice())


def test_no_server_is_worth_another_try(box: Box, server: Controller) -> None:
    gone = settings(server, port=1)
    with pytest.raises(Undelivered):
        built("mail", gone, OUT).deliver(notice())


def test_a_mail_server_inside_is_refused(server: Controller) -> None:
    with pytest.raises(Rejected, match="not among"):
        built("mail", settings(server), Outbound()).deliver(notice())


def test_starttls_is_not_done_without(server: Controller) -> None:
    with pytest.raises(Rejected, match="STARTTLS"):
        built("mail", settings(server, security="starttls"), OUT).deliver(notice())


def told(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_under_tls_the_certificate_counts(box: Box, certificate: tuple[Path, Path], security: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    login = {"authenticator": told, "auth_require_tls": security == "starttls"}
    kind = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    server = served(box, **kind, **login)
    try:
        asked = settings(server, security=security, username="u", password=PASSWORD)
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        built("mail", asked, Outbound(["127.0.0.1"], trust=trust)).deliver(notice())
        assert len(box.letters) == 1
        with pytest.raises(Undelivered):  # signed by nobody that is trusted
            built("mail", asked, OUT).deliver(notice())
        wrong = asked | {"password": "wrong"}
        with pytest.raises(Rejected, match="password") as caught:
            built("mail", wrong, Outbound(["127.0.0.1"], trust=trust)).deliver(notice())
        assert "wrong" not in str(caught.value)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "fault",
    [
        {"recipients": []},
        {"recipients": ["a@b.example\r\nBcc: c@d.example"]},
        {"sender": "no address"},
        {"recipients": ["a@b, c@d"]},
        {"security": "none", "username": "u"},
        {"security": "ssl"},
    ],
)
def test_settings_that_cannot_be(server: Controller, fault: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        built("mail", settings(server) | fault, OUT)


def test_a_server_that_says_nothing_is_left(box: Box) -> None:
    from monitor.alerting.receivers import mail

    with socket.socket() as silent, pytest.MonkeyPatch.context() as patched:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        patched.setattr(mail, "DEADLINE_S", 0.4)
        patched.setattr(mail, "TIMEOUT_S", 0.4)
        began = time.monotonic()
        asked = {"host": "127.0.0.1", "port": silent.getsockname()[1], "security": "none"}
        asked |= {"sender": "a@b.example", "recipients": ["c@d.example"]}
        with pytest.raises(Undelivered):
            built("mail", asked, OUT).deliver(notice())
        assert time.monotonic() - began < 5.0
