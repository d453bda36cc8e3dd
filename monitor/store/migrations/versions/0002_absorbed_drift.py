"""Anomalies of a kind by their peak: absorbed drift takes its place among others by its report."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_anomalies_kind_peak_ms", "anomalies", ["kind", "peak_ms"])


def downgrade() -> None:
    op.drop_index("ix_anomalies_kind_peak_ms", "anomalies")
