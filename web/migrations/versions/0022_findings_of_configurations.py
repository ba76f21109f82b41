"""Findings of configurations: what they are about, and what people say of one of them"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("device_marks", sa.Column("kind", sa.Text(), server_default="", nullable=False))
    op.add_column("findings", sa.Column("detail", sa.Text(), server_default="", nullable=False))
