"""Table of the state store that asset books need."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

asset_book = sa.Table(
    "asset_book",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False, index=True),
    sa.Column("asset_number", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("serial", sa.Text, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
    sa.Column("hostname", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("room", sa.Text, nullable=False),
    sa.Column("bought", sa.Text, nullable=False),
    sa.Column("warranty_end", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("valid_from", Time, nullable=False),
    sa.Column("valid_to", Time),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""Versions of what the books say; `who` brought one in. Days are ISO texts: 2019-06-15, 2019-06 or 2019. `words` is what a
row is found by."""
