"""Services have checks of their own, an owner, an address and an objective; lines a proxy, cameras a stream"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "service_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("service", "name", "kind", "target", "params")
        ),
        sa.Column("interval_ms", sa.Integer(), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_checks")),
        sa.UniqueConstraint("service", "name", "valid_from", name=op.f("uq_service_checks_service")),
    )
    # What a check means stays the same by this, and so does its id.
    op.execute(
        "INSERT INTO service_checks "
        "(service, name, kind, target, params, interval_ms, timeout_ms, valid_from, valid_to) "
        "SELECT code, upper(kind), kind, target, params, interval_ms, timeout_ms, valid_from, valid_to "
        "FROM services ORDER BY id"
    )
    with op.batch_alter_table("services") as batch:
        for name in ("kind", "target", "params", "interval_ms", "timeout_ms"):
            batch.drop_column(name)
        for name in ("owner", "address", "hours", "note"):
            batch.add_column(sa.Column(name, sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("objective_percent", sa.Float(), nullable=True))
        batch.add_column(sa.Column("slow_ms", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("domain_until", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("links") as batch:
        batch.add_column(sa.Column("proxy", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("watched_devices") as batch:
        batch.add_column(sa.Column("stream", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("access", sa.Text(), server_default="", nullable=False))
