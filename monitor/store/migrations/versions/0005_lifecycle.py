"""The life of incidents: priority and what it is made of, and who took them."""

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


def downgrade() -> None:
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
