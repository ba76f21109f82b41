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
