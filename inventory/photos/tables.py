"""Tables of the state store that photos need."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

photos = sa.Table(
    "photos",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("removed_at", Time),
    sa.Column("removed_by", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""Photos of machines: `subject` is the key of a face, which names the machine for good; `digest` the SHA-256 of the picture."""

photo_bodies = sa.Table(
    "photo_bodies",
    METADATA,
    sa.Column("photo", sa.ForeignKey("photos.id"), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""The pictures, of those that were not removed; apart, so that lists do not read past them."""
