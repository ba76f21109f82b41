"""The table of the state store that sightings need."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

sightings = sa.Table(
    "sightings",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("mac", sa.Text, primary_key=True),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sa.Column("addresses", sa.Text, nullable=False),
    sa.Column("names", sa.Text, nullable=False),
    sa.Column("hints", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""`addresses` and `names` are JSON, when each was told last by what was told; `hints` the same for each kind of hint."""
