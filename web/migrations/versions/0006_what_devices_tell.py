"""What devices tell: events with their source and unit, and notices as evidence"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("agent_events") as batch:
        batch.add_column(sa.Column("unit", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("source", sa.Text(), server_default="", nullable=False))
        batch.create_index("ix_agent_events_unit_at", ["unit", "at"], unique=False)
    op.execute(
        "UPDATE agent_events SET unit = coalesce("
        "(SELECT agents.unit FROM agents WHERE agents.agent = agent_events.agent), '')"
    )
    op.create_table(
        "notices",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("agent_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "agent_at", "kind", "source", name=op.f("pk_notices")),
        sqlite_with_rowid=False,
    )
