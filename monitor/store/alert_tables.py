"""The tables of alerting. Routes and receivers are typed in by people, and in every backup; so is the outbox,
since what lies in it has not been told yet. Times are integer UTC milliseconds."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, String, Table, Text

from monitor.store.metadata import METADATA, NUMBER

ALERT_STEPS = Table(
    "alert_steps",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("incident_id", String(80), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("told_ms", BigInteger, nullable=False),
    Column("newest_ms", BigInteger, nullable=False),
    Column("cadence_ms", BigInteger, nullable=False),
    Column("transition", JSON, nullable=False),
    Column("incident", JSON, nullable=False),
    Column("series", JSON, nullable=False),
    Column("kinds", JSON, nullable=False),
    Index(None, "incident_id", "sequence", unique=True),
    Index(None, "newest_ms", "incident_id"),
    Index(None, "told_ms"),
)
"""Transitions with what routes decide by: what a preview reads. ``series``: [[metric, [[key, value], …]], …]
of members that no earlier step told of."""

ALERT_STANDINGS = Table(
    "alert_standings",
    METADATA,
    Column("incident_id", String(80), primary_key=True),
    Column("active", Integer, nullable=False, index=True),
    Column("body", JSON, nullable=False),
)
"""What was said of each incident. ``active``: 1 while time alone may have something told of it."""

ALERT_HOLDINGS = Table(
    "alert_holdings",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("incident_id", String(80), nullable=False, index=True),
    Column("by", String(80), nullable=False, index=True),
    Column("route", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("why", Text, nullable=False),
)

ALERT_CLOCK = Table(
    "alert_clock",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("reached_ms", BigInteger, nullable=False),
)
"""One row: the wall time up to which alerting has decided what time brings about."""

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("receiver", String(128), nullable=False),
    Column("route", String(128), nullable=False),
    Column("key", String(255), nullable=False),
    Column("incident_id", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("event_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", JSON, nullable=False),
    Column("title", Text, nullable=False),
    Column("incidents", JSON, nullable=False),
    Column("answer", Text, nullable=False),
    Column("done_ms", BigInteger),
    Index(None, "state", "receiver", "due_ms"),
    Index(None, "receiver", "key", "id"),
    Index(None, "incident_id", "id"),
    Index(None, "done_ms"),
)
"""The outbox, and what became of what was in it. Rows that wait are written with the transition."""

ROUTES = Table(
    "routes",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("body", JSON, nullable=False),
)

RECEIVERS = Table(
    "receivers",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("team", Text),
    Column("fallback", String(128), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("unreachable_ms", BigInteger),
    Column("trouble", Text, nullable=False),
)
"""``settings`` name secrets by reference, and hold none. ``unreachable_ms``: since when, where a notice for
it was given up and none was taken since."""

BUDGETS = Table(
    "budgets",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("body", JSON, nullable=False),
    Column("level", Float, nullable=False),
    Column("reached_ms", BigInteger),
)
