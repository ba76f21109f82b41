"""Configurations of routers and switches: those of a unit, and of one device what is wrong, what is not saved and what changed."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.views import CheckState
from core.errors import Unavailable
from inventory.changes import put
from inventory.configs.compliance import Fault
from inventory.configs.host_keys import pinned_in
from inventory.configs.lines import Hunk, split
from inventory.configs.reads import Configs, Configuration, Configured, ConfigVersion
from inventory.findings import keeper
from inventory.findings.configs import subject_of
from inventory.findings.decide import CONFIG_KINDS
from inventory.findings.keeper import KeptMark
from inventory.records import WatchedDevice
from inventory.stock import take_stock
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.fetching import fetch_now, fetches
from web.i18n import mark
from web.pages.rendering import name_of, render

RULES: Mapping[str, str] = {
    "telnet": mark("lets people in by Telnet, unencrypted"),
    "http": mark("its own pages are not encrypted (HTTP)"),
    "community": mark("SNMP with a community that everybody knows"),
    "password": mark("passwords stand in it in the clear"),
    "ssh": mark("SSH that is old, weak or open to root"),
    "ntp": mark("no time server (NTP)"),
    "logging": mark("its log goes to no server (syslog)"),
    "host_key": mark("it shows another SSH key than before"),
    "unsaved": mark("what runs is not saved"),
    "changed": mark("the configuration was changed"),
}
"""What is wrong where a rule of `inventory/configs/rules.toml` does not hold; and the other findings of configurations."""
VENDORS: Mapping[str, str] = {
    "mikrotik": "MikroTik",
    "cisco": "Cisco IOS",
    "huawei": "Huawei VRP",
    "h3c": "H3C Comware",
    "juniper": "Juniper Junos",
    "zte": "ZTE",
    "vyos": "VyOS",
    "frr": "FRR",
    "linux": "Linux",
}
NOTES: Mapping[str, str] = {
    "refused": mark("the device refuses the command"),
    "not understood": mark("its answer was not understood"),
    "silent": mark("it did not answer in time"),
    "too long": mark("its answer is too long"),
    "too many": mark("there are more than are kept"),
    "lost": mark("the connection broke off"),
}
"""Why facts are missing, by the first part of an agent's note (`agents/config/facts.py`, `fetch.py`)."""
LINES = 1_500
"""Of a difference that are shown: what is longer is for programs."""
VERSIONS = 100
MARKS = 20
"""Words of people about one device that are shown."""

router = APIRouter()
Code = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=1, lt=1 << 63)]
Side = Annotated[int | None, Query(ge=1, lt=1 << 63)]
log = logging.getLogger(__name__)
Admin = Annotated[User, Depends(require(Role.ADMIN))]
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]


@dataclass(frozen=True, slots=True)
class Row:
    """A device that is asked for its configuration, or was: what is kept, and the check that asks, where there is each."""

    name: str
    address: str
    kept: Configured | None
    check: CheckState | None


@dataclass(frozen=True, slots=True)
class Change:
    """A difference as it is shown. `left`: lines past LINES."""

    hunks: Sequence[Hunk]
    left: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Point:
    """Something that is not as it should be, and that nobody approved. `since` is None until a finding of it is open."""

    kind: str
    line: int | None
    text: str
    since: int | None


