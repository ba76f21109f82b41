"""Outages have a subject, a cause, evidence and a root"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for table in ("outages", "outage_changes"):
        with op.batch_alter_table(table) as batch:
            # The defaults are for the rows that are there: outages of whole units, of which nothing more was kept.
            batch.add_column(sa.Column("subject", sa.Text(), nullable=False, server_default="unit"))
            batch.add_column(sa.Column("cause", sa.Text(), nullable=False, server_default="undetermined"))
            batch.add_column(sa.Column("final", sa.Boolean(), nullable=False, server_default=sa.false()))
            batch.add_column(sa.Column("root", sa.Integer(), nullable=True))
            batch.add_column(sa.Column("evidence", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "watched_devices",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("unit", "name", "kind", "address", "snmp")
        ),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_devices")),
        sa.UniqueConstraint("unit", "name", "valid_from", name=op.f("uq_watched_devices_unit")),
    )
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("unit", "note")),
        sa.Column("below", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance")),
        sa.UniqueConstraint("unit", "note", "valid_from", name=op.f("uq_maintenance_unit")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lives",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("agent_started", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("booted_at", sa.BigInteger(), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("unit", "agent_started", "boot_id", name=op.f("pk_lives")),
        sqlite_with_rowid=False,
    )
