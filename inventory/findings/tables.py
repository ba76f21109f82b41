"""Tables of the state store that findings need."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

device_marks = sa.Table(
    "device_marks",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("undone_at", Time),
    # Of which kind of finding it was said; empty: of the device.
    sa.Column("kind", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""What people said of a device of a unit, a MAC, a machine or one that is asked: `approved`, `retired`, `verified` or `noted`."""

findings = sa.Table(
    "findings",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("since", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sa.Column("opened_at", Time, nullable=False),
    sa.Column("closed_at", Time),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
