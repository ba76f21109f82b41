"""`/api/v1/devices`: all that is known of devices, and machines as inventories tell of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from inventory.assets.keeper import BookRow
from inventory.devices import devices as lan_devices
from inventory.lan.reads import read_sightings
from inventory.machines.reads import MachineVersion, MachineView
from web.api.assets import booked
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.context import context_of
from web.pages.machines.items import Item, ports, shown
from web.pages.machines.search import find
from web.pages.machines.unit import told_of

router = APIRouter(prefix="/devices", tags=["devices"])
Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Its `name`, or one that it had before.")]


@dataclass(frozen=True, slots=True)
class AskedDevice:
    """A device of a unit's LAN with its newest document: an agent's own machine, or one asked at an address."""

    id: int
    agent: str
    address: str
    name: str
    kind: str
    first_seen: int
    last_seen: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of a unit with all that is told of it, by whoever; what nobody told is empty or None."""

    id: str
    """Names it among those of its unit: its `name`, the MAC that sweeps heard, or that of its document (`device-12`)."""
    name: str
    """That of `devices/{name}`, where inventories tell of it."""
    unit: str
    sources: Sequence[str]
    """Who tell of it: `inventory`, `agent` (the unit's own runs on it), `snmp` (it is asked), `lan` (sweeps heard it)."""
    kind: str
    """Its class: `pc`, `laptop`, `server`, `printer`, …"""
    hostname: str
    vendor: str
    model: str
    serial: str
    asset: str
    system: str
    """With its version; of a device that is asked, its firmware."""
    memory_mb: int | None
    user: str
    addresses: Sequence[str]
    macs: Sequence[str]
    first_seen: int | None
    last_seen: int
    documents: Sequence[AskedDevice]
    """What it said when it was asked, and what the agent told of its own machine."""


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
) -> Page[KnownDevice]:
    """The devices of a unit, whoever tells of them; or those of the province that are searched for, what `q` names exactly first, on one
    page."""
    context = context_of(request)
    if q is not None:
        return Page(items=[known_device(each) for each in find(context, q, limit)], next=None)
    if unit is None:
        raise Problem("invalid", "unit or q is needed")
    if context.registry.unit(unit, context.clock.now()) is None:
        raise Problem("not-found", "no unit has that code")
    return devices_of(request, response, unit, limit, cursor)


def devices_of(
    request: Request, response: Response, unit: str, limit: int, cursor: str | None
) -> Page[KnownDevice]:
    """Those of a unit, by their ids."""
    context = context_of(request)
    found = [known_device(each) for each in shown(told_of(context, unit), context.clock.now()).items]
    items, next_ = page_of(found, lambda each: each.id, f"devices {unit}", cursor, limit, str)
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


def known_device(item: Item) -> KnownDevice:
    documents = [
        AskedDevice(
            one.id, one.agent, one.address, one.name, one.kind, one.first_seen, one.last_seen, one.body
        )
        for one in item.devices
    ]
    return KnownDevice(
        item.subject or f"device-{documents[0].id}",
        item.machine,
        item.unit,
        item.sources,
        item.kind,
        item.name,
        item.vendor,
        item.model,
        item.serial,
        item.asset,
        item.system,
        item.memory_mb,
        item.user,
        item.addresses,
        item.macs,
        item.first_seen,
        item.last_seen,
        documents,
    )
