"""An enclosure around code of others that makes connections of its own: what may not be connected to, is not.

Python tells an audit hook of every connection before it is made, with the address that it goes to. The hook
is there once for the whole process, and acts only in threads that are inside an enclosure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import Any

from monitor.alerting.outbound import Outbound, resolved

_FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "socket.bind",
)
_here = local()
_lock = Lock()
_there = False


class Escape(PermissionError):
    """Something that the enclosure does not let through."""


@contextmanager
def enclosed(outbound: Outbound, on_escape: Callable[[Escape], None] = lambda _: None) -> Iterator[None]:
    """In this thread, until it ends: connections only to where ``outbound`` may go, no further processes, no
    local sockets. Raises Escape into the code that tries, which may swallow it: ``on_escape`` hears of it."""
    _install()
    _here.outbound, _here.named, _here.heard = outbound, set(), on_escape
    try:
        yield
    finally:
        _here.outbound = None


def _install() -> None:
    global _there
    with _lock:
        if not _there:
            sys.addaudithook(_hook)
            _there = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    outbound = getattr(_here, "outbound", None)
    if outbound is None:
        return
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) and address else None
        if not isinstance(host, str) or not (outbound.may(host) or host in _here.named):
            _stop("not a public address, and not among alerts.reachable")
    elif event == "socket.getaddrinfo":
        _named(outbound, arguments[0])
    elif event in _FORBIDDEN or event.startswith("syslog."):
        _stop("only connections are let through")


def _stop(why: str) -> None:
    error = Escape(why)
    _here.heard(error)
    raise error


def _named(outbound: Outbound, host: Any) -> None:
    """A name that may be anywhere: so may its addresses."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if isinstance(text, str) and outbound.allows(text):
        _here.outbound = None  # this look-up is ours
        try:
            _here.named.update(resolved(text, 0))
        except OSError:
            pass  # the look-up that follows will say so
        finally:
            _here.outbound = outbound
