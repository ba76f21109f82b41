"""What ingest hands to the verdicts: results as rows, with corrected and original time."""

from typing import NamedTuple


class Row(NamedTuple):
    """One result of one check. A named tuple, because a busy centre makes a hundred thousand a second."""

    check: int
    k: int
    """Ordinal of the result within its check and epoch, from 1."""
    at: int
    """When it was measured, by the centre's clock: `agent_at` less the agent's clock error."""
    agent_at: int
    status: str
    reason: str
