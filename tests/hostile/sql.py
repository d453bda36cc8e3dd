"""Hostile rows and statements of a database that is asked by SQL, and what comes of them.

Each is asked for ``amount`` by ``country`` in one minute: a count, a sum and a mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from monitor.domain.durations import MINUTE_MS
from tests.fakes import NOW_MS

START = NOW_MS // MINUTE_MS * MINUTE_MS
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Query:
    """``kept``: samples of the reading, ``reasons``: of those that were refused; or if it ``fails`` nothing,
    and these words. ``dialects``: where it can be written so; ``said``: settings beside the usual ones."""

    name: str
    query: str
    kept: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    fails: str = ""
    dialects: tuple[str, ...] = BOTH
    said: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def row(amount: str = "1", country: str = "'NL'", ms: str = str(START)) -> str:
    return f"SELECT {ms} AS ms, {amount} AS amount, {country} AS country"


def cases() -> list[Query]:
    good, other, empty, huge = row(), row(country="'DE'"), row("''"), row(str(2**63 - 1))
    lite, pg = BOTH[:1], BOTH[1:]
    no_number = "text that is no number"
    naive = f"'{datetime.fromtimestamp(START / 1_000, UTC):%Y-%m-%d %H:%M:%S}'"
    stamped = {"time_type": "timestamp"}
    return [
        Query("good", good, 3),
        Query("ends with a semicolon", good + " ;", 3),
        Query("ends with a comment", good + " -- all of them", 3),
        Query("a colon in it", row(country="'a:b'"), 3),
        Query("no row", good + " WHERE 1 = 0", 0),
        Query("NULL is missing, and its row counts", row("CAST(NULL AS FLOAT)"), 1),
        Query("NULL is no tag", row(country="NULL"), 3),
        Query("an empty text is no tag", row(country="''"), 3),
        Query("a number as a tag", row(country="3"), 3),
        Query("no time", row(ms="CAST(NULL AS BIGINT)"), 0),
        Query("infinity, SQLite", row("9e999"), 1, {"not_finite": 2}, dialects=lite),
        Query("infinity", row("CAST('Infinity' AS FLOAT)"), 1, {"not_finite": 2}, dialects=pg),
        Query("NaN", row("CAST('NaN' AS FLOAT)"), 1, {"not_finite": 2}, dialects=pg),
        Query("a text that is a number", row("'12.5'"), 3, dialects=lite),
        Query("a text, SQLite", row("'abc'"), fails=no_number, dialects=lite),
        Query("a text", row("CAST('abc' AS TEXT)"), fails="sum(text) does not exist", dialects=pg),
        Query("1_000", row("'1_000'"), fails=no_number, dialects=lite),
        Query("a decimal comma", row("'1,5'"), fails=no_number, dialects=lite),
        Query("digits of another script", row("'١٢'"), fails=no_number, dialects=lite),
        Query("bytes", row("x'ff'"), fails=no_number, dialects=lite),
        Query("one text among numbers", f"{good} UNION ALL {empty}", fails=no_number, dialects=lite),
        Query("beyond 64 bits", f"{huge} UNION ALL {huge}", fails="overflow", dialects=lite),
        Query("NUL in a tag", row(country="char(0)"), 0, {"bad_name": 3}, dialects=lite),
        Query("a tag too long", row(country=f"'{'v' * 2_049}'"), 0, {"bad_name": 3}),
        Query("more combinations than allowed", f"{good} UNION ALL {other}", fails="more than 1 combinations",
              said={"rows_max": 1}),
        Query("no such column", f"SELECT {START} AS ms, 1 AS amount", fails="country"),
        Query("no such table", "SELECT ms, amount, country FROM nowhere", fails="nowhere"),
        Query("no SQL", "SELECT FROM WHERE", fails="syntax error"),
        Query("several statements", f"{good}; {good}", fails="syntax error"),
        Query("out of the brackets", f"{good}) AS s; DELETE FROM t; --", fails="syntax error"),
        Query("a naive time is UTC, SQLite", row(ms=naive), 3, dialects=lite, said=stamped),
        Query("a naive time is UTC", row(ms=f"timestamp {naive}"), 3, dialects=pg, said=stamped),
        Query("a word for a time", row(ms="'soon'"), 0, said={"time_type": "iso_text"}),
    ]  # fmt: skip
