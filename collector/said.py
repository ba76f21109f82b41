"""What one check said in a period, from the spans on disk: those of long ago are not in memory any more."""

import sqlalchemy as sa

from collector.evidence import Said
from collector.verdict_tables import spans


def read_said(connection: sa.Connection, check: int, start: int, end: int) -> list[Said]:
    """Its spans that touch [start, end), in order of time, as of the last checkpoint."""
    columns = (spans.c.first_at, spans.c.last_at, spans.c.status, spans.c.reason)
    query = (
        sa.select(*columns)
        .where(spans.c.check_id == check, spans.c.last_at >= start, spans.c.first_at < end)
        .order_by(spans.c.first_at)
    )
    return [Said(*row) for row in connection.execute(query)]
