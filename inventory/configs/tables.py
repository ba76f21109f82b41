"""Tables of the state store that configurations need."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

config_texts = sa.Table(
    "config_texts",
    METADATA,
    # Of the text: one that several devices have, or one at several times, is kept once.
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

config_seen = sa.Table(
    "config_seen",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    # Of `devices`.
    sa.Column("device", sa.Integer, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("vendor", sa.Text, nullable=False),
    sa.Column("running", sa.Text, nullable=False),
    # As `running` where it is saved; empty where the vendor has no such difference.
    sa.Column("startup", sa.Text, nullable=False),
    # The configuration with what is entered and not in effect yet; empty where nothing is.
    sa.Column("draft", sa.Text, nullable=False, server_default=""),
    # It takes back what runs unless somebody confirms it.
    sa.Column("unconfirmed", sa.Integer, nullable=False, server_default="0"),
    # Fingerprint of its SSH key; empty where the agent did not tell it.
    sa.Column("host_key", sa.Text, nullable=False, server_default=""),
    # Of what the device said of itself, as JSON among the texts; empty where nothing was asked of it.
    sa.Column("facts", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("device", "at"),
    sqlite_autoincrement=True,
)
"""Each time that a device was looked at."""

host_keys_refused = sa.Table(
    "host_keys_refused",
    METADATA,
    sa.Column("device", sa.Integer, primary_key=True),
    sa.Column("at", Time, primary_key=True),
    # Fingerprints: of the key that it showed, and of the one that its agent knew.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("before", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Each time that an agent did not believe a device's SSH key."""
