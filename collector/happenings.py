"""What happened in units, as agents tell it: their own words, and those of devices that they heard. As rows, for people."""

from dataclasses import dataclass

import sqlalchemy as sa

from collector.tables import agent_events
from collector.views import Happening

OWN_KEPT, TOLD_KEPT = 200, 1_000
"""Of each agent: its own words, and those of devices."""
LONGEST_KIND, LONGEST_TEXT, LONGEST_SOURCE = 64, 2_000, 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One to be stored; times by the centre's clock."""

    agent: str
    unit: str
    at: int
    received_at: int
    kind: str
    text: str
    source: str

    def row(self) -> dict[str, object]:
        return {
            "agent": self.agent,
            "unit": self.unit,
            "at": max(0, min(self.at, self.received_at)),
            "received_at": self.received_at,
            "kind": self.kind[:LONGEST_KIND],
            "text": self.text[:LONGEST_TEXT],
            "source": self.source[:LONGEST_SOURCE],
        }


def store(connection: sa.Connection, entries: list[Entry]) -> None:
    """Add these, and let go of the oldest beyond what is kept of each agent."""
    connection.execute(sa.insert(agent_events), [entry.row() for entry in entries])
    c = agent_events.c
    for agent in {entry.agent for entry in entries}:
        for own, kept in ((True, OWN_KEPT), (False, TOLD_KEPT)):
            of_agent = (c.agent == agent, (c.source == "") if own else (c.source != ""))
            newest = sa.select(c.id).where(*of_agent).order_by(c.id.desc()).limit(kept)
            connection.execute(sa.delete(agent_events).where(*of_agent, c.id.not_in(newest)))


def read(connection: sa.Connection, unit: str, start: int, end: int, limit: int) -> list[Happening]:
    """The newest of a unit within a period, in order of time."""
    c = agent_events.c
    query = (
        sa.select(c.id, c.at, c.kind, c.text, c.source, c.agent)
        .where(c.unit == unit, c.at >= start, c.at < end)
        .order_by(c.at.desc(), c.id.desc())
        .limit(limit)
    )
    return [Happening(*row) for row in reversed(connection.execute(query).all())]
