"""Why anomalies joined, the learned graph, declared lineage and changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("anomalies", sa.Column("bonds", sa.JSON()))
    op.create_table(
        "topology_versions",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edges", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_topology_versions"),
    )
    op.create_table(
        "topology_edges",
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("target", sa.String(16), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=False),
        sa.Column("target_name", sa.Text(), nullable=False),
        sa.Column("decades", sa.Float(53), nullable=False),
        sa.Column("lag_ms", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "target", name="pk_topology_edges"),
    )
    op.create_index("ix_topology_edges_target", "topology_edges", ["target"])
    op.create_table(
        "lineage",
        sa.Column("upstream", sa.String(512), nullable=False),
        sa.Column("downstream", sa.String(512), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("upstream", "downstream", name="pk_lineage"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_at_ms_id", "changes", ["at_ms", "id"])


def downgrade() -> None:
    for table in ("changes", "lineage", "topology_edges", "topology_versions"):
        op.drop_table(table)
    op.drop_column("anomalies", "bonds")
