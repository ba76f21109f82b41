"""What devices that are asked are found by"""

import json

import sqlalchemy as sa
from alembic import op

from inventory.devices import words

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("devices", sa.Column("words", sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    newest = sa.text(
        "SELECT body FROM device_versions WHERE device = :id ORDER BY last_seen DESC, digest DESC LIMIT 1"
    )
    for row in connection.execute(sa.text("SELECT id, address FROM devices")).all():
        body = connection.scalar(newest, {"id": row.id})
        told = {"id": row.id, "words": words(row.address, json.loads(body) if body else {})}
        connection.execute(sa.text("UPDATE devices SET words = :words WHERE id = :id"), told)
