"""How far the series of an anomaly had come that was told of long after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("anomalies", sa.Column("heard_ms", sa.BigInteger()))


def downgrade() -> None:
    with op.batch_alter_table("anomalies") as table:
        table.drop_column("heard_ms")
