"""Agents: whether they are there, what they cost, whether their clocks and their sums are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.tables import agent_events
from collector.views import AgentState, EpochCount
from inventory.state import State
from web.context import context_of
from web.pages.diagnostics import CHOICES
from web.pages.rendering import render
from web.pages.unit import cpu_share

EVENTS = 50

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Sums:
    """Results of all epochs together. `closes`: every one that was produced is accounted for."""

    produced: int
    received: int
    duplicated: int
    dropped: int
    waiting: int
    refused: int
    missing: int

    @property
    def closes(self) -> bool:
        return self.missing == 0 and self.produced == self.received + self.dropped + self.waiting


def sums(epochs: Sequence[EpochCount]) -> Sums:
    return Sums(
        produced=sum(epoch.produced for epoch in epochs),
        received=sum(epoch.received for epoch in epochs),
        duplicated=sum(epoch.duplicated for epoch in epochs),
        dropped=sum(epoch.dropped for epoch in epochs),
        waiting=sum(epoch.waiting for epoch in epochs),
        refused=sum(sum(epoch.refused.values()) for epoch in epochs),
        missing=sum(epoch.missing for epoch in epochs),
    )


def needing_attention(agent: AgentState) -> tuple[bool, str]:
    """The order of the list: agents that are away or not well first, then by unit."""
    return agent.connected and not agent.note and sums(agent.epochs).closes, agent.unit


@router.get("/agents")
def agents(request: Request) -> Response:
    context = context_of(request)
    found = sorted(context.views.agents(), key=needing_attention)
    return render(request, "agents.html", {"agents": found, "sums": sums})


@router.get("/agents/{agent}")
def agent_page(request: Request, agent: Annotated[str, Path(max_length=80)]) -> Response:
    context = context_of(request)
    found = context.views.agent(agent)
    if found is None:
        raise HTTPException(404)
    details = {
        "agent": found,
        "cpu": cpu_share(found, context.views.now()),
        "total": sums(found.epochs),
        "sums": sums,
        "events": _events(context.state, agent),
        "choices": CHOICES,
    }
    return render(request, "agent.html", details)


def _events(state: State, agent: str) -> Sequence[sa.RowMapping]:
    query = (
        sa.select(agent_events.c.at, agent_events.c.kind, agent_events.c.text)
        .where(agent_events.c.agent == agent)
        .order_by(agent_events.c.at.desc(), agent_events.c.id.desc())
        .limit(EVENTS)
    )
    with state.read() as connection:
        return connection.execute(query).mappings().all()
