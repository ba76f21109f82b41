"""Labels on sheets of A4 as a PDF: on each a code, drawn as vectors, and what people read beside it.

The font is embedded with the letters that are used, so that Vietnamese looks the same wherever it is printed. Sheets are those that shops
sell; what is cut of a long text is cut from its middle: names of offices and machines differ at their ends.
"""

import io
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from threading import Lock

import segno
from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from web.assets import VENDOR

A4_MM = (210.0, 297.0)
MOST = 1_000
"""Labels in one file, some 6 s of work."""
MOST_SIGNS = 200
"""Of a text: more would be cut in any case."""
SMALLEST = 0.7
"""To so much of its size a number shrinks before it is cut."""
_MARGIN = 2
"""White around a code, in its modules; the label is white beyond."""
_BESIDE_MM = 1.0
_LEADING = 1.22
_REGULAR, _BOLD = "noto-sans", "noto-sans-bold"
_one_at_a_time = Lock()
"""A font is read by one at a time; and of two that print, neither would be sooner for the other."""
rl_config.useA85 = 0  # else all is a quarter larger, for mail of the last century


@dataclass(frozen=True, slots=True)
class Sheet:
    """Labels on A4, as many millimetres wide and high, in the middle of the sheet. `edge` is left free in each: printers do not reach
    the edge of the paper, and none feeds it to the half millimetre. `points` are the sizes of a name and of the rest."""

    columns: int
    rows: int
    width: float
    height: float
    gap: float
    edge: float
    points: tuple[float, float]

    @property
    def count(self) -> int:
        return self.columns * self.rows

    @property
    def in_a_file(self) -> int:
        """Labels of whole sheets, at most MOST."""
        return MOST // self.count * self.count

    @property
    def code_mm(self) -> float:
        """Side of a code with its margin."""
        return min(self.height - 2 * self.edge, 28)

    def corner_mm(self, place: int) -> tuple[float, float]:
        """Upper left corner of the label at a place of the sheet, row by row: from the left, and from above."""
        row, column = divmod(place, self.columns)
        whole = self.columns * self.width + (self.columns - 1) * self.gap
        return (
            (A4_MM[0] - whole) / 2 + column * (self.width + self.gap),
            (A4_MM[1] - self.rows * self.height) / 2 + row * self.height,
        )


SHEETS: Mapping[str, Sheet] = {
    "70x37": Sheet(3, 8, 70, 37, 0, 4, (10.5, 8.5)),
    "63.5x38.1": Sheet(3, 7, 63.5, 38.1, 2.54, 2.5, (10.5, 8.5)),
    "48.5x25.4": Sheet(4, 10, 48.5, 25.4, 0, 2, (7.5, 6.5)),
    "38.1x21.2": Sheet(5, 13, 38.1, 21.2, 2.54, 1.5, (6.5, 5.5)),
}
"""By their size in mm."""


@dataclass(frozen=True, slots=True)
class Label:
    """`address` is what its code opens. What is empty leaves no gap."""

    address: str
    name: str
    asset: str
    serial: str
    unit: str


def write_sheets(sheet: Sheet, labels: Sequence[Label], skip: int, title: str) -> bytes:
    """The PDF; the first `skip` places of the first sheet stay empty."""
    with _one_at_a_time:
        file = io.BytesIO()
        canvas = Canvas(file, (A4_MM[0] * mm, A4_MM[1] * mm), pageCompression=1, invariant=1)
        canvas.setTitle(title)
        canvas.setViewerPreference("PrintScaling", "None")
        for place, label in enumerate(labels, skip):
            if place > skip and place % sheet.count == 0:
                canvas.showPage()
            _draw(canvas, sheet, place % sheet.count, label)
        canvas.save()
        return file.getvalue()


def _load_fonts() -> None:
    for name in (_REGULAR, _BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, VENDOR / f"{name}.ttf"))


