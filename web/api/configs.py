"""`/api/v1/devices/{id}/configs`: configurations of routers and switches, masked; for technicians and up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from inventory.configs.compliance import RULES
from inventory.configs.facts import Known
from inventory.configs.lines import Hunk
from inventory.configs.reads import Configs, Configuration, Configured, ConfigVersion
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import context_of
from web.fetching import fetch_now

router = APIRouter(tags=["configs"])
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
Device = Annotated[int, Path(alias="id", ge=1, lt=1 << 63, description="`id` of `units/{code}/configs`.")]
_VERSION = "`id` of one of its versions."
Version = Annotated[int, Path(ge=1, lt=1 << 63, description=_VERSION)]


@router.get("/configs")
def everywhere(
    request: Request,
    response: Response,
    _user: Technician,
    rule: Annotated[str | None, Query(max_length=32, description="Only devices that break this one.")] = None,
    saved: Annotated[bool | None, Query(description="Only what is, or is not, saved.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[Configured]:
    """Devices of all units whose configuration is kept, by id. Needs the role technician."""
    if rule is not None and rule not in RULES:
        raise Problem("not-found", f"no rule has that name: there are {', '.join(RULES)}")
    found = [
        each
        for each in Configs(context_of(request).state).all()
        if (rule is None or any(standing.rule == rule for standing in each.faults))
        and (saved is None or each.saved is saved)
    ]
    return page(request, response, *page_of(found, lambda each: each.id, "configs", cursor, limit, int))


@router.get("/units/{code}/configs")
def of_unit(request: Request, code: str, _user: Technician) -> list[Configured]:
    """Devices of the unit whose configuration is kept, by address, each as it was last and with what is wrong in it. Needs the role technician."""
    context = context_of(request)
    if context.registry.unit(code, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
    return Configs(context.state).of_unit(code)


class FetchRequest(BaseModel):
    """`address` of a device of the unit that a check fetches the configuration of."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(min_length=1, max_length=255)]


@router.post("/units/{code}/configs/fetch", status_code=202)
async def fetch(request: Request, code: str, wanted: FetchRequest, user: Technician) -> None:
    """Have the unit's agent fetch the configuration of one device now; it comes with a report. Needs the role technician."""
    if not await fetch_now(context_of(request), code, wanted.address, user.name):
        raise Problem("not-found", "no check of the unit fetches that")


@router.get("/devices/{id}/configs")
def versions(request: Request, device: Device, _user: Technician) -> list[ConfigVersion]:
    """Its versions, newest first. Needs the role technician."""
    found = Configs(context_of(request).state).versions(device)
    if not found:
        raise Problem("not-found", "no configuration of a device with that id is kept")
    return found


@router.get("/devices/{id}/configs/diff")
def difference(
    request: Request,
    device: Device,
    old: Annotated[int, Query(alias="from", ge=1, lt=1 << 63, description=_VERSION)],
    new: Annotated[int, Query(alias="to", ge=1, lt=1 << 63, description=_VERSION)],
    _user: Technician,
) -> list[Hunk]:
    """How one version differs from another: empty when they are alike. Needs the role technician."""
    found = Configs(context_of(request).state).difference(device, old, new)
    if found is None:
        raise Problem("not-found", "the device does not have both versions")
    return found


@router.get("/devices/{id}/configs/facts")
def facts(request: Request, device: Device, _user: Technician) -> Known:
    """What the device says of itself and since when: model, serial number, firmware, modules, neighbours. Needs the role technician."""
    found = Configs(context_of(request).state).facts(device)
    if found is None:
        raise Problem("not-found", "no device with that id was asked what it is")
    return found


@router.get("/devices/{id}/configs/{version}")
def configuration(request: Request, device: Device, version: Version, _user: Technician) -> Configuration:
    """One version: its text, what is wrong in it, and how what the device would start with becomes it. Needs the role technician."""
    found = Configs(context_of(request).state).configuration(device, version)
    if found is None:
        raise Problem("not-found", "the device has no such version")
    return found
