"""Machines as inventories tell of them: faces, contents, versions, what was heard last, answers of technicians"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "faces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("signs", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faces")),
        sa.UniqueConstraint("key", name=op.f("uq_faces_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_faces_unit"), "faces", ["unit"])
    op.create_table(
        "contents",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("base", sa.LargeBinary(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_contents")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "machine_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["face"], ["faces.id"], name=op.f("fk_machine_versions_face")),
        sa.ForeignKeyConstraint(["digest"], ["contents.digest"], name=op.f("fk_machine_versions_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_versions")),
        sa.UniqueConstraint("face", "digest", name=op.f("uq_machine_versions_face")),
    )
    op.create_table(
        "heard",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("face", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("quick", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("moving", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["face"], ["faces.id"], name=op.f("fk_heard_face")),
        sa.ForeignKeyConstraint(["version"], ["machine_versions.id"], name=op.f("fk_heard_version")),
        sa.PrimaryKeyConstraint("unit", "device", name=op.f("pk_heard")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("left", sa.Text(), nullable=False),
        sa.Column("right", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_answers")),
        sqlite_autoincrement=True,
    )
