"""SSH keys of devices that agents did not believe"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "host_keys_refused",
        sa.Column("device", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device", "at", "key", name=op.f("pk_host_keys_refused")),
        sqlite_with_rowid=False,
    )
