"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.domain.errors import BadRequest


def moment(text: str, tz: str, option: str = "--at") -> str:
    """A time as the server takes it; one without an offset is of the zone ``tz``. Raises BadRequest, which
    names the ``option``.

    >>> moment("2013-02-08 14:00", "America/New_York"), moment("1360350000000", "UTC")
    ('2013-02-08T14:00:00-05:00', '1360350000000')
    """
    if text.isascii() and text.isdigit():
        return text
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(tz))).isoformat()
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise BadRequest(f"{option} {text!r} --tz {tz!r}: {error}") from error


def moment_ms(text: str, tz: str, option: str = "--at") -> int:
    """`moment` in epoch milliseconds.

    >>> moment_ms("2026-01-01 01:00", "Europe/Berlin"), moment_ms("5", "UTC")
    (1767225600000, 5)
    """
    said = moment(text, tz, option)
    return int(said) if said.isdigit() else round(datetime.fromisoformat(said).timestamp() * 1_000)
