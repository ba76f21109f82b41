"""Devices that were asked over SNMP, beside agents' own machines"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("devices") as batch:
        batch.add_column(sa.Column("address", sa.Text(), server_default="", nullable=False))
        batch.drop_constraint(op.f("uq_devices_unit"), type_="unique")
        batch.create_unique_constraint(op.f("uq_devices_unit"), ["unit", "agent", "address"])
