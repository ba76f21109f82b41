"""Where messages go, how far the changes of outages have been told, and what is still to be sent."""

import sqlalchemy as sa

from inventory.state import METADATA, Time

DESTINATIONS = sa.Table(
    "destinations",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),  # of Apprise, with its secrets; emptied when removed
    sa.Column("shown", sa.String, nullable=False),  # the same without them
    sa.Column("language", sa.String, nullable=False),  # alerts.messages.LANGUAGES
    sa.Column("source", sa.String, nullable=False),  # `page` or `file`
    sa.Column("created_at", Time, nullable=False),
    sa.Column("created_by", sa.String, nullable=False),
    sa.Column("removed_at", Time),
    # Whose findings it is told of (alerts.digest.Wish); empty: none
    sa.Column("findings_of", sa.String, nullable=False, server_default=""),
    sa.Column("at_once", sa.String, nullable=False, server_default="[]"),  # JSON: kinds that are told at once
    sa.Column("findings_since", Time, nullable=False, server_default="0"),  # none that was opened before
    sa.Column("digest_at", Time, nullable=False, server_default="0"),
)
TOLD = sa.Table(
    "told_findings",
    METADATA,
    sa.Column("destination", sa.Integer, sa.ForeignKey("destinations.id"), primary_key=True),
    sa.Column("finding", sa.Integer, primary_key=True),
    sa.Column("at", Time, nullable=False),
    sqlite_with_rowid=False,
)
"""Findings that a destination was told of, or that it never will be."""
CURSOR = sa.Table(
    "alert_cursor",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),  # always 1
    sa.Column("change", sa.Integer, nullable=False),  # id of the last change that was turned into messages
    sa.Column("started_at", Time, nullable=False),  # the first start ever: nothing older is told
)
OUTBOX = sa.Table(
    "alert_outbox",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("destination", sa.Integer, sa.ForeignKey("destinations.id"), nullable=False),
    # Below 0: a warning's or findings', which is of no outage
    sa.Column("change", sa.Integer, nullable=False),
    sa.Column("outage", sa.Integer, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # alerts.outbox.SendState
    sa.Column("created_at", Time, nullable=False),
    sa.Column("due_at", Time, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("done_at", Time),
    sa.Column("error", sa.String, nullable=False),  # of the last attempt; empty when there was none
    sa.UniqueConstraint("destination", "change"),  # one message for each change and destination
    sa.Index("ix_alert_outbox_waiting", "state", "destination", "id"),
)
