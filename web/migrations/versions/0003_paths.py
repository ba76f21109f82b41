"""Paths that agents traced, and what a diagnostic found that is no figure"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "paths",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("unit", "target", "method", "digest")),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paths")),
        sa.UniqueConstraint("unit", "target", "method", "digest", name=op.f("uq_paths_unit")),
    )
    op.create_index("ix_paths_unit_last_seen", "paths", ["unit", "last_seen"], unique=False)
    with op.batch_alter_table("diagnoses") as batch:
        batch.add_column(sa.Column("details", sa.Text(), server_default="{}", nullable=False))
