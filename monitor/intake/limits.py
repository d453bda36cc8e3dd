"""How much the intake takes, as settings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from monitor.domain.batch import Reason
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity

RESERVED_PREFIX = "watchkeeper."
# C0, DEL and C1, and lone surrogates, which no encoding can store.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CGROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class Limits:
    """Each field is a setting of the same name; what exceeds it is refused, never cut.

    Byte lengths are of UTF-8. ``series_max`` None: see `series_limit`. ``tag_values_max`` is of one
    tag key in one shard, ``time_zones_max`` of what the tags in one shard name; ``late_ms_max`` and
    ``declarations_max``, ``patterns_max`` and ``teams_max`` are of declarations.
    ``backlog_*``: what is taken in and not yet applied.

    >>> Limits().samples_per_request_max
    50000
    """

    body_wire_bytes_max: int = 10 << 20
    body_decoded_bytes_max: int = 64 << 20
    samples_per_request_max: int = 50_000
    series_max: int | None = None
    tags_per_series_max: int = 40
    tag_name_bytes_max: int = 256
    tag_value_bytes_max: int = 2 << 10
    metric_name_bytes_max: int = 512
    tag_values_max: int = 10_000
    time_zones_max: int = 100
    declarations_max: int = 10_000
    patterns_max: int = 1_000
    teams_max: int = 1_000
    future_ms_max: int = 10 * MINUTE_MS
    late_ms_max: int = 60 * MINUTE_MS
    backlog_bytes_max: int = 2 << 30
    backlog_s_max: int = 10 * 60
    json_depth_max: int = 16
    number_digits_max: int = 64
    line_bytes_max: int = 64 << 10

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")


_DEFAULT = Limits()


def check_identity(
    identity: Identity, limits: Limits = _DEFAULT, *, reserved_allowed: bool = False
) -> Reason | None:
    """BAD_NAME for an identity that is not stored, None for one that is.

    Refused are an empty metric, tag key or tag value, control characters, anything longer than its
    limit, more tags than the limit, a repeated tag key, and the prefix ``watchkeeper.`` of our own
    metrics unless ``reserved_allowed``. Cost: some 1 µs a tag, once per new series.

    >>> check_identity(Identity.of("orders", {"country": "NL"})) is None
    True
    >>> check_identity(Identity.of("or\\nders"))
    <Reason.BAD_NAME: 'bad_name'>
    """
    if identity.metric.startswith(RESERVED_PREFIX) and not reserved_allowed:
        return Reason.BAD_NAME
    if not _fits(identity.metric, limits.metric_name_bytes_max):
        return Reason.BAD_NAME
    if len(identity.tags) > limits.tags_per_series_max:
        return Reason.BAD_NAME
    if len({key for key, _ in identity.tags}) != len(identity.tags):
        return Reason.BAD_NAME
    for key, value in identity.tags:
        if not (_fits(key, limits.tag_name_bytes_max) and _fits(value, limits.tag_value_bytes_max)):
            return Reason.BAD_NAME
    return None


def check_canonical(
    canonical: bytes, limits: Limits = _DEFAULT, *, reserved_allowed: bool = False
) -> Reason | None:
    """`check_identity` of an identity's canonical bytes; BAD_NAME also for what is no such thing."""
    try:
        identity = Identity.from_canonical(canonical)
    except UnicodeDecodeError:
        return Reason.BAD_NAME
    if identity.canonical() != canonical or list(identity.tags) != sorted(identity.tags):
        return Reason.BAD_NAME
    return check_identity(identity, limits, reserved_allowed=reserved_allowed)


def series_limit(memory_bytes: int, bytes_per_series: int, share: float = 0.7) -> int:
    """How many series ``share`` of the memory holds, at least 1.

    >>> series_limit(24 << 30, 400)
    45097156
    """
    return max(1, int(memory_bytes * share) // bytes_per_series)


def memory_bytes() -> int:
    """Memory this process may use: of the machine, or of its control group if that is less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _CGROUP_FILES:
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            sizes.append(int(text))
    return min(sizes)


def _fits(text: str, bytes_max: int) -> bool:
    return bool(text) and not _UNPRINTABLE.search(text) and len(text.encode()) <= bytes_max
