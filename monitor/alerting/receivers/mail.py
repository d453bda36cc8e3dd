"""E-mail by SMTP: text and HTML with the charts in it, and one thread an incident.

Every message of an incident refers to an id made of its key, which is that of its first one; so mail programs
show them together. The message's own id is made of key and sequence: a repeat can be told.
"""

from __future__ import annotations

import hashlib
import smtplib
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Literal

from pydantic import SecretStr, field_validator, model_validator
from pydantic.dataclasses import dataclass

from monitor.alerting.deadline import Deadline
from monitor.alerting.message import Message, message, plain
from monitor.alerting.outbound import TIMEOUT_S, Outbound
from monitor.alerting.receivers.config import STRICT
from monitor.alerting.receivers.mail_html import page
from monitor.alerting.text import shown, unlinked, within
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected, Undelivered

SUBJECT_BYTES = 180
DEADLINE_S = 60.0
RECIPIENTS_MAX = 50


@dataclass(config=STRICT, frozen=True, kw_only=True)
class MailSettings:
    """``security``: ``tls`` from the first byte (usually port 465), ``starttls`` (587), or ``none``, which
    goes without a password only."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")

    @field_validator("sender", "recipients")
    @classmethod
    def _are_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        listed = (value,) if isinstance(value, str) else value
        if not 0 < len(listed) <= RECIPIENTS_MAX:
            raise ValueError(f"from 1 to {RECIPIENTS_MAX} addresses")
        for one in listed:
            if not _is_address(one):
                raise ValueError("no address of the form name@domain")
        return value

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> MailSettings:
        if self.security == "none" and self.username:
            raise ValueError("a password is sent under TLS only")
        return self


class Mail:
    """A connection for each message. All of it within a minute, each answer within 10 seconds."""

    def __init__(self, settings: MailSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    def deliver(self, notice: Notice) -> None:
        letter = compose(notice, self._settings)
        addresses = self._outbound.addresses(self._settings.host, self._settings.port)
        with Deadline(DEADLINE_S) as deadline:
            try:
                with self._connected(addresses[0], deadline) as server:
                    refused = server.send_message(letter)
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
            except smtplib.SMTPAuthenticationError:
                raise Rejected("the mail server refused the user name or the password") from None
            except smtplib.SMTPResponseException as error:
                raise _by_code([error.smtp_code]) from None
            except smtplib.SMTPNotSupportedError:
                raise Rejected("the mail server offers no STARTTLS or no login") from None
            except (smtplib.SMTPException, OSError):
                raise Undelivered("the mail server broke off, or does not answer") from None
        if refused:
            raise _by_code([code for code, _ in refused.values()])

    def close(self) -> None:
        """Nothing is kept open."""

    def _connected(self, address: str, deadline: Deadline) -> smtplib.SMTP:
        settings = self._settings
        server: smtplib.SMTP
        if settings.security == "tls":
            server = _PinnedTls(settings.host, settings.port, address, self._outbound.trust)
        else:
            server = _Pinned(settings.host, settings.port, address)
        try:
            deadline.watch(server.sock)
            if settings.security == "starttls":
                server.starttls(context=self._outbound.trust)
                deadline.watch(server.sock)
            if settings.username:
                server.login(settings.username, settings.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


def build(settings: MailSettings, outbound: Outbound) -> Receiver:
    return Mail(settings, outbound)


def compose(notice: Notice, settings: MailSettings) -> EmailMessage:
    """The letter, with ``notice.at_ms`` as its date: it is the same each time it is sent."""
    told = message(notice)
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = within(_subject(told, notice), SUBJECT_BYTES)
    letter["From"] = _named(settings.sender)
    letter["To"] = [_named(one) for one in settings.recipients]
    letter["Date"] = format_datetime(datetime.fromtimestamp(notice.at_ms // 1_000, UTC))
    thread = hashlib.blake2b(notice.key.encode(), digest_size=16).hexdigest()
    domain = settings.sender.rpartition("@")[2]
    first = f"<{thread}@{domain}>"
    if notice.kind is NoticeKind.OPENED and notice.sequence <= 1:
        letter["Message-ID"] = first
    else:
        letter["Message-ID"] = f"<{thread}.{notice.sequence}@{domain}>"
        letter["In-Reply-To"] = letter["References"] = first
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(_text(told))
    letter.add_alternative(page(told), subtype="html")
    html = letter.get_payload()[1]  # type: ignore[index]
    assert isinstance(html, EmailMessage)
    for place, picture in enumerate(told.pictures):
        html.add_related(
            picture.png, "image", "png", cid=f"<picture-{place}>", filename=f"picture-{place}.png"
        )
    return letter


def _subject(told: Message, notice: Notice) -> str:
    """The same within an incident but for what some programs leave out when they look for a thread."""
    return f"Re: {told.title}" if notice.kind is not NoticeKind.OPENED and notice.incident else told.title


def _text(told: Message) -> str:
    """Links of ours stay links; what names contain does not become one."""
    ours = [one.url for one in (told.link, *told.labels) if one is not None]
    lines = [
        line if any(line.endswith(url) for url in ours) else unlinked(line)
        for line in plain(told).splitlines()
    ]
    lines += ["", *(f"[{shown(picture.alt)}]" for picture in told.pictures)]
    return "\n".join(lines) + "\n"


def _by_code(codes: Iterable[int]) -> Exception:
    """For good only where every refusal is: 5xx. Their texts are the server's own and not told."""
    listed = sorted(set(codes))
    words = "the mail server answered " + ", ".join(map(str, listed))
    return Rejected(words) if all(500 <= code < 600 for code in listed) else Undelivered(words)


def _named(text: str) -> Address:
    return Address(addr_spec=text)


def _is_address(text: str) -> bool:
    if not (text.isascii() and text.isprintable() and len(text) <= 254) or any(c in text for c in ' <>,;"\\'):
        return False
    try:
        return bool(Address(addr_spec=text).domain)
    except (ValueError, IndexError):
        return False


class _Pinned(smtplib.SMTP):
    """Connects to the address that was found to be permitted, and calls it by its name."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._address = address
        super().__init__(host, port, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _PinnedTls(smtplib.SMTP_SSL):
    def __init__(self, host: str, port: int, address: str, context: Any) -> None:
        self._address = address
        super().__init__(host, port, timeout=TIMEOUT_S, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain_socket = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain_socket, server_hostname=host)
