"""What `nhip-agent status` shows of an outbox: read from the file, beside a running agent or without one."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path


def outbox_lines(path: Path) -> Iterator[str]:
    """Lines for people. Raises sqlite3.DatabaseError when the file cannot be read."""
    if not path.exists():
        yield "outbox  none yet"
        return
    # Read only: the running agent's is the one connection that writes.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        epoch, produced, formed, dropped, thinned, refused = connection.execute(
            "SELECT epoch, produced, formed, dropped, thinned, refused FROM totals"
        ).fetchone()
        oldest = connection.execute("SELECT at FROM results ORDER BY n LIMIT 1").fetchone()
        unsent, in_unsent = connection.execute("SELECT count(*), total(results) FROM reports").fetchone()
    finally:
        connection.close()
    yield f"epoch   {epoch}"
    yield (
        f"results {produced} measured, {produced - formed - dropped} waiting, "
        f"{formed} in reports, {dropped} dropped, {thinned} without figures"
    )
    yield f"reports {unsent} not acknowledged ({int(in_unsent)} results), {refused} refused"
    if oldest:
        yield f"oldest  {datetime.fromtimestamp(oldest[0] / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
