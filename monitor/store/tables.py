"""The relational tables. Those up to ``incident_transitions`` are projections: the intake log says the same
again. Those of access are typed in by people, and in every backup. Times are integer UTC milliseconds."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    true,
)

import monitor.store.alert_tables  # noqa: F401, so that METADATA has all tables
from monitor.store.metadata import METADATA as METADATA

SHARD_PROGRESS = Table(
    "shard_progress",
    METADATA,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("clock_ms", BigInteger, nullable=False),
)

SERIES = Table(
    "series",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("metric", Text, nullable=False, index=True),
    Column("tags", JSON, nullable=False),
    Column("name", Text, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
)
"""Series that ever had an anomaly; the shards hold the catalogue of all. ``tags``: [[key, value], …]."""

ANOMALIES = Table(
    "anomalies",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("direction", Integer, nullable=False),
    Column("onset_ms", BigInteger, nullable=False),
    Column("peak_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("score", Float(53), nullable=False),
    Column("value", Float(53)),
    Column("expected", Float(53)),
    Column("lower", Float(53)),
    Column("upper", Float(53)),
    Column("buckets", BigInteger, nullable=False),
    Column("cadence_ms", BigInteger, nullable=False),
    Column("joined", JSON, nullable=False),
    Column("bonds", JSON),
    Column("team", Text, nullable=False, server_default=""),
    Column("weight", Float(53), nullable=False, server_default="1"),
    Column("muted_until_ms", BigInteger),
    Column("heard_ms", BigInteger),
    Index(None, "onset_ms", "id"),
    Index(None, "team", "onset_ms", "id"),
    Index(None, "series_id", "onset_ms"),
    Index(None, "kind", "peak_ms"),
    Index(None, "muted_until_ms"),
)
"""NULL in ``value`` … ``upper`` is NaN. ``joined``: ids of the groups it joined in the sweep; ``bonds``:
why, a list for each of [kind, other anomaly, decades, lag, what]."""

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("founder_id", ForeignKey("anomalies.id"), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("score", Float(53), nullable=False),
    Column("severity", Float(53), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("direction", Integer, nullable=False),
    Column("member_count", Integer, nullable=False),
    Column("series_count", Integer, nullable=False),
    Column("suspects", JSON, nullable=False),
    Column("contributors", JSON, nullable=False),
    Column("due_ms", BigInteger),
    Column("sequence", Integer, nullable=False),
    Column("merged_into", String(80)),
    Column("team", Text, nullable=False, server_default=""),
    Column("opened", Boolean, nullable=False, server_default=true()),
    Column("weight", Float(53), nullable=False, server_default="1"),
    Column("priority", String(2), nullable=False, server_default="P4"),
    Column("reasons", JSON),
    Column("flaps", Integer, nullable=False, server_default="0"),
    Column("acknowledged_by", Text),
    Column("acknowledged_ms", BigInteger),
    Index(None, "start_ms", "id"),
    Index(None, "team", "start_ms", "id"),
    Index(None, "state", "start_ms", "id"),
)

INCIDENT_MEMBERS = Table(
    "incident_members",
    METADATA,
    Column("anomaly_id", ForeignKey("anomalies.id"), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
)
"""An anomaly is in one incident at most."""

INCIDENT_TRANSITIONS = Table(
    "incident_transitions",
    METADATA,
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("member_count", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("merged_into", String(80)),
    PrimaryKeyConstraint("incident_id", "sequence"),
)

ACTS = Table(
    "acts",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("verb", String(16), nullable=False),
    Column("incident_id", String(80), nullable=False, index=True),
    Column("anomaly_id", String(64), nullable=False, index=True),
    Column("anchors", JSON, nullable=False),
    Column("ties", JSON, nullable=False),
    Column("team", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("undone_by", Text),
    Column("undone_ms", BigInteger),
)
"""What people did to incidents. ``anomaly_id``: the first of ``anchors``, [[anomaly, begin_ms], …]; ``ties``:
what it teaches of pairs of series, [[[[series, name], …], [[series, name], …], since_ms, apart], …]."""

LABELS = Table(
    "labels",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("label", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("target", String(80), nullable=False),
    Column("anomaly_id", String(64), nullable=False),
    Column("series_id", String(16), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("team", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("undone_by", Text),
    Column("undone_ms", BigInteger),
    Index(None, "position", "id"),
    Index(None, "target", "position"),
    Index(None, "anomaly_id"),
    Index(None, "series_id", "from_ms"),
)
"""``kind``: anomaly, incident or span, whose id (of a span, its series') is ``target``. ``anomaly_id``: the
anomaly, or the incident's founder."""

TOPOLOGY_VERSIONS = Table(
    "topology_versions",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("edges", Integer, nullable=False),
)
"""``version``: the day that a graph was made for. Only the newest one's edges are kept."""

TOPOLOGY_EDGES = Table(
    "topology_edges",
    METADATA,
    Column("source", String(16), nullable=False),
    Column("target", String(16), nullable=False, index=True),
    Column("source_name", Text, nullable=False),
    Column("target_name", Text, nullable=False),
    Column("decades", Float(53), nullable=False),
    Column("lag_ms", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "target"),
)

LINEAGE = Table(
    "lineage",
    METADATA,
    Column("upstream", String(512), nullable=False),
    Column("downstream", String(512), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("upstream", "downstream"),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Index(None, "at_ms", "id"),
)
MUTES = Table(
    "mutes",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("end_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("body", JSON, nullable=False),
)
CALENDARS = Table(
    "calendars",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("removed_ms", BigInteger),
    Column("body", JSON, nullable=False),
)
TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("team", Text),
    Column("prefix", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_ms", BigInteger),
    Column("used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
)
"""``hash``: SHA-256 of the secret, which is kept nowhere."""

USERS = Table(
    "users",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("team", Text),
    Column("password", Text),
    Column("subject", String(1024), unique=True),
    Column("created_ms", BigInteger, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)
"""``id``: SHA-256 of the cookie."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("address", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Rows are added, and the oldest dropped after `monitor.store.accounts.KEPT_MS`; never changed."""
