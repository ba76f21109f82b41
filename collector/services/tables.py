"""Tables of the state store that services need beside the outages."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

failing_steps = sa.Table(
    "failing_steps",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("check_id", sa.Integer, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("excerpt", sa.Text, nullable=False),
    sa.UniqueConstraint("check_id", "at", "step"),
    sqlite_autoincrement=True,
)
"""What scenarios met when a step failed, the newest few of each check."""

service_warnings = sa.Table(
    "service_warnings",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("ends_at", Time, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Index("ix_service_warnings_of", "service", "kind", "label"),
    sqlite_autoincrement=True,
)
"""What people were warned of: that a certificate or a domain ends at `ends_at`, `days` ahead; 0 for a worry without an end."""
