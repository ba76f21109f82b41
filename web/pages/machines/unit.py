"""The machines of a unit by class, what is new, missing or unknown on top; and what people say of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inventory.assets.book import read_book
from inventory.census.lists import of_unit
from inventory.configs.reads import Configs
from inventory.devices import devices
from inventory.findings import keeper
from inventory.findings.configs import device_of
from inventory.findings.decide import CONFIG_KINDS, MACHINE_KINDS, VERDICTS, Acceptable, PartKind
from inventory.findings.keeper import KeptFinding, KeptMark
from inventory.lan.reads import read_sightings
from inventory.photos import keeper as photos
from inventory.stock import take_stock
from web.api.findings import seen_by
from web.auth.guard import require, user_of
from web.auth.roles import Role, User
from web.changed import begin_of
from web.context import Context, context_of
from web.i18n import language_of, local_time, speaker
from web.pages.machines.about import WORDS
from web.pages.machines.findings import address_of
from web.pages.machines.items import GROUPS, Item, Shown, Told, shown
from web.pages.machines.netbox import for_netbox
from web.pages.machines.tables import MachinesFormat, as_file, of_machines
from web.pages.rendering import name_of, render
from web.photos import BOUNDS, said_at

SHEET_DAYS = 30
"""So long a word “verified” counts for the sheet, where no day is chosen."""

router = APIRouter()
Code = Annotated[str, Path(max_length=40)]
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
Subject = Annotated[str, Form(pattern=keeper.SUBJECT)]


def told_of(context: Context, code: str) -> Told:
    """All that is known of the machines in a unit."""
    listed = of_unit(context.state, context.machines, code)
    watched = {each.address: each for each in context.registry.watched_devices(code, context.clock.now())}
    asked = [
        # One whose configuration alone is read says nothing of itself: the registry knows what it is.
        each
        if each.body or (here := watched.get(each.address)) is None
        else replace(each, name=here.name, kind=here.kind)
        for each in devices(context.state, code)
    ]
    with context.state.read() as connection:
        return Told(
            code,
            listed,
            asked,
            read_sightings(connection, code),
            list(keeper.read(connection, code, MACHINE_KINDS)),
            [
                replace(each, subject=context.machines.current(each.subject))
                for each in keeper.marks(connection, code)
            ],
        )


def with_book(context: Context, code: str, items: Sequence[Item]) -> list[Item]:
    """With the asset numbers of the unit's book, where it is clear which row a machine is."""
    book = read_book(context.state, context.machines, code, context.clock.now())
    numbers = {fit.machine: number for number, fit in book.matching.found.items()}
    return [replace(each, asset=numbers.get(each.subject, each.asset)) for each in items]


def with_configs(context: Context, code: str, found: Shown) -> Shown:
    """With the devices whose configuration is kept."""
    kept = Configs(context.state).devices_of(code)

    def marked(items: Sequence[Item]) -> list[Item]:
        return [
            replace(each, configured=next((one.id for one in each.devices if one.id in kept), None))
            for each in items
        ]

    groups = {key: marked(items) for key, items in found.groups.items()}
    return replace(found, urgent=marked(found.urgent), groups=groups, items=marked(found.items))


def known_unit(context: Context, code: str) -> None:
    """Raises HTTPException: no unit has that code now."""
    if context.registry.unit(code, context.clock.now()) is None:
        raise HTTPException(404)


@router.get("/units/{code}/machines")
def machines(
    request: Request,
    code: Code,
    done: Annotated[str, Query(max_length=20)] = "",
    format: MachinesFormat = None,  # noqa: A002 - it is what the address says
) -> Response:
    """`done` says what became of the form that led here."""
    context, now = context_of(request), context_of(request).clock.now()
    known_unit(context, code)
    found: Shown = shown(told_of(context, code), now)
    if format:
        names = {code: name_of(context, code)}
        rows = [(code, item) for item in found.items]
        if format == "netbox":
            return as_file(for_netbox(names, rows), "csv", now)
        return as_file(of_machines(speaker(language_of(request), now), names, rows), format, now)
    user = user_of(request)
    if user is not None and user.may(Role.TECHNICIAN):
        found = with_configs(context, code, found)
    asked = len(context.machines.questions(code))
    details = {
        "unit": code,
        "shown": found,
        "GROUPS": GROUPS,
        "done": done,
        "asked": asked,
        "configs": _of_configs(context, code, user),
    }
    return render(request, "machines/unit.html", {**WORDS, **details})


