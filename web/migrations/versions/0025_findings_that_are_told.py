"""Which findings destinations are told of"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    for column in (
        sa.Column("findings_of", sa.String(), server_default="", nullable=False),
        sa.Column("at_once", sa.String(), server_default="[]", nullable=False),
        sa.Column("findings_since", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("digest_at", sa.BigInteger(), server_default="0", nullable=False),
    ):
        op.add_column("destinations", column)
    op.create_table(
        "told_findings",
        sa.Column("destination", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination"], ["destinations.id"], name=op.f("fk_told_findings_destination")
        ),
        sa.PrimaryKeyConstraint("destination", "finding", name=op.f("pk_told_findings")),
        sqlite_with_rowid=False,
    )
