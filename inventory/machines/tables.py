"""Tables of the state store that machines need. Which faces are one machine is in none of them: it follows from these."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

faces = sa.Table(
    "faces",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("unit", sa.Text, nullable=False, index=True),
    sa.Column("signs", sa.Text, nullable=False),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sqlite_autoincrement=True,
)
"""What one report told that a machine can be known by (`inventory.identity.evidence.Face`); `signs` is JSON."""

contents = sa.Table(
    "contents",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("base", sa.LargeBinary),
    sa.Column("depth", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What of an inventory does not move by itself, each once: compressed, against `base` where it is a difference."""

machine_versions = sa.Table(
    "machine_versions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("face", sa.ForeignKey("faces.id"), nullable=False),
    sa.Column("digest", sa.ForeignKey("contents.digest"), nullable=False),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sa.UniqueConstraint("face", "digest"),
    sa.Index("ix_machine_versions_first_seen", "face", "first_seen"),
)

heard = sa.Table(
    "heard",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("face", sa.ForeignKey("faces.id"), primary_key=True, index=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("version", sa.ForeignKey("machine_versions.id"), nullable=False),
    sa.Column("quick", sa.LargeBinary, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("item_type", sa.Text, nullable=False),
    sa.Column("faults", sa.Text, nullable=False),
    sa.Column("moving", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The newest inventory of each agent on a machine, and of each of several machines whose agents carry one name, as those
from one image do; what an agent told before the machine changed stays behind. `quick` tells whether the next one says anything new, `moving` is what of
it moves by itself, compressed JSON."""

identity_answers = sa.Table(
    "identity_answers",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("left", sa.Text, nullable=False),
    sa.Column("right", sa.Text, nullable=False),
    sa.Column("undone_at", Time),
    sa.Column("undone_by", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""What technicians answered about faces; `left` and `right` are JSON lists of keys."""

inventory_addresses = sa.Table(
    "inventory_addresses",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("made_at", Time, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("closed_at", Time),
    sqlite_autoincrement=True,
)
"""Addresses at the centre to which the inventory agents of a unit may post; the token in one is kept as its hash."""