def _of_configs(context: Context, code: str, user: User | None) -> list[tuple[str, list[KeptFinding]]]:
    """What is wrong with configurations of the unit, as somebody may see it: of each device, by the address of its page."""
    kinds = [each for each in seen_by(user) if each in CONFIG_KINDS]
    with context.state.read() as connection:
        found = sorted(keeper.read(connection, code, kinds), key=lambda each: (each.name, each.subject))
    return [
        (address_of(of[0]), of)
        for _, group in groupby(found, lambda each: each.subject)
        if (of := list(group))
    ]


@router.get("/units/{code}/machines/sheet")
def sheet(
    request: Request,
    code: Code,
    since: Annotated[date | None, Query(description="What was verified on that day or after counts.")] = None,
) -> Response:
    """The unit's machines to tick off, on a phone or on paper: those that are not verified yet first."""
    context, now = context_of(request), context_of(request).clock.now()
    known_unit(context, code)
    then = since or (local_time(now) - timedelta(days=SHEET_DAYS)).date()
    began = begin_of(then)
    items = [
        (item, item.verified is not None and item.verified.at >= began)
        for item in with_book(context, code, shown(told_of(context, code), now).items)
        if item.subject and not (item.mark and item.mark.says == "retired")
    ]
    user = user_of(request)
    names = [item.machine for item, _ in items if item.machine]
    owner = {key: name for name in names for key in context.machines.keys_of(name)}
    with context.state.read() as connection:
        taken = Counter[str]()
        for key, count in photos.counts(connection, owner).items():
            taken[owner[key]] += count
    details = {
        "unit": code,
        "photos": taken,
        **BOUNDS,
        "items": sorted(items, key=lambda each: each[1]),
        "done_count": sum(verified for _, verified in items),
        "since": then.isoformat(),
        "technician": user is not None and user.may(Role.TECHNICIAN),
    }
    return render(request, "machines/sheet.html", {**WORDS, **details})


@router.post("/units/{code}/machines/marks")
async def say(
    request: Request,
    code: Code,
    user: Technician,
    says: Annotated[keeper.Says, Form()],
    subject: Annotated[Subject | None, Form()] = None,
    note: Annotated[str, Form(max_length=500)] = "",
    at: Annotated[int | None, Form(ge=0)] = None,
    back: Annotated[Literal["", "sheet", "device"], Form()] = "",
    kind: Annotated[PartKind | Acceptable | Literal[""], Form()] = "",
) -> Response:
    """Approve a device or, with `kind`, what was found of it; say that it was written off or verified on site, or note something
    of it; without `subject`, approve all that are unknown now. `at`: when it was said, where it was sent later; `back`: the page
    to go on with."""
    context = context_of(request)
    known_unit(context, code)

    def keep() -> None:
        now = context.clock.now()
        with context.state.read() as connection:
            unknown = [each.subject for each in keeper.read(connection, code, ("unknown",))]
        subjects = [subject] if subject else unknown[: keeper.MOST] if says == "approved" else []
        if subjects:
            keeper.mark(context.state, code, subjects, says, note, user.name, said_at(at, now), kind)
            if says in VERDICTS:
                take_stock(context.state, context.machines, context.registry.units(now), now, {code})

    await run_in_threadpool(keep)
    if subject is not None and device_of(subject) is not None:
        return RedirectResponse(f"/configs/{device_of(subject)}?done={says}#faults", 303)
    if back == "device" and subject is not None and ":" not in subject:
        return RedirectResponse(f"/machines/{subject}?done={says}", 303)
    return _back(code, says, {"sheet": "/sheet", "device": f"/{subject}"}.get(back, ""))


@router.post("/units/{code}/machines/marks/{number}/undo")
async def undo(
    request: Request,
    code: Code,
    number: Annotated[int, Path(ge=0, lt=1 << 63)],
    _user: Technician,
) -> Response:
    """Take back what was said."""
    context = context_of(request)
    known_unit(context, code)

    def keep() -> KeptMark | None:
        now = context.clock.now()
        mark = keeper.unmark(context.state, number, now)
        if mark is not None:
            take_stock(context.state, context.machines, context.registry.units(now), now, {mark.unit})
        return mark

    taken = await run_in_threadpool(keep)
    if taken is not None and (of := device_of(taken.subject)) is not None:
        return RedirectResponse(f"/configs/{of}?done=undone#faults", 303)
    return _back(code, "undone")


def _back(code: str, done: str, page: str = "") -> Response:
    return RedirectResponse(f"/units/{quote(code, safe='')}/machines{page}?done={done}", 303)