def _draw(canvas: Canvas, sheet: Sheet, place: int, label: Label) -> None:
    left, above = sheet.corner_mm(place)
    top = A4_MM[1] - above
    side = sheet.code_mm
    _code(canvas, label.address, left + sheet.edge, top - (sheet.height - side) / 2, side)
    lines = list(lines_of(sheet, label))
    y = (top - sheet.height / 2) * mm + sum(size * _LEADING for _, size, _ in lines) / 2
    x = (left + sheet.edge + side + _BESIDE_MM) * mm
    for font, size, text in lines:
        y -= size * _LEADING
        canvas.setFont(font, size)
        canvas.drawString(x, y + size * 0.3, text)


def _code(canvas: Canvas, text: str, left: float, top: float, side: float) -> None:
    """A QR code that is read with a quarter of it gone (level Q), as one path of whole rows of modules."""
    matrix = segno.make_qr(text, error="q").matrix
    module = side * mm / (len(matrix) + 2 * _MARGIN)
    path = "".join(f"{x} {y} {wide} 1 re " for y, row in enumerate(matrix, _MARGIN) for x, wide in _dark(row))
    canvas.addLiteral(f"q {module:.5f} 0 0 {-module:.5f} {left * mm:.4f} {top * mm:.4f} cm 0 g {path}f Q")


def _dark(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where dark modules begin in a row of a code, and how many stand together."""
    at = _MARGIN
    for dark, run in groupby(row):
        wide = len(list(run))
        if dark:
            yield at, wide
        at += wide


def lines_of(sheet: Sheet, label: Label) -> Iterator[tuple[str, float, str]]:
    """Font, size in points, and text of each line beside the code."""
    _load_fonts()
    room = (sheet.width - sheet.code_mm - 2 * sheet.edge - _BESIDE_MM) * mm
    large, small = sheet.points
    for told, font, points, most in (
        (label.name, _BOLD, large, 2),
        (label.asset, _REGULAR, small, 1),
        (label.serial, _REGULAR, small, 1),
        (label.unit, _REGULAR, small, 2),
    ):
        known = pdfmetrics.getFont(font).face.charToGlyph
        text, size = "".join(sign if ord(sign) in known else "?" for sign in legible(told)), points
        if most == 1 and text:  # a number: rather small than cut
            size *= max(SMALLEST, min(1, room / pdfmetrics.stringWidth(text, font, size)))
        wide_of = partial(pdfmetrics.stringWidth, fontName=font, fontSize=size)
        for line in wrapped(text, wide_of, room, most):
            yield font, size, line


def legible(text: str) -> str:
    """In one line, letters with their marks in one piece, as fonts have them; without what is not printed."""
    whole = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(sign for sign in whole if sign.isprintable())[:MOST_SIGNS]


def wrapped(text: str, wide_of: Callable[[str], float], room: float, most: int) -> Iterator[str]:
    """In at most so many lines, each at most as wide as there is room: broken where words end, or behind a hyphen, if one does;
    the last one without its middle if there is too much."""
    for line in range(most):
        if not text:
            return
        if wide_of(text) <= room:
            yield text
            return
        if line == most - 1:
            yield _without_middle(text, wide_of, room)
            return
        fits = bisect_right(range(1, len(text)), room, key=lambda n: wide_of(text[:n]))
        ends = [n for n in range(1, fits + 1) if text[n : n + 1] == " " or text[n - 1] in "-_/."]
        at = max(ends, default=fits) or 1
        yield text[:at].rstrip()
        text = text[at:].lstrip()


def _without_middle(text: str, wide_of: Callable[[str], float], room: float) -> str:
    def cut(kept: int) -> str:
        return f"{text[: (kept + 1) // 2].rstrip()}…{text[len(text) - kept // 2 :].lstrip()}"

    return cut(bisect_right(range(1, len(text)), room, key=lambda n: wide_of(cut(n))))