@router.get("/units/{code}/configs")
def of_unit(
    request: Request, code: Code, _user: Technician, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Every device of the unit whose configuration is kept or asked for. `done` says what became of the button."""
    context = context_of(request)
    if context.registry.unit(code, context.clock.now()) is None:
        raise HTTPException(404)
    kept = {each.address: each for each in Configs(context.state).of_unit(code)}
    checks = fetches(context, code)
    rows = [
        Row(_name(checks.get(address), address), address, kept.get(address), checks.get(address))
        for address in sorted(kept.keys() | checks.keys())
    ]
    return render(
        request,
        "configs/unit.html",
        {"unit": code, "unit_name": name_of(context, code), "rows": rows, "vendors": VENDORS, "done": done},
    )


@router.post("/units/{code}/configs/fetch")
async def fetch(
    request: Request, code: Code, user: Technician, address: Annotated[str, Form(max_length=255)]
) -> RedirectResponse:
    """Fetch one of them now."""
    try:
        done = "asked" if await fetch_now(context_of(request), code, address, user.name) else "gone"
    except Unavailable:
        done = "away"
    return RedirectResponse(f"/units/{quote(code)}/configs?done={done}", status_code=303)


@router.get("/configs/{device}")
def of_device(
    request: Request,
    device: Number,
    user: Technician,
    old: Annotated[Side, Query(alias="from")] = None,
    new: Annotated[Side, Query(alias="to")] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One device; `from` and `to` are the versions that are compared: without them the last change."""
    context = context_of(request)
    configs = Configs(context.state)
    found = configs.device(device)
    if found is None:
        raise HTTPException(404)
    versions = configs.versions(device)[:VERSIONS]
    before, after = _sides(versions, old, new)
    hunks = configs.difference(device, before, after) if before is not None else []
    now = configs.configuration(device, found.version)
    if hunks is None or now is None:
        raise HTTPException(404)
    watched = watched_device(context, found.unit, found.address)
    points, marks = _points(context, found, now.faults)
    return render(
        request,
        "configs/device.html",
        _about(context, found)
        | {
            "points": points,
            "approved": marks,
            "other_key": configs.key_change(device, pinned_in(watched.access) if watched else ""),
            "may_accept": watched is not None and bool(watched.access) and user.may(Role.ADMIN),
            "done": done,
            "versions": versions,
            "before": before,
            "after": after,
            "change": shown(hunks),
            "unsaved": shown(now.unsaved),
            "draft": shown(now.draft),
            "rules": RULES,
            "facts": configs.facts(device),
            "notes": NOTES,
        },
    )


@router.post("/configs/{device}/host-key")
async def accept_key(
    request: Request, device: Number, user: Admin, key: Annotated[str, Form(max_length=128)]
) -> RedirectResponse:
    """Say that the key which the device shows now is right: `key` is the fingerprint that was looked at. Agents sign in with it, and with no other."""
    context = context_of(request)
    found = Configs(context.state).device(device)
    if found is None:
        raise HTTPException(404)

    def pin() -> str:
        watched = watched_device(context, found.unit, found.address)
        shown = Configs(context.state).key_change(device, pinned_in(watched.access) if watched else "")
        if watched is None or not watched.access:
            return "gone"
        if shown is None or shown.key != key:
            return "other"
        now = context.clock.now()
        access = json.loads(watched.access) | {"host_key": key}
        row = {
            "unit": found.unit,
            "name": watched.name,
            "access": json.dumps(access, sort_keys=True, ensure_ascii=False),
        }
        put(context.state, now, {"watched_devices": [row]})
        log.info(
            "%s accepted the SSH key %s of %s in %s, it had %s",
            user.name,
            key,
            found.address,
            found.unit,
            shown.before,
        )
        context.registry.refresh()
        take_stock(context.state, context.machines, context.registry.units(now), now)
        return "pinned"

    done = await run_in_threadpool(pin)
    return RedirectResponse(f"/configs/{device}?done={done}#host-key", status_code=303)


@router.get("/configs/{device}/{version}")
def text(request: Request, device: Number, version: Number, _user: Technician) -> Response:
    """A version, whole."""
    context = context_of(request)
    configs = Configs(context.state)
    found = configs.device(device)
    one: Configuration | None = configs.configuration(device, version)
    if found is None or one is None:
        raise HTTPException(404)
    lines = split(one.text)
    wrong = {fault.line: fault.rule for fault in one.faults if fault.line is not None}
    return render(
        request,
        "configs/text.html",
        _about(context, found) | {"one": one.version, "lines": lines, "wrong": wrong, "rules": RULES},
    )


def shown(hunks: Sequence[Hunk]) -> Change:
    """As much of a difference as a page holds. Pure."""
    some: list[Hunk] = []
    room = LINES
    for hunk in hunks:
        if room > 0:
            some.append(Hunk(hunk.old, hunk.new, hunk.lines[:room]))
        room -= len(hunk.lines)
    signs = [line.sign for hunk in hunks for line in hunk.lines]
    return Change(some, max(0, -room), signs.count("+"), signs.count("-"))


def watched_device(context: Context, unit: str, address: str) -> WatchedDevice | None:
    """What the registry says of it now."""
    watched = context.registry.watched_devices(unit, context.clock.now())
    return next((each for each in watched if each.address == address), None)


def _points(
    context: Context, found: Configured, faults: Sequence[Fault]
) -> tuple[list[Point], list[KeptMark]]:
    """What is wrong and was not approved, and what was, the newest first."""
    subject = subject_of(found.id)
    with context.state.read() as connection:
        standing = {
            each.kind: each
            for each in keeper.read(connection, found.unit, CONFIG_KINDS)
            if each.subject == subject
        }
        marks = keeper.marks(connection, found.unit, subjects=[subject])
    approved = {each.kind for each in marks}
    points = [
        Point(kind, None, "", standing[kind].since) for kind in ("unsaved", "changed") if kind in standing
    ]
    points += [
        Point(each.rule, each.line, each.text, standing[each.rule].since if each.rule in standing else None)
        for each in faults
        if each.rule not in approved
    ]
    return points, marks[::-1][:MARKS]


def _sides(versions: Sequence[ConfigVersion], old: int | None, new: int | None) -> tuple[int | None, int]:
    """The versions to compare: what is not said is the newest, and the one before the other."""
    after = new if new is not None else versions[0].id
    if old is not None:
        return old, after
    numbers = [each.id for each in versions]
    place = numbers.index(after) + 1 if after in numbers else len(numbers)
    return (numbers[place] if place < len(numbers) else None), after


def _about(context: Context, found: Configured) -> dict[str, object]:
    check = fetches(context, found.unit).get(found.address)
    return {
        "device": found,
        "name": _name(check, found.address),
        "vendor": VENDORS.get(found.vendor, found.vendor),
        "check": check,
        "unit_name": name_of(context, found.unit),
    }


def _name(check: CheckState | None, address: str) -> str:
    return check.label if check is not None else address
