"""`/api/v1/services/{code}/try`: a check of a service run once from a unit, now, before it is kept or out of turn."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from core.errors import BadInput, Refused
from inventory.records import Service, ServiceCheck
from web.api.problems import Problem
from web.api.service_shapes import TrialAnswer, trial_answer
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.trial import attempt, drafted

router = APIRouter(prefix="/services", tags=["services"])

Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class DraftRequest(BaseModel):
    """A check that is not kept: what one of the catalogue says. `target` may hold the same placeholders."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    target: Text
    params: dict[str, Any] = {}
    timeout_ms: Annotated[int, Field(ge=1, le=600_000, description="The agent stops at 30 s.")] = 10_000


class TrialRequest(BaseModel):
    """From which unit, and what: a check of the catalogue by its name (`check`), or one that is not kept (`draft`)."""

    model_config = ConfigDict(extra="forbid")

    unit: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
    check: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    draft: DraftRequest | None = None


@router.post("/{code}/try")
async def try_check(
    request: Request,
    code: str,
    wanted: TrialRequest,
    user: Annotated[User, Depends(require(Role.OPERATOR))],
) -> TrialAnswer:
    """Run a check once from a unit, now, with the result of each step. It is logged who did, and counts as no measurement.
    A check of the catalogue needs the role operator, one that is not kept the role admin."""
    if (wanted.check is None) == (wanted.draft is None):
        raise BadInput("either `check` or `draft` is needed")
    if wanted.draft is not None and not user.may(Role.ADMIN):
        raise Refused("a check that is not kept needs the role admin")
    context = context_of(request)
    service, check = await run_in_threadpool(_wanted, context, code, wanted)
    return trial_answer(await attempt(context, wanted.unit, service, check, user.name))


def _wanted(context: Context, code: str, wanted: TrialRequest) -> tuple[Service, ServiceCheck]:
    now = context.clock.now()
    service = context.registry.service(code, now)
    if service is None:
        raise Problem("not-found", "no service has that code")
    if wanted.draft is not None:
        return service, drafted(code, {"name": "…", "interval_ms": 60_000, **_columns(wanted.draft)})
    found = next(
        (one for one in context.registry.service_checks(code, now) if one.name == wanted.check), None
    )
    if found is None:
        raise Problem("not-found", "the service has no check of that name")
    return service, found


def _columns(draft: DraftRequest) -> dict[str, str | int]:
    return {
        "kind": draft.kind,
        "target": draft.target,
        "params": json.dumps(draft.params),
        "timeout_ms": draft.timeout_ms,
    }
