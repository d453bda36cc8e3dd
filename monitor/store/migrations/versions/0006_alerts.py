"""Routes, receivers, and the outbox of notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert_steps",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=False),
        sa.Column("newest_ms", sa.BigInteger(), nullable=False),
        sa.Column("cadence_ms", sa.BigInteger(), nullable=False),
        sa.Column("transition", sa.JSON(), nullable=False),
        sa.Column("incident", sa.JSON(), nullable=False),
        sa.Column("series", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_steps"),
    )
    op.create_index(
        "ix_alert_steps_incident_id_sequence", "alert_steps", ["incident_id", "sequence"], unique=True
    )
    op.create_index("ix_alert_steps_newest_ms_incident_id", "alert_steps", ["newest_ms", "incident_id"])
    op.create_index("ix_alert_steps_told_ms", "alert_steps", ["told_ms"])
    op.create_table(
        "alert_standings",
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_alert_standings"),
    )
    op.create_index("ix_alert_standings_active", "alert_standings", ["active"])
    op.create_table(
        "alert_holdings",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_holdings"),
    )
    for name in ("incident_id", "by", "at_ms"):
        op.create_index(f"ix_alert_holdings_{name}", "alert_holdings", [name])
    op.create_table(
        "alert_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_clock"),
    )
    op.create_table(
        "notices",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("receiver", sa.String(128), nullable=False),
        sa.Column("route", sa.String(128), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("event_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("incidents", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("done_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_state_receiver_due_ms", "notices", ["state", "receiver", "due_ms"])
    op.create_index("ix_notices_receiver_key_id", "notices", ["receiver", "key", "id"])
    op.create_index("ix_notices_incident_id_id", "notices", ["incident_id", "id"])
    op.create_index("ix_notices_done_ms", "notices", ["done_ms"])
    op.create_table(
        "routes",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_routes"),
    )
    op.create_table(
        "receivers",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("team", sa.Text()),
        sa.Column("fallback", sa.String(128), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("unreachable_ms", sa.BigInteger()),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_receivers"),
    )


def downgrade() -> None:
    for table in (
        *("receivers", "routes", "notices"),
        *("alert_clock", "alert_holdings", "alert_standings", "alert_steps"),
    ):
        op.drop_table(table)
