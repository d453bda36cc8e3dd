"""Everything that Apprise supports, by its URL. Needs the extra ``apprise``.

Apprise makes its own connections, so it runs inside an enclosure, and follows no redirects. It tells only
that something went wrong: so every failure is tried again. Since each service has markup and mentions of its
own, characters that begin one are replaced by others that look like them.
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import SecretStr
from pydantic.dataclasses import dataclass

from monitor.alerting.enclosure import Escape, enclosed
from monitor.alerting.message import Message, lines_of, message
from monitor.alerting.outbound import TIMEOUT_S, Outbound
from monitor.alerting.receivers.config import STRICT
from monitor.alerting.text import unlinked
from monitor.domain.notice import Notice, NoticeKind, Receiver, Rejected, Undelivered

_LOOK_ALIKES = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "@": "＠",
        "[": "［",
        "]": "］",
        "`": "ˋ",
        "*": "∗",
        "_": "＿",
        "~": "∼",
        "|": "∣",
        "&": "＆",
    }
    | {"#": "＃"}
)


@dataclass(config=STRICT, frozen=True, kw_only=True)
class AppriseSettings:
    """``url``: one address in Apprise's own form, with its secrets. ``pictures``: attach the charts, where
    the service can take them."""

    url: SecretStr
    pictures: bool = True


class Apprise:
    """Raises Rejected where the URL is none that Apprise knows, or leads where it may not."""

    def __init__(self, settings: AppriseSettings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    def deliver(self, notice: Notice) -> None:
        told = message(notice)
        escapes: list[Escape] = []
        service = _service(self._settings.url.get_secret_value())
        attached = _attachments(told) if self._settings.pictures else None
        try:
            with enclosed(self._outbound, escapes.append):
                taken = bool(
                    service.notify(
                        title=harmless(told.subject),
                        body=_body(told),
                        notify_type=_type(notice, told),
                        body_format="text",
                        attach=attached,
                    )
                )
        except Exception:  # whatever a hundred services' code may raise
            taken = False
        if escapes:
            raise Rejected("the service is at no public address, and its host is not among alerts.reachable")
        if not taken:
            raise Undelivered("the service did not take the message")

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: AppriseSettings, outbound: Outbound) -> Receiver:
    return Apprise(settings, outbound)


def harmless(text: str) -> str:
    """
    >>> harmless("<!channel> @everyone [x](https://evil.example)")
    '‹!channel› ＠everyone ［x］(https：//evil.example)'
    """
    return unlinked(text).replace("[:]//", "：//").replace("www[.]", "www．").translate(_LOOK_ALIKES)


def _service(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise Rejected("Apprise is not installed: pip install apprise") from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it quotes addresses and answers
    service = apprise.Apprise.instantiate(url)
    if service is None:
        raise Rejected("Apprise knows no such address")
    service.redirects = False
    service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT_S
    return service


def _body(told: Message) -> str:
    lines = [harmless(line) for line in lines_of(told)]
    if told.link is not None:
        lines += ["", f"{told.link.text}: {told.link.url}"]
    if told.labels:
        lines += ["Say what it was:", *(f"{harmless(one.text)}: {one.url}" for one in told.labels)]
    return "\n".join(lines)


def _type(notice: Notice, told: Message) -> Any:
    from apprise import NotifyType

    if notice.kind is NoticeKind.CLOSED:
        return NotifyType.SUCCESS
    if told.urgency in ("critical", "error"):
        return NotifyType.FAILURE
    return NotifyType.WARNING if told.urgency == "warning" else NotifyType.INFO


def _attachments(told: Message) -> Any:
    from apprise import AppriseAttachment
    from apprise.attachment.memory import AttachMemory

    if not told.pictures:
        return None
    of_memory: Any = AttachMemory
    attached = AppriseAttachment()
    for place, picture in enumerate(told.pictures):
        attached.add(of_memory(content=picture.png, name=f"picture-{place}.png", mimetype="image/png"))
    return attached
