"""`/api/v1/questions` and `answers`: which machines may be one, and what technicians answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from inventory.identity.sides import Row
from inventory.machines import answers as keeper
from inventory.machines.answers import KeptAnswer
from inventory.machines.identities import Pair, Standing
from inventory.stock import take_stock
from web.api.paging import Cursor, Limit, Page, page, page_of
from web.api.problems import Problem
from web.auth.guard import require
from web.auth.roles import Role, User
from web.context import Context, context_of

router = APIRouter(tags=["questions"])
Technician = Annotated[User, Depends(require(Role.TECHNICIAN))]
Says = Literal["same", "different"]
Key = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Keys = Annotated[list[Key], Field(min_length=1, max_length=keeper.MOST)]
PAIR = "^[0-9a-f]{32}-[0-9a-f]{32}$"
PairId = Annotated[str, Path(pattern=PAIR, description="`id` of a question, or the keys of any two faces.")]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """`left` is of the older machine, `right` of the one that is asked about; `evidence` by what counts most first."""

    id: str
    open: bool
    left: Standing
    right: Standing
    score: int
    evidence: Sequence[Row]


class Answered(BaseModel):
    model_config = ConfigDict(extra="forbid")

    says: Says


class AnswerRequest(BaseModel):
    """`left` and `right`: keys of faces. A machine's name is the key of one of its faces."""

    model_config = ConfigDict(extra="forbid")

    says: Says
    left: Keys
    right: Keys


@router.get("/questions")
def questions(
    request: Request,
    response: Response,
    unit: Annotated[str | None, Query(max_length=32, description="Only what was told in this unit.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QuestionView]:
    """What is open, with the two faces that raise it side by side; by id."""
    context = context_of(request)
    pairs, next_ = page_of(context.machines.questions(unit), id_of, "questions", cursor, limit, str)
    return page(request, response, [_view(context, pair, is_open=True) for pair in pairs], next_)


@router.get("/questions/{id}")
def question(request: Request, pair_id: Annotated[PairId, Path(alias="id")]) -> QuestionView:
    """Two faces side by side: a question, `open` or not, or any two that somebody wants to compare."""
    context = context_of(request)
    pair = pair_of(context, pair_id)
    return _view(context, pair, is_open=is_open(context, pair))


@router.post("/questions/{id}/answer", status_code=201)
def answer_question(
    request: Request, pair_id: Annotated[PairId, Path(alias="id")], said: Answered, user: Technician
) -> KeptAnswer:
    """Say that the two machines, as they stand, are one (`same`) or two (`different`). Needs the role technician."""
    context = context_of(request)
    pair = pair_of(context, pair_id)
    return _kept(context, *sides_of(context, pair), said.says, user)


@router.get("/answers")
def answers(
    request: Request,
    response: Response,
    undone: Annotated[bool, Query(description="Those that were taken back, too.")] = False,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[KeptAnswer]:
    """What technicians answered; by id."""
    with context_of(request).state.read() as connection:
        found = keeper.answers(connection, standing=not undone)
    return page(request, response, *page_of(found, lambda each: each.id, "answers", cursor, limit, int))


@router.post("/answers", status_code=201)
def answer(request: Request, said: AnswerRequest, user: Technician) -> KeptAnswer:
    """Make one machine of two (`same`), or two of one: those on the `left` are another's than those on the `right`
    (`different`). Needs the role technician."""
    return _kept(context_of(request), said.left, said.right, said.says, user)


@router.delete("/answers/{id}", status_code=204)
def undo(
    request: Request, number: Annotated[int, Path(alias="id", ge=0, lt=1 << 63)], user: Technician
) -> None:
    """Take an answer back, and with it all that followed from it. Needs the role technician."""
    if not take_back(context_of(request), number, user.name):
        raise Problem("not-found", "no answer that stands has that id")


@router.get("/devices/{name}/faces", tags=["devices"])
def faces(
    request: Request,
    name: Annotated[
        str, Path(pattern="^[0-9a-f]{32}$", description="Its `name`, or one that it had before.")
    ],
) -> list[Standing]:
    """What a machine is known by: the faces that are taken for this machine, the one told first in front."""
    machines = context_of(request).machines
    machines.refresh()
    found = [pair.left for key in machines.keys_of(name) if (pair := machines.pair(key, key)) is not None]
    if not found:
        raise Problem("not-found", "no machine has that name")
    return found


def id_of(pair: Pair) -> str:
    return f"{pair.left.key}-{pair.right.key}"


def pair_of(context: Context, pair_id: str) -> Pair:
    """Raises Problem: nobody told of one of the faces."""
    one, _, other = pair_id.partition("-")
    context.machines.refresh()
    pair = context.machines.pair(one, other)
    if pair is None or one == other:
        raise Problem("not-found", "these are no two machines")
    return pair


def is_open(context: Context, pair: Pair) -> bool:
    """Whether somebody is asked about the two."""
    return any(
        {pair.left.key, pair.right.key} == {q.left.key, q.right.key} for q in context.machines.questions()
    )


def sides_of(context: Context, pair: Pair) -> tuple[list[str], list[str]]:
    """The faces that an answer to this pair is about, as many of each as an answer holds."""
    left, right = context.machines.about(pair)
    return left[: keeper.MOST], right[: keeper.MOST]


def keep(context: Context, left: Sequence[str], right: Sequence[str], says: Says, who: str) -> int:
    """Keep an answer, and let follow what follows; its id. Raises BadInput."""
    now = context.clock.now()
    before = context.machines.units_of([*left, *right])
    number = keeper.answer(context.state, left, right, says, who, now)
    _follow(context, before, [*left, *right], now)
    return number


def take_back(context: Context, number: int, who: str) -> bool:
    """Undo an answer; False when none that stands has this id."""
    now = context.clock.now()
    with context.state.read() as connection:
        said = next((each for each in keeper.answers(connection) if each.id == number), None)
    if said is None:
        return False
    keys = [*said.left, *said.right]
    before = context.machines.units_of(keys)
    if not keeper.undo(context.state, number, who, now):
        return False
    _follow(context, before, keys, now)
    return True


def _follow(context: Context, before: set[str], keys: Sequence[str], now: int) -> None:
    """Take stock of the units of the machines that were touched, as they are now and were before."""
    units = before | context.machines.units_of(keys)
    take_stock(context.state, context.machines, context.registry.units(now), now, units)


def _kept(context: Context, left: Sequence[str], right: Sequence[str], says: Says, user: User) -> KeptAnswer:
    number = keep(context, left, right, says, user.name)
    with context.state.read() as connection:
        return next(each for each in keeper.answers(connection, standing=False) if each.id == number)


def _view(context: Context, pair: Pair, *, is_open: bool) -> QuestionView:
    found = context.machines.sides(pair)
    return QuestionView(id_of(pair), is_open, pair.left, pair.right, found.score, found.rows)
