"""What changed at machines, from version to version"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "machine_notes",
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("face", "at", "kind", "subject", "back", name=op.f("pk_machine_notes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "machine_updates",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product", "unit", "face", name=op.f("pk_machine_updates")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_machine_updates_face"), "machine_updates", ["face"])
    op.create_table(
        "followed",
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("machine", name=op.f("pk_followed")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_machine_versions_first_seen", "machine_versions", ["face", "first_seen"])
