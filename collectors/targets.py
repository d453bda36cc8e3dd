"""Where a scrape goes: hosts and ports as declared, and the addresses that names resolve to."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence

from collectors.pulled import SourceFailed

Resolve = Callable[[str, int], Sequence[str]]
"""Addresses of a name. Raises OSError."""

TARGETS_MAX = 500
"""Of one source, those that names resolve to included."""

_HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/@?#\[\]]+):(\d{1,5})")


def split_host(text: str) -> tuple[str, int]:
    """Raises ValueError.

    >>> split_host("node.example:9100"), split_host("[::1]:9100")
    (('node.example', 9100), ('::1', 9100))
    """
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65_536:
        raise ValueError(f"{text}: a target is host:port")
    return found[1].strip("[]"), int(found[2])


def resolved(name: str, port: int) -> list[str]:
    """Every address of a name, in order. How long it may take is the resolver's to say."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


def instances(targets: Sequence[str], dns: Sequence[str], resolve: Resolve = resolved) -> list[str]:
    """Targets as ``host:port``, each once. Raises SourceFailed where a name cannot be resolved."""
    found = list(targets)
    for text in dns:
        name, port = split_host(text)
        try:
            addresses = resolve(name, port)
        except OSError as error:
            raise SourceFailed(f"{name} cannot be resolved: {error.strerror or error}") from None
        found += (f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in addresses)
    if len(set(found)) > TARGETS_MAX:
        raise SourceFailed(f"more than {TARGETS_MAX} targets")
    return list(dict.fromkeys(found))
