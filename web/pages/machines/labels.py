"""Labels for machines, as PDF: which units, classes and sheets is chosen on a page. The code on one opens its machine on a phone."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import BadInput
from inventory.census.coverage import those_below
from inventory.stock import offices
from web.context import Context, context_of
from web.i18n import language_of, speaker
from web.pages.machines.about import WORDS
from web.pages.machines.items import GROUPS, Item, shown
from web.pages.machines.label_sheets import SHEETS, Label, Sheet, write_sheets
from web.pages.machines.unit import told_of, with_book
from web.pages.rendering import name_of, render

Size = Literal["70x37", "63.5x38.1", "48.5x25.4", "38.1x21.2"]
Group = Literal["pc", "laptop", "server", "printer", "network", "camera", "other"]

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which labels, and on which sheets."""

    unit: str
    alone: bool
    groups: frozenset[str]
    """All, if none."""
    only: str
    size: str
    skip: int

    @property
    def sheet(self) -> Sheet:
        return SHEETS[self.size]

    def span(self, part: int) -> tuple[int, int]:
        """Which of the labels a file has: the first, and the one behind its last."""
        most = self.sheet.in_a_file
        return max(0, (part - 1) * most - self.skip), part * most - self.skip

    def files(self, count: int) -> list[tuple[int, int, int]]:
        """The files for so many labels: the number of each, with its first and its last label, counted from 1."""
        parts = -(-(count + self.skip) // self.sheet.in_a_file) if count else 0
        return [(n, self.span(n)[0] + 1, min(count, self.span(n)[1])) for n in range(1, parts + 1)]

    def query(self, part: int) -> str:
        """For the address of a file."""
        asked = {"unit": self.unit, "alone": str(self.alone).lower(), "only": self.only, "size": self.size}
        groups = [("group", each) for each in GROUPS if each in self.groups]
        return urlencode(
            [*((k, v) for k, v in asked.items() if v), *groups, ("skip", self.skip), ("part", part)]
        )


def chosen(
    unit: Annotated[
        str, Query(max_length=40, description="With those below it; else the whole province.")
    ] = "",
    alone: Annotated[bool, Query(description="Without units below it.")] = False,
    group: Annotated[list[Group] | None, Query(description="Of these classes only.")] = None,
    only: Annotated[str, Query(max_length=40, description="One machine of it: its name, or a MAC.")] = "",
    size: Annotated[Size, Query(description="Of a label, in mm.")] = "70x37",
    skip: Annotated[int, Query(ge=0, description="Labels that the first sheet has no more.")] = 0,
) -> Chosen:
    """Raises BadInput: a sheet has no more labels than are gone."""
    if skip >= SHEETS[size].count:
        raise BadInput(
            f"{skip} of {SHEETS[size].count} labels of a sheet are gone",
            where="skip",
            todo="Take a new sheet: 0",
        )
    return Chosen(unit, alone, frozenset(group or ()), only, size, skip)


Wanted = Annotated[Chosen, Depends(chosen)]


@router.get("/machines/labels")
def labels(request: Request, wanted: Wanted) -> Response:
    """To choose, with the files that there are for what is chosen."""
    context = context_of(request)
    items = _items(context, wanted)
    count = len(items)
    details = {
        "wanted": wanted,
        "told": items[0][1].told if wanted.only else "",
        "count": count,
        "sheets": -(-(count + wanted.skip) // wanted.sheet.count),
        "files": wanted.files(count),
        "units": context.registry.units(context.clock.now()),
        "GROUPS": GROUPS,
        "SHEETS": SHEETS,
    }
    return render(request, "machines/labels.html", {**WORDS, **details})


@router.get("/machines/labels.pdf")
def pdf(request: Request, wanted: Wanted, part: Annotated[int, Query(ge=1, le=1_000)] = 1) -> Response:
    """At most a thousand labels of whole sheets; `part` is which of them. Raises HTTPException: there are none."""
    context = context_of(request)
    begins, ends = wanted.span(part)
    items = _items(context, wanted)[begins:ends]
    if not items:
        raise HTTPException(404)
    base = f"{'https' if context.secure else 'http'}://{request.url.netloc}"
    made = [_label(base, item, name_of(context, unit)) for unit, item in items]
    spoken = speaker(language_of(request), context.clock.now())
    title = spoken.gettext("Labels") + (f": {name_of(context, wanted.unit)}" if wanted.unit else "")
    body = write_sheets(wanted.sheet, made, 0 if begins else wanted.skip, title)
    name = f"nhip-labels-{wanted.size}-{part}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Cookie"}
    return Response(body, headers=headers, media_type="application/pdf")


def _items(context: Context, wanted: Chosen) -> list[tuple[str, Item]]:
    """Each with its unit, in the order of the units. Raises HTTPException: no such unit, or machine in it."""
    now = context.clock.now()
    units = context.registry.units(now)
    if wanted.unit and all(each.code != wanted.unit for each in units):
        raise HTTPException(404)
    below = {wanted.unit} if wanted.alone else those_below(offices(units), wanted.unit)
    kinds = {kind for group in wanted.groups for kind in GROUPS[group][1]}
    found = [
        (each.code, item)
        for each in units
        if not wanted.unit or each.code in below
        for item in with_book(context, each.code, shown(told_of(context, each.code), now).items)
        if (item.subject == wanted.only if wanted.only else item.subject and not _unknown(item))
        and (not kinds or item.kind in kinds)
    ]
    if wanted.only and not found:
        raise HTTPException(404)
    return found


def _unknown(item: Item) -> bool:
    """What nobody knows gets no label, unless it is asked for."""
    return item.finding is not None and item.finding.kind == "unknown"


def _label(base: str, item: Item, unit: str) -> Label:
    serial = f"S/N {item.serial}" if item.serial else item.subject if not item.machine else ""
    return Label(base + address(item), item.told, item.asset, serial, unit)


def address(item: Item) -> str:
    """That stays good: a machine is found under every name that it had, a device of a LAN by its MAC in whatever unit it is."""
    return f"/machines/{item.subject}" if item.machine else f"/machines?q={quote(item.subject)}"
