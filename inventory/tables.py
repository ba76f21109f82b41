"""The registry's tables. Units, links, services with their checks, templates, settings, watched devices and maintenance are kept as *versions*.

A row is true from `valid_from` until `valid_to` (open when null), and what it said is never overwritten by what
came after: the history of a commune that was merged away is still there to be asked. The versions of one key do
not overlap. Devices and their host documents are here too. `docs/registry.md` describes each column.
"""

import sqlalchemy as sa

from inventory.state import METADATA, Time


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _validity() -> tuple[sa.Column[int], sa.Column[int]]:
    return sa.Column("valid_from", Time, nullable=False), sa.Column("valid_to", Time)


units = sa.Table(
    "units",
    METADATA,
    _id(),
    _text("code"),
    _text("name"),
    _text("level"),
    sa.Column("parent", sa.Text),
    sa.Column("staff", sa.Integer),
    _text("address"),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.Column("position", sa.Integer, nullable=False),
    *_validity(),
    sa.UniqueConstraint("code", "valid_from"),
)

links = sa.Table(
    "links",
    METADATA,
    _id(),
    _text("unit"),
    _text("kind"),
    _text("name"),
    _text("provider"),
    _text("circuit_id"),
    sa.Column("bandwidth_down_kbps", sa.Integer),
    sa.Column("bandwidth_up_kbps", sa.Integer),
    _text("gateway"),
    _text("router"),
    _text("hub"),
    _text("anchors"),
    _text("resolvers"),
    sa.Column("max_rtt_ms", sa.Integer),
    sa.Column("max_loss_percent", sa.Integer),
    sa.Column("max_jitter_ms", sa.Integer),
    _text("proxy"),
    *_validity(),
    sa.UniqueConstraint("unit", "kind", "name", "valid_from"),
)

services = sa.Table(
    "services",
    METADATA,
    _id(),
    _text("code"),
    _text("name"),
    _text("owner"),
    _text("address"),
    sa.Column("objective_percent", sa.Float),
    sa.Column("slow_ms", sa.Integer),
    _text("hours"),
    sa.Column("domain_until", Time),
    _text("note"),
    *_validity(),
    sa.UniqueConstraint("code", "valid_from"),
)

service_checks = sa.Table(
    "service_checks",
    METADATA,
    _id(),
    _text("service"),
    _text("name"),
    _text("kind"),
    _text("target"),
    _text("params"),
    sa.Column("interval_ms", sa.Integer, nullable=False),
    sa.Column("timeout_ms", sa.Integer, nullable=False),
    *_validity(),
    sa.UniqueConstraint("service", "name", "valid_from"),
)

templates = sa.Table(
    "templates",
    METADATA,
    _id(),
    _text("level"),
    _text("vantage"),
    _text("label"),
    _text("role"),
    _text("kind"),
    _text("target"),
    _text("service"),
    sa.Column("interval_ms", sa.Integer),
    sa.Column("timeout_ms", sa.Integer),
    _text("params"),
    *_validity(),
    sa.UniqueConstraint("level", "vantage", "label", "valid_from"),
)

settings = sa.Table(
    "settings",
    METADATA,
    _id(),
    _text("name"),
    _text("value"),
    *_validity(),
    sa.UniqueConstraint("name", "valid_from"),
)

watched_devices = sa.Table(
    "watched_devices",
    METADATA,
    _id(),
    _text("unit"),
    _text("name"),
    _text("kind"),
    _text("address"),
    _text("snmp"),
    _text("stream"),
    _text("access"),
    *_validity(),
    sa.UniqueConstraint("unit", "name", "valid_from"),
)

maintenance = sa.Table(
    "maintenance",
    METADATA,
    _id(),
    _text("unit"),
    _text("service"),
    _text("note"),
    sa.Column("below", sa.Boolean, nullable=False, server_default=sa.false()),
    *_validity(),
    sa.UniqueConstraint("unit", "service", "note", "valid_from"),
    # Windows are ended by id: that of one that was removed is not given to another.
    sqlite_autoincrement=True,
)

checks = sa.Table(
    "checks",
    METADATA,
    _id(),
    _text("vantage"),
    _text("about"),
    _text("role"),
    _text("label"),
    _text("kind"),
    _text("target"),
    _text("params"),
    sa.Column("interval_ms", sa.Integer, nullable=False),
    sa.Column("timeout_ms", sa.Integer, nullable=False),
    _text("service"),
    # Hash of what the check means: the id stays while this stays, and a check that comes back is the same one.
    sa.Column("meaning", sa.Text, nullable=False, unique=True),
    sa.Column("since", Time, nullable=False),
    sa.Column("until", Time),
    sqlite_autoincrement=True,
)

registry = sa.Table(
    "registry",
    METADATA,
    _id(),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("planned_at", Time, nullable=False),
    sa.Column("plan_until", Time),
)

devices = sa.Table(
    "devices",
    METADATA,
    _id(),
    _text("unit"),
    _text("agent"),
    _text("address"),
    _text("kind"),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    # What it is found by, of its newest document (`inventory.devices.words`).
    sa.Column("words", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("unit", "agent", "address"),
)

device_versions = sa.Table(
    "device_versions",
    METADATA,
    _id(),
    sa.Column("device", sa.ForeignKey("devices.id"), nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("first_seen", Time, nullable=False),
    sa.Column("last_seen", Time, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # last: SQLite finds the newest row without reading any body
    sa.UniqueConstraint("device", "digest"),
)

secrets = sa.Table(
    "secrets",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    # AES-256-GCM by the key beside the state store, its nonce in front; the name is authenticated with it.
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
