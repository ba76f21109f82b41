"""What was heard last is kept of each machine, also where several carry an agent of one name; facts are made anew"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.drop_index(op.f("ix_heard_face"), "heard")
    op.rename_table("heard", "heard_before")
    op.create_table(
        "heard",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("quick", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("moving", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["face"], ["faces.id"], name=op.f("fk_heard_face")),
        sa.ForeignKeyConstraint(["version"], ["machine_versions.id"], name=op.f("fk_heard_version")),
        sa.PrimaryKeyConstraint("unit", "device", "face", name=op.f("pk_heard")),
        sqlite_with_rowid=False,
    )
    columns = "unit, device, face, at, version, quick, client, source, item_type, faults, moving"
    op.execute(f"INSERT INTO heard ({columns}) SELECT {columns} FROM heard_before")  # noqa: S608 - names from above
    op.drop_table("heard_before")
    op.create_index(op.f("ix_heard_face"), "heard", ["face"])
    op.drop_table("machine_facts")
    op.create_table(
        "machine_facts",
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("face", "device", name=op.f("pk_machine_facts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_machine_facts_words"), "machine_facts", ["words"])
