"""What machines are found by, and more of their facts: those that were made are made anew"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_table("machine_facts")
    op.create_table(
        "machine_facts",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "device", name=op.f("pk_machine_facts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_machine_facts_words"), "machine_facts", ["words"])
    op.create_index(op.f("ix_heard_face"), "heard", ["face"])
