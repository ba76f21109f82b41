"""`/api/v1/devices`: machines as inventories tell of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from inventory.assets.keeper import BookRow
from inventory.census.lists import Listed, search
from inventory.devices import devices as lan_devices
from inventory.lan.reads import read_sightings
from inventory.machines.reads import MachineVersion, MachineView
from web.api.assets import booked
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.context import context_of
from web.pages.machines.items import ports

router = APIRouter(prefix="/devices", tags=["devices"])
Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Its `name`, or one that it had before.")]


@dataclass(frozen=True, slots=True)
class MachineFound:
    """A machine that was searched for; what nobody told is empty or None."""

    name: str
    unit: str
    hostname: str
    kind: str
    """Its class: `pc`, `laptop`, `server`, `printer`, …"""
    vendor: str
    model: str
    serial: str
    asset: str
    system: str
    memory_mb: int | None
    user: str
    addresses: Sequence[str]
    macs: Sequence[str]
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class SwitchPort:
    switch: str
    """What it calls itself, or the address at which it is asked."""
    port: str


@dataclass(frozen=True, slots=True)
class BookedMachine(MachineView):
    """With what the asset book of its unit says of it; None where it is in none. And the ports that it is on, where switches tell."""

    book: BookRow | None = None
    ports: Sequence[SwitchPort] = ()


@router.get("")
def devices(
    request: Request,
    response: Response,
    unit: Annotated[
        str | None, Query(max_length=32, description="Code of the unit in which they were seen last.")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Instead: words, each a part of anything known of it.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MachineView] | Page[MachineFound]:
    """The machines of a unit, in the order of their names; or those of the province that are searched for, what `q` names
    exactly first, on one page."""
    context = context_of(request)
    if q is not None:
        hits = search(context.state, context.machines, q, limit)
        return Page(items=[_found(each) for each in hits], next=None)
    if unit is None:
        raise Problem("invalid", "unit or q is needed")
    if context.registry.unit(unit, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
    found = context.machines.of_unit(unit)
    items, next_ = page_of(found, lambda each: each.name, "devices", cursor, limit, str)
    return page(request, response, items, next_)


@router.get("/{name}")
def device(request: Request, name: Name) -> BookedMachine:
    """One machine as it was heard last, with everything that its agents told."""
    context = context_of(request)
    found = context.machines.machine(name)
    if found is None:
        raise Problem("not-found", "no machine has that name")
    told = {field.name: getattr(found, field.name) for field in fields(found)}
    with context.state.read() as connection:
        sightings = read_sightings(connection, found.unit)
    on = ports(found.macs, found.hostname, lan_devices(context.state, found.unit), sightings)
    book = booked(context, found.unit, found.name)
    return BookedMachine(**told, book=book, ports=[SwitchPort(*each) for each in on])


@router.get("/{name}/versions")
def versions(
    request: Request,
    name: Name,
    newest: Annotated[int, Query(ge=1, le=500, description="At most this many.")] = 100,
) -> list[MachineVersion]:
    """What it was and since when, oldest first; each with what changed since the one before."""
    machines = context_of(request).machines
    if machines.machine(name) is None:
        raise Problem("not-found", "no machine has that name")
    return machines.versions(name, newest)


def _found(each: Listed) -> MachineFound:
    facts = each.facts
    return MachineFound(
        each.name,
        each.unit,
        facts.hostname,
        facts.kind,
        facts.vendor,
        facts.model,
        facts.serial,
        facts.asset,
        facts.system,
        facts.memory_mb,
        facts.user,
        facts.addresses,
        facts.macs,
        each.first_seen,
        each.last_seen,
    )
