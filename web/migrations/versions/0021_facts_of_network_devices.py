"""What routers and switches say of themselves: beside each look at a configuration"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("config_seen", sa.Column("facts", sa.Text(), server_default="", nullable=False))
