"""Tables of people and programs that sign in. Secrets are stored as hashes only."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),  # case-folded: one person, one name
    sa.Column("role", sa.Integer, nullable=False),  # web.auth.roles.Role
    sa.Column("password", sa.String, nullable=False),  # argon2id, encoded with its parameters
    sa.Column("created_at", Time, nullable=False),
    sa.Column("password_at", Time, nullable=False),
)
SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("hash", sa.String, primary_key=True),  # SHA-256 of the cookie's value
    sa.Column("user", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("seen_at", Time, nullable=False),
    sa.Column("address", sa.String, nullable=False),
)
API_TOKENS = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("hash", sa.String, nullable=False, unique=True),  # SHA-256 of the token
    sa.Column("name", sa.String, nullable=False),
    sa.Column("role", sa.Integer, nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("used_at", Time),
    sqlite_autoincrement=True,  # who revokes by a number that was read earlier must not meet another token
)
READINESS = sa.Table(  # one row, written to see whether the store can be written
    "readiness",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Time, nullable=False),
)
