"""What rows of asset books are found by"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("asset_book", sa.Column("words", sa.Text(), nullable=False, server_default=""))
