"""Incidents and what they are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _log()
    _anomalies()
    _incidents()


def downgrade() -> None:
    for table in (
        "incident_transitions",
        "incident_members",
        "incidents",
        "anomalies",
        "series",
        "shard_progress",
    ):
        op.drop_table(table)


def _log() -> None:
    op.create_table(
        "shard_progress",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("clock_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_shard_progress"),
    )


def _anomalies() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_metric", "series", ["metric"])
    op.create_table(
        "anomalies",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("series_id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("direction", sa.Integer(), nullable=False),
        sa.Column("onset_ms", sa.BigInteger(), nullable=False),
        sa.Column("peak_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger()),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("expected", sa.Float(53)),
        sa.Column("lower", sa.Float(53)),
        sa.Column("upper", sa.Float(53)),
        sa.Column("buckets", sa.BigInteger(), nullable=False),
        sa.Column("cadence_ms", sa.BigInteger(), nullable=False),
        sa.Column("joined", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anomalies"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_anomalies_series_id"),
    )
    op.create_index("ix_anomalies_onset_ms_id", "anomalies", ["onset_ms", "id"])
    op.create_index("ix_anomalies_series_id_onset_ms", "anomalies", ["series_id", "onset_ms"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("founder_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger()),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("severity", sa.Float(53), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("direction", sa.Integer(), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("suspects", sa.JSON(), nullable=False),
        sa.Column("contributors", sa.JSON(), nullable=False),
        sa.Column("due_ms", sa.BigInteger()),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.String(80)),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.ForeignKeyConstraint(["founder_id"], ["anomalies.id"], name="fk_incidents_founder_id"),
        sa.UniqueConstraint("founder_id", name="uq_incidents_founder_id"),
    )
    op.create_index("ix_incidents_start_ms_id", "incidents", ["start_ms", "id"])
    op.create_index("ix_incidents_state_start_ms_id", "incidents", ["state", "start_ms", "id"])
    op.create_table(
        "incident_members",
        sa.Column("anomaly_id", sa.String(64), nullable=False),
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("anomaly_id", name="pk_incident_members"),
        sa.ForeignKeyConstraint(["anomaly_id"], ["anomalies.id"], name="fk_incident_members_anomaly_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_incident_members_incident_id"),
    )
    op.create_index("ix_incident_members_incident_id", "incident_members", ["incident_id"])
    op.create_table(
        "incident_transitions",
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("merged_into", sa.String(80)),
        sa.PrimaryKeyConstraint("incident_id", "sequence", name="pk_incident_transitions"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_transitions_incident_id"
        ),
    )
