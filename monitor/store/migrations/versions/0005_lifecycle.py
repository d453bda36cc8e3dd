"""The life of incidents: priority and what it is made of, what people did to them, and labels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("anomalies", sa.Column("weight", sa.Float(53), nullable=False, server_default="1"))
    for column in _of_incidents():
        op.add_column("incidents", column)
    op.create_table(
        "acts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("incident_id", sa.String(80), nullable=False),
        sa.Column("anomaly_id", sa.String(64), nullable=False),
        sa.Column("anchors", sa.JSON(), nullable=False),
        sa.Column("ties", sa.JSON(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("undone_by", sa.Text()),
        sa.Column("undone_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
    )
    for column_name in ("incident_id", "anomaly_id"):
        op.create_index(f"ix_acts_{column_name}", "acts", [column_name])
    _labels()


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(80), nullable=False),
        sa.Column("anomaly_id", sa.String(64), nullable=False),
        sa.Column("series_id", sa.String(16), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger()),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("undone_by", sa.Text()),
        sa.Column("undone_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
    )
    for columns in (["position", "id"], ["target", "position"], ["anomaly_id"], ["series_id", "from_ms"]):
        op.create_index(f"ix_labels_{'_'.join(columns)}", "labels", columns)


def downgrade() -> None:
    op.drop_table("labels")
    op.drop_table("acts")
    for column in _of_incidents():
        op.drop_column("incidents", column.name)
    op.drop_column("anomalies", "weight")


def _of_incidents() -> list[sa.Column[object]]:
    return [
        sa.Column("opened", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("weight", sa.Float(53), nullable=False, server_default="1"),
        sa.Column("priority", sa.String(2), nullable=False, server_default="P4"),
        sa.Column("reasons", sa.JSON()),
        sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("acknowledged_ms", sa.BigInteger()),
    ]
