"""`/api/v1/findings`: devices that nobody approved or that are missing, faults of configurations; and what people said of them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from inventory.findings import keeper
from inventory.findings.decide import CONFIG_KINDS, KINDS, VERDICTS, Acceptable, Kind, PartKind
from inventory.findings.keeper import KeptFinding, KeptMark
from inventory.stock import take_stock
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.auth.guard import require, user_of
from web.auth.roles import Role, User
from web.context import Context, context_of

router = APIRouter(tags=["findings"])
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
Subject = Annotated[str, Field(pattern=keeper.SUBJECT)]


class MarkRequest(BaseModel):
    """`subjects`: as findings name them; `all_unknown`: every device that is a finding `unknown` of the unit now; `kind`: of which
    kind of finding it is said, empty for the device itself."""

    model_config = ConfigDict(extra="forbid")

    subjects: Annotated[list[Subject], Field(max_length=keeper.MOST)] = []
    all_unknown: bool = False
    says: keeper.Says = "approved"
    kind: PartKind | Acceptable | Literal[""] = ""
    note: Annotated[str, Field(max_length=500)] = ""


def seen_by(user: User | None) -> Sequence[Kind]:
    """The kinds of findings that somebody may see: those of configurations say where a network is weak."""
    if user is not None and user.may(Role.TECHNICIAN):
        return KINDS
    return [each for each in KINDS if each not in CONFIG_KINDS]


@router.get("/findings")
def findings(
    request: Request,
    response: Response,
    unit: Annotated[str | None, Query(max_length=32, description="Only of this unit.")] = None,
    kind: Annotated[list[Kind] | None, Query(description="Of this kind; may be repeated.")] = None,
    closed: Annotated[bool, Query(description="Those that no longer stand, too.")] = False,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[KeptFinding]:
    """Devices that were never approved, that are missing, or that were written off and are back; for technicians faults of
    configurations, too; by id."""
    kinds = [each for each in seen_by(user_of(request)) if kind is None or each in kind]
    with context_of(request).state.read() as connection:
        found = list(keeper.read(connection, unit, kinds, standing=not closed))
    return page(request, response, *page_of(found, lambda each: each.id, "findings", cursor, limit, int))


@router.get("/units/{code}/marks")
def marks(request: Request, code: str) -> list[KeptMark]:
    """What people said of devices of the unit: approved, retired, verified, noted."""
    context = context_of(request)
    _known_unit(context, code)
    with context.state.read() as connection:
        return keeper.marks(connection, code)


@router.post("/units/{code}/marks", status_code=201)
def mark(request: Request, code: str, wanted: MarkRequest, user: Technician) -> list[KeptMark]:
    """Approve devices, say that they were written off or verified on site, or note something of them. Findings follow at once. Needs the role technician."""
    context = context_of(request)
    _known_unit(context, code)
    now = context.clock.now()
    subjects = list(dict.fromkeys(wanted.subjects))
    if wanted.all_unknown and wanted.says in VERDICTS:
        with context.state.read() as connection:
            unknown = [each.subject for each in keeper.read(connection, code, ("unknown",))]
        subjects = list(dict.fromkeys([*subjects, *unknown]))[: keeper.MOST]
        if not subjects:
            return []
    ids = set(
        keeper.mark(context.state, code, subjects, wanted.says, wanted.note, user.name, now, wanted.kind)
    )
    take_stock(context.state, context.machines, context.registry.units(now), now, {code})
    with context.state.read() as connection:
        return [each for each in keeper.marks(connection, code) if each.id in ids]


@router.delete("/marks/{id}", status_code=204)
def unmark(
    request: Request, number: Annotated[int, Path(alias="id", ge=0, lt=1 << 63)], _user: Technician
) -> None:
    """Take back what was said of a device. Needs the role technician."""
    context = context_of(request)
    now = context.clock.now()
    taken = keeper.unmark(context.state, number, now)
    if taken is None:
        raise Problem("not-found", "nothing that stands has that id")
    take_stock(context.state, context.machines, context.registry.units(now), now, {taken.unit})


def _known_unit(context: Context, code: str) -> None:
    if context.registry.unit(code, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
