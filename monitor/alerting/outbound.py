"""The one way out: requests to addresses that people have named, which might be any address.

A name is resolved once and the connection made to what was found, so that a name which changes its mind
between look and use gains nothing. Redirects are not followed, proxies of the environment not used, and what
the other side says is read up to 64 KiB and shown to nobody.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address, ip_network
from typing import Any

import httpx2

from monitor.alerting.addresses import is_public, unwrapped
from monitor.alerting.deadline import Deadline
from monitor.domain.notice import Rejected, Undelivered

TIMEOUT_S = 10.0
REPLY_BYTES = 64 * 2**10
RETRY_AFTER_S_MAX = 3_600.0
_ADDRESSES_TRIED = 3
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")

for _name in ("httpx2", "httpcore2", "urllib3"):  # they quote addresses, which may be secrets
    logging.getLogger(_name).setLevel(logging.WARNING)

Resolve = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """``body``: at most 64 KiB, for code to look at and never for people to see."""

    status: int
    body: bytes
    retry_after_s: float | None


def resolved(host: str, port: int) -> list[str]:
    """Addresses of a name, as the system knows them. Takes as long as the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Outbound:
    """``allowed``: names of hosts, and networks such as ``10.1.0.0/16``, that may be connected to although
    they are not public; set by whoever runs the server, not by those who name receivers. ``deadline_s`` is
    for a request as a whole, from its connection on. Blocking, thread-safe; a connection for each request.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        resolve: Resolve = resolved,
        deadline_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        named = [text.strip().lower() for text in allowed]
        self._networks = [ip_network(text, strict=False) for text in named if _is_network(text)]
        self._hosts = {text for text in named if not _is_network(text)}
        self._resolve = resolve
        self._deadline_s = deadline_s
        self.trust = trust or ssl.create_default_context()
        self._http = httpx2.Client(
            verify=self.trust,
            timeout=deadline_s,
            trust_env=False,
            follow_redirects=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def addresses(self, host: str, port: int) -> list[str]:
        """Where a host may be reached, resolved now. Raises Rejected for one that may not be, Undelivered
        for a name that is not known now."""
        try:
            found = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise Undelivered(f"{_shown(host)} cannot be resolved") from error
        permitted = [text for text in found if self.may(text, host)]
        if not permitted:
            raise Rejected(
                f"{_shown(host)} is at no public address, and its host is not among alerts.reachable"
            )
        return permitted[:_ADDRESSES_TRIED]

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """One try. Raises Rejected for an address that is none or may not be used, Undelivered where no
        answer came. Their words name the host and nothing else of ``url``."""
        try:
            asked = httpx2.URL(url)
            host, port = asked.raw_host.decode("ascii"), asked.port
        except (httpx2.InvalidURL, UnicodeError, TypeError, ValueError):
            raise Rejected("the address is no URL") from None
        if asked.scheme not in ("http", "https") or not host or asked.userinfo:
            raise Rejected("the address must be http:// or https://, with a host and without a password")
        port = port or (443 if asked.scheme == "https" else 80)
        told = {"Host": asked.netloc.decode("ascii"), "Content-Type": "application/json", **(headers or {})}
        failure: Exception | None = None
        for address in self.addresses(host, port):
            try:
                return self._try(asked.copy_with(host=address), host, told, body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error  # nothing was sent: another of its addresses may do
            except (httpx2.HTTPError, OSError) as error:
                raise Undelivered(f"{_shown(host)} gave no answer: {_why(error)}") from None
        raise Undelivered(f"{_shown(host)} cannot be connected to: {_why(failure)}") from None

    def allows(self, host: str) -> bool:
        """Is this a name that may be at any address?"""
        return host.lower().strip("[]") in self._hosts

    def close(self) -> None:
        self._http.close()

    def may(self, text: str, host: str = "") -> bool:
        """May this address be connected to, where it was found under the name ``host``?"""
        try:
            address = unwrapped(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if is_public(address) or self.allows(host):
            return True
        return any(address in network for network in self._networks)

    def _try(self, url: httpx2.URL, host: str, headers: Mapping[str, str], body: bytes) -> Reply:
        with Deadline(self._deadline_s) as deadline:

            def trace(event: str, info: Mapping[str, Any]) -> None:
                if event in _CONNECTED:
                    deadline.watch(info["return_value"].get_extra_info("socket"))

            extensions = {"sni_hostname": host, "trace": trace}
            with self._http.stream(
                "POST", url, content=body, headers=headers, extensions=extensions
            ) as answer:
                found = _read(answer)
            if deadline.passed:
                raise TimeoutError
            return Reply(answer.status_code, found, _retry_after(answer.headers))


def checked(reply: Reply, who: str) -> Reply:
    """The reply itself where it is 2xx. Raises Undelivered or Rejected by its status otherwise."""
    status = reply.status
    if 200 <= status < 300:
        return reply
    if status in (408, 425, 429) or status >= 500:
        raise Undelivered(f"{who} answered {status}", reply.retry_after_s)
    more = "; redirects are not followed" if 300 <= status < 400 else ""
    raise Rejected(f"{who} answered {status}{more}")


def _read(answer: httpx2.Response) -> bytes:
    """Undecoded, so that 64 KiB on the wire are 64 KiB."""
    found = bytearray()
    for piece in answer.iter_raw():
        found += piece
        if len(found) >= REPLY_BYTES:
            break
    return bytes(found[:REPLY_BYTES])


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds or a date, at most an hour; None where it is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_S_MAX)
    try:
        wait_s = parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_S_MAX)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _shown(host: str) -> str:
    return host if host.isprintable() and len(host) <= 253 else "the host"


def _why(error: Exception | None) -> str:
    """The kind of failure: texts of errors may quote an address."""
    if isinstance(error, httpx2.TimeoutException):
        return "timeout"
    if isinstance(error, httpx2.ConnectError):
        return "no connection"
    return "the connection broke"
