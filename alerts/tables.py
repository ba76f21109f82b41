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
)
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
    sa.Column("change", sa.Integer, nullable=False),  # below 0: a warning's, which is of no outage
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
