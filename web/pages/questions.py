"""Questions about machines: what is open, two machines side by side, what was answered; and what one is known by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput
from inventory.census.lists import of_machine, search
from inventory.machines import answers as keeper
from inventory.machines.answers import KeptAnswer
from inventory.machines.identities import Pair, Standing
from web.api.questions import PAIR, Says, id_of, is_open, keep, sides_of, take_back
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of
from web.i18n import mark
from web.pages.rendering import render

SHOWN = 20
"""Questions and answers of one page."""
FOUND = 10
"""Machines that a search for another one gives."""
router = APIRouter()
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
PairId = Annotated[str, Path(pattern=PAIR)]
Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
SIGNS: Mapping[str, str] = {
    "chassis_serial": mark("Serial number"),
    "board_serial": mark("Serial number of the board"),
    "uuid": mark("UUID"),
    "model": mark("Model of the board"),
    "macs": mark("Network adapters"),
    "local_macs": mark("Addresses that it made up"),
    "disk_serials": mark("Disks"),
    "memory_serials": mark("Memory"),
    "asset_number": mark("Asset number"),
    "agent": mark("Inventory agent"),
    "hostname": mark("Name"),
    "unit": mark("Unit"),
}
WORDS: Mapping[str, tuple[str, str]] = {
    "agrees": ("good", mark("the same")),
    "partly": ("degraded", mark("in part")),
    "differs": ("down", mark("another")),
    "silent": ("unknown", mark("not compared")),
    "many": ("unknown", mark("many machines tell it")),
}
"""What a row says: the key of a `web.palette.Look`, and a word."""
ANSWERS: Mapping[str, str] = {"same": mark("one machine"), "different": mark("two machines")}


@dataclass(frozen=True, slots=True)
class Side:
    """A face with what its machine is now; what nobody told is empty."""

    standing: Standing
    hostname: str
    user: str
    vendor: str
    model: str
    serial: str

    @property
    def title(self) -> str:
        return self.hostname or self.serial or self.standing.machine[:8]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as people read it."""

    answer: KeptAnswer
    left: Side
    right: Side


@router.get("/questions")
def questions(
    request: Request,
    unit: Annotated[str, Query(max_length=40)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Of all units, or of one; what was answered last below. `done` says what became of the form that led here."""
    context = context_of(request)
    found = context.machines.questions(unit or None)
    asked = [(id_of(pair), _side(context, pair.left), _side(context, pair.right)) for pair in found[:SHOWN]]
    details = {
        "asked": asked,
        "more": max(0, len(found) - SHOWN),
        "unit": unit,
        "done": done,
        "told": _told(context, unit),
        "ANSWERS": ANSWERS,
    }
    return render(request, "questions/list.html", details)


@router.get("/questions/{pair_id}")
def question(request: Request, pair_id: PairId) -> Response:
    """Two machines side by side, with what each told. The one that was known first is on the left."""
    context = context_of(request)
    pair = _pair(context, pair_id)
    if pair_id != id_of(pair):
        return RedirectResponse(f"/questions/{id_of(pair)}", 307)
    details = {
        "id": pair_id,
        "left": _side(context, pair.left),
        "right": _side(context, pair.right),
        "found": context.machines.sides(pair),
        "is_open": is_open(context, pair),
        "told": _told(context, keys=frozenset((pair.left.key, pair.right.key))),
        "SIGNS": SIGNS,
        "WORDS": WORDS,
        "ANSWERS": ANSWERS,
    }
    return render(request, "questions/pair.html", details)


@router.post("/questions/{pair_id}")
async def answer(
    request: Request, pair_id: PairId, user: Technician, says: Annotated[Says, Form()]
) -> Response:
    """Say that the two are one machine, or two."""
    context = context_of(request)

    def say() -> str:
        pair = _pair(context, pair_id)
        keep(context, *sides_of(context, pair), says, user.name)
        return pair.right.unit

    unit = await run_in_threadpool(say)
    return RedirectResponse(f"/questions?{urlencode({'unit': unit, 'done': says})}", 303)


@router.post("/answers/{number}/undo")
async def undo(
    request: Request,
    number: Annotated[int, Path(ge=0, lt=1 << 63)],
    user: Technician,
    unit: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Take an answer back."""
    await run_in_threadpool(take_back, context_of(request), number, user.name)
    return RedirectResponse(f"/questions?{urlencode({'unit': unit, 'done': 'undone'})}", 303)


@router.get("/machines/{name}/faces")
def faces(
    request: Request,
    name: Name,
    q: Annotated[str, Query(max_length=200, description="Find another machine that is this one.")] = "",
    error: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """What a machine is known by, to split it; and a search for another that is this one, to merge them."""
    context = context_of(request)
    context.machines.refresh()
    keys = context.machines.keys_of(name)
    if not keys:
        raise HTTPException(404)
    pairs = [pair for key in keys if (pair := context.machines.pair(keys[0], key)) is not None]
    told = [(pair.right, context.machines.sides(pair).rows) for pair in pairs]
    others = [
        (f"{keys[0]}-{each.name}", each)
        for each in search(context.state, context.machines, q, FOUND + 1)
        if each.name != context.machines.current(name)
    ]
    details = {
        "name": context.machines.current(name),
        "side": _side(context, pairs[0].left),
        "faces": told,
        "q_text": q,
        "others": others[:FOUND],
        "error": error,
        "told": _told(context, keys=frozenset(keys)),
        "SIGNS": SIGNS,
        "ANSWERS": ANSWERS,
    }
    return render(request, "questions/faces.html", details)


@router.post("/machines/{name}/split")
async def split(
    request: Request, name: Name, user: Technician, face: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Say that these faces are another machine's than the rest."""
    context = context_of(request)

    def say() -> bool:
        context.machines.refresh()
        keys = context.machines.keys_of(name)
        left = [key for key in keys if key in set(face or ())]
        right = [key for key in keys if key not in left]
        try:
            keep(context, left, right, "different", user.name)
        except BadInput:
            return False
        return True

    done = await run_in_threadpool(say)
    return RedirectResponse(f"/machines/{name}/faces{'' if done else '?error=some'}", 303)


def _pair(context: Context, pair_id: str) -> Pair:
    one, _, other = pair_id.partition("-")
    context.machines.refresh()
    pair = context.machines.pair(one, other)
    if pair is None or one == other:
        raise HTTPException(404)
    return pair


def _side(context: Context, standing: Standing) -> Side:
    listed = of_machine(context.state, context.machines, standing.machine)
    # Facts are made of what agents told last: of a machine whose agent went on with another's disk there are none.
    told = listed.facts if listed else context.machines.machine(standing.machine)
    if told is None:
        return Side(standing, "", "", "", "", "")
    return Side(standing, told.hostname, told.user, told.vendor, told.model, told.serial)


def _told(context: Context, unit: str = "", keys: frozenset[str] | None = None) -> Sequence[Told]:
    """Answers that stand, the latest first: of a unit, or about one of these faces."""
    with context.state.read() as connection:
        standing = keeper.answers(connection)[::-1]
    found: list[Told] = []
    for each in standing:
        about = keys is None or bool(keys & {*each.left, *each.right})
        pair = context.machines.pair(each.left[0], each.right[0]) if about else None
        if pair is not None and (not unit or unit in pair.units):
            found.append(Told(each, _side(context, pair.left), _side(context, pair.right)))
        if len(found) == SHOWN:
            break
    return found
