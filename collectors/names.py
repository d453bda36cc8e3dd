"""Which names a series may bear, and its canonical bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from collectors.errors import Fault
from monitor.domain.batch import Reason
from monitor.domain.series import Identity

METRIC_BYTES_MAX = 512
TAG_KEY_BYTES_MAX = 256
TAG_VALUE_BYTES_MAX = 2048
TAGS_MAX = 40
RESERVED = "watchkeeper."
"""Prefix of our own metrics, which nobody else may send."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def canonical(metric: object, pairs: Iterable[tuple[object, object]]) -> bytes:
    """Canonical identity of a series as it came, tags in any order.

    Raises Fault (``bad_name``): no text, empty, too long, control characters or lone surrogates,
    a tag twice, more than 40 tags, the reserved prefix.

    >>> canonical("m", [("b", "2"), ("a", "1")])
    b'm\\x1fa\\x1e1\\x1fb\\x1e2'
    """
    name = checked(metric, METRIC_BYTES_MAX)
    if name.startswith(RESERVED):
        raise Fault(Reason.BAD_NAME, name)
    tags: dict[str, str] = {}
    for key, value in pairs:
        tag = checked(key, TAG_KEY_BYTES_MAX)
        if tag in tags or tag.startswith(RESERVED):
            raise Fault(Reason.BAD_NAME, tag)
        tags[tag] = checked(value, TAG_VALUE_BYTES_MAX)
    if len(tags) > TAGS_MAX:
        raise Fault(Reason.BAD_NAME, f"{len(tags)} tags")
    return Identity.of(name, tags).canonical()


def checked(text: object, bytes_max: int) -> str:
    if not isinstance(text, str) or not text or _FORBIDDEN.search(text):
        raise Fault(Reason.BAD_NAME, repr(text) if isinstance(text, str) else text)
    if len(text) > bytes_max or (not text.isascii() and len(text.encode()) > bytes_max):
        raise Fault(Reason.BAD_NAME, text)
    return text
