"""What the state store lets go of, once a day: what no verdict and no page asks for any more.

Line checks, contacts and when the collector listened are kept: availability of any period is judged from them.
"""

from collector import world_store as store
from collector.tracks import Planned
from collector.verdict_tables import diagnoses, notices, spans
from inventory.records import LINE_ROLES
from inventory.state import State

DAY_MS = 86_400_000
OTHER_CHECKS_MS = 31 * DAY_MS
"""So long the spans of checks that are no line checks are kept."""
NOTICES_MS = 31 * DAY_MS
"""No verdict is made from older ones."""
DIAGNOSES_MS = 400 * DAY_MS


def prune(state: State, registry: Planned, now: int) -> None:
    """Delete what is too old, in several transactions, so that nobody waits for long."""
    with state.read() as connection:
        checks = store.checks_with_spans(connection)
    others = [check for check in checks if (found := registry.check(check)) and found.role not in LINE_ROLES]
    for some in store.batches(others):
        with state.write() as connection:
            connection.execute(
                spans.delete().where(spans.c.check_id.in_(some), spans.c.last_at < now - OTHER_CHECKS_MS)
            )
    with state.write() as connection:
        connection.execute(notices.delete().where(notices.c.at < now - NOTICES_MS))
        connection.execute(diagnoses.delete().where(diagnoses.c.at < now - DIAGNOSES_MS))
