"""`/api/v1/agents…`: the agents, and a test from where one stands."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.requests import Request

from collector.views import AgentState
from core.errors import Unavailable
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.api.shapes import DiagnosisAnswer, DiagnosisRequest
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of

router = APIRouter(tags=["agents"])


@router.get("/agents")
def agents(
    request: Request, response: Response, limit: Limit = 200, cursor: Cursor = None
) -> Page[AgentState]:
    """All enrolled agents, by their names."""
    found = context_of(request).views.agents()
    return page(request, response, *page_of(found, lambda agent: agent.agent, "agents", cursor, limit, str))


@router.get("/agents/{agent}")
def agent(request: Request, agent: str) -> AgentState:
    """One agent, with the accounting of its results by epoch."""
    return _agent(request, agent)


@router.post("/agents/{agent}/diagnostics")
async def diagnostics(
    request: Request,
    agent: str,
    wanted: DiagnosisRequest,
    user: Annotated[User, Depends(require(Role.TECHNICIAN))],
) -> DiagnosisAnswer:
    """Run one probe from the agent's place, now and once. It is logged who did. Needs the role technician."""
    _agent(request, agent)
    hub = context_of(request).hub
    if not hub.connected(agent):
        raise Unavailable("the agent is not connected", retry_after_s=10)
    found = await hub.diagnose(agent, wanted.kind, wanted.target, wanted.params, user.name)
    return DiagnosisAnswer(found.status, found.reason, found.figures, found.took_ms, found.details)


def _agent(request: Request, agent: str) -> AgentState:
    state = context_of(request).views.agent(agent)
    if state is None:
        raise Problem("not-found", "no agent has that name")
    return state
