"""Tables of the state store that verdicts need: evidence as it is kept, outages with their changes, diagnostics."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

spans = sa.Table(
    "spans",
    METADATA,
    sa.Column("check_id", sa.Integer, primary_key=True),
    sa.Column("epoch", sa.Text, primary_key=True),
    sa.Column("k_first", sa.Integer, primary_key=True),
    sa.Column("k_last", sa.Integer, nullable=False),
    sa.Column("first_at", Time, nullable=False),
    sa.Column("last_at", Time, nullable=False, index=True),
    sa.Column("agent_first", Time, nullable=False),
    sa.Column("agent_last", Time, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

contacts = sa.Table(
    "contacts",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("first_at", Time, primary_key=True),
    sa.Column("last_at", Time, nullable=False),
    sa.Column("until", Time, nullable=False),
    sqlite_with_rowid=False,
)

listening = sa.Table(
    "listening",
    METADATA,
    sa.Column("first_at", Time, primary_key=True, autoincrement=False),
    sa.Column("last_at", Time, nullable=False),
    sa.Column("until", Time, nullable=False),
)
"""When the collector itself was alive."""

lives = sa.Table(
    "lives",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    # By the agent's own clock: with the boot id it tells one life from another.
    sa.Column("agent_started", Time, primary_key=True, autoincrement=False),
    sa.Column("boot_id", sa.Text, primary_key=True),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("booted_at", Time, nullable=False),
    sa.Column("clean", sa.Boolean),
    sqlite_with_rowid=False,
)
"""Each life of a unit's agent; `clean` says whether the one before ended in order."""

notices = sa.Table(
    "notices",
    METADATA,
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("agent_at", Time, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What devices told of links and power; `at` by the centre's clock, `agent_at` by the agent's."""

world_mark = sa.Table(
    "world_mark",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.Integer, nullable=False),
)
"""One row, which counts the checkpoints of the evidence: tells whether the last one was committed."""

_OUTAGE = (
    ("unit", sa.Text, False),
    ("began_at", Time, False),
    ("detected_at", Time, False),
    ("ended_at", Time, True),
    ("reason", sa.Text, False),
    ("revision", sa.Integer, False),
    ("retracted", sa.Boolean, False),
    ("subject", sa.Text, False),
    ("cause", sa.Text, False),
    ("final", sa.Boolean, False),
    ("root", sa.Integer, True),
    ("evidence", sa.Text, False),
)

outages = sa.Table(
    "outages",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, kind, nullable=nullable) for name, kind, nullable in _OUTAGE),
    sa.Index("ix_outages_unit_id", "unit", "id"),
    sa.Index("ix_outages_open", "ended_at", "retracted"),
    sqlite_autoincrement=True,
)

outage_changes = sa.Table(
    "outage_changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("outage", sa.Integer, nullable=False, index=True),
    *(sa.Column(name, kind, nullable=nullable) for name, kind, nullable in _OUTAGE),
    sqlite_autoincrement=True,
)
"""What happened to outages, each with the outage as it was after that."""

diagnoses = sa.Table(
    "diagnoses",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Time, nullable=False, index=True),
    sa.Column("agent", sa.Text, nullable=False, index=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("status", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("took_ms", sa.Integer),
    sa.Column("details", sa.Text, nullable=False, server_default="{}"),
)
"""Diagnostics that people asked agents for: who, what and what came of it (null: no answer yet)."""
