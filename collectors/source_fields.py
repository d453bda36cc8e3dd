"""What declarations of all kinds of sources are made of: strict tables, spans of time, names of secrets."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS

_UNITS_MS = {"s": 1_000, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_DURATION = re.compile(r"(\d{1,6})([smhd])")
REFERENCE = re.compile(r"(env|file):.+")


def duration_ms(text: object) -> int:
    """
    >>> duration_ms("90s"), duration_ms("1d")
    (90000, 86400000)
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a time such as 30s, 5m, 2h or 1d")
    return int(found[1]) * _UNITS_MS[found[2]]


def whole_buckets(bucket_ms: int, **spans_ms: int) -> None:
    """Raises ValueError for a span that ends inside a bucket.

    >>> whole_buckets(60_000, reread=120_000)
    """
    for name, span_ms in spans_ms.items():
        if span_ms % bucket_ms:
            raise ValueError(f"{name}: whole buckets")


Duration = Annotated[int, BeforeValidator(duration_ms), Field(ge=0)]
Span = Annotated[int, BeforeValidator(duration_ms), Field(ge=1_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _reference(text: str) -> str:
    if not REFERENCE.fullmatch(text):
        raise ValueError("a secret is named: env:NAME or file:NAME")
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("a password belongs into env:NAME or file:NAME")
    return text


Secret = Annotated[str, AfterValidator(_reference)]
"""``env:NAME`` or ``file:NAME``; never the secret itself."""
Address = Annotated[str, Field(min_length=1), AfterValidator(_address)]


class Spoken(Strict):
    """What sources have that are spoken to by HTTP. ``token``: of a bearer; ``login``: ``user:password``."""

    token: Secret | None = None
    login: Secret | None = None
    body_bytes_max: Annotated[int, Field(ge=1_024, le=1 << 30)] = 32 << 20
