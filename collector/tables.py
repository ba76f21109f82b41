"""Tables of the state store that taking reports in needs: agents, series, accounting. Verdicts have their own."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

agents = sa.Table(
    "agents",
    METADATA,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False, index=True),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    sa.Column("enrolled_at", Time, nullable=False),
    sa.Column("revoked_at", Time),
    sa.Column("hostname", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
)

join_tokens = sa.Table(
    "join_tokens",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("agent", sa.Text, nullable=False, unique=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("used_at", Time),
)
