"""Planned work may be of a service"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("maintenance") as batch:
        batch.add_column(sa.Column("service", sa.Text(), server_default="", nullable=False))
        batch.drop_constraint(op.f("uq_maintenance_unit"), type_="unique")
        batch.create_unique_constraint(op.f("uq_maintenance_unit"), ["unit", "service", "note", "valid_from"])
