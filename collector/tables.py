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

series = sa.Table(
    "series",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("check_id", sa.Integer, nullable=False),
    sa.Column("figure", sa.Text, nullable=False),
    sa.UniqueConstraint("check_id", "figure"),
)

agent_epochs = sa.Table(
    "agent_epochs",
    METADATA,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Text, primary_key=True),
    sa.Column("changed_at", Time, nullable=False),
    sa.Column("account", sa.LargeBinary, nullable=False),
)
"""Loss accounting; `account` is a `collector.accounting.Account` as JSON."""

agent_headers = sa.Table(
    "agent_headers",
    METADATA,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("received_at", Time, nullable=False),
    sa.Column("header", sa.LargeBinary, nullable=False),
)
"""The newest `core.wire.Header` of each agent, as JSON."""

agent_events = sa.Table(
    "agent_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("agent", sa.Text, nullable=False, index=True),
    sa.Column("at", Time, nullable=False),
    sa.Column("received_at", Time, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False, server_default=""),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_agent_events_unit_at", "unit", "at"),
)
"""What agents tell of themselves, and with `source`, the address, what devices in their LAN told them."""

paths = sa.Table(
    "paths",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("unit", "target", "method", "digest"),
    sa.Index("ix_paths_unit_last_seen", "unit", "last_seen"),
)
"""One row for each different sequence of hops; `body` is a `collector.paths.Trace` as JSON, the newest that had them."""

digested = sa.Table(
    "digested",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("upto", sa.BigInteger, nullable=False),
)
"""One row: the highest number of the journal whose effects are in the state store."""
