"""What waits on devices and whose key it is, beside each look; and registries of before get the template that has configurations read"""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_LABEL = "Cấu hình thiết bị"
_log = logging.getLogger(__name__)


def upgrade() -> None:
    op.add_column("config_seen", sa.Column("draft", sa.Text(), server_default="", nullable=False))
    op.add_column("config_seen", sa.Column("unconfirmed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("config_seen", sa.Column("host_key", sa.Text(), server_default="", nullable=False))
    # Whoever had such a line and ended it, or has one of their own, knows what they want; a registry that is empty gets it with the seed.
    # It begins when the registry was planned last, and the plan is due at once.
    added = op.get_bind().execute(
        sa.text(
            "INSERT INTO templates (level, vantage, label, role, kind, target, service, interval_ms, timeout_ms, params, valid_from)"
            " SELECT 'all', 'unit', :label, 'survey', 'config', '{config}', '', 86400000, 60000, '', planned_at FROM registry"
            " WHERE EXISTS (SELECT 1 FROM templates)"
            " AND NOT EXISTS (SELECT 1 FROM templates WHERE kind = 'config' OR target LIKE '%{config}%'"
            " OR (level = 'all' AND vantage = 'unit' AND label = :label))"
        ),
        {"label": _LABEL},
    )
    if added.rowcount > 0:
        op.execute("UPDATE registry SET plan_until = planned_at")
        _log.warning(
            "the templates got the line “%s”: it has the configurations of routers and switches read, each night, of those that have `access`;"
            " who wants none of it ends the line",
            _LABEL,
        )
