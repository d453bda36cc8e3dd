"""Anomalies that a mute keeps out of incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("anomalies", sa.Column("muted_until_ms", sa.BigInteger()))
    op.create_index("ix_anomalies_muted_until_ms", "anomalies", ["muted_until_ms"])


def downgrade() -> None:
    op.drop_index("ix_anomalies_muted_until_ms", "anomalies")
    with op.batch_alter_table("anomalies") as table:
        table.drop_column("muted_until_ms")
