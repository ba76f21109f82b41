"""Objectives of lines: round trip, loss and jitter beyond which one is degraded; the resolvers that units ask"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("links") as batch:
        batch.add_column(sa.Column("resolvers", sa.Text(), server_default="", nullable=False))
        for name in ("max_rtt_ms", "max_loss_percent", "max_jitter_ms"):
            batch.add_column(sa.Column(name, sa.Integer(), nullable=True))
