"""Labels for a unit's machines, to print: 24 on a sheet of A4 (70 × 37 mm). The code on one opens its machine on a phone.

A page and no PDF: browsers print it in true size and save it as one, with the fonts that Vietnamese needs; a library for PDF would have
to bring a font along.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from web.context import context_of
from web.pages.machines.about import WORDS
from web.pages.machines.items import Item, shown
from web.pages.machines.unit import Code, known_unit, told_of, with_book
from web.pages.rendering import render

ON_A_SHEET = 24

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Label:
    item: Item
    code: Markup
    """The QR code as an element of SVG."""


@router.get("/units/{code}/machines/labels")
def labels(
    request: Request,
    code: Code,
    only: Annotated[str, Query(max_length=40, description="One machine: its name, or a MAC.")] = "",
    skip: Annotated[
        int, Query(ge=0, lt=ON_A_SHEET, description="Labels that the first sheet has no more.")
    ] = 0,
) -> Response:
    context = context_of(request)
    known_unit(context, code)
    found = shown(told_of(context, code), context.clock.now()).items
    items = [
        item
        for item in with_book(context, code, found)
        if (item.subject == only if only else item.subject and not _unknown(item))
    ]
    if only and not items:
        raise HTTPException(404)
    base = f"{'https' if context.secure else 'http'}://{request.url.netloc}"
    made: list[Label | None] = [None] * skip + [Label(item, qr(base + address(item))) for item in items]
    details = {
        "unit": code,
        "only": only,
        "skip": skip,
        "sheets": [made[at : at + ON_A_SHEET] for at in range(0, len(made), ON_A_SHEET)] if items else [],
        "ON_A_SHEET": ON_A_SHEET,
    }
    return render(request, "machines/labels.html", {**WORDS, **details})


def _unknown(item: Item) -> bool:
    """What nobody knows gets no label, unless it is asked for."""
    return item.finding is not None and item.finding.kind == "unknown"


def address(item: Item) -> str:
    """That stays good: a machine is found under every name that it had, a device of a LAN by its MAC in whatever unit it is."""
    return f"/machines/{item.subject}" if item.source == "inventory" else f"/machines?q={quote(item.subject)}"


def qr(text: str) -> Markup:
    """A QR code that is read with a quarter of it gone (level Q), with the white edge that readers need."""
    made: str = segno.make_qr(text, error="q").svg_inline(
        border=2, omitsize=True, lineclass=None, svgclass=None
    )
    return Markup(made)  # noqa: S704 - modules as numbers; the text itself is not in it
