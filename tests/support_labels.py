"""PDFs of labels as another program sees them: PDFium renders them and reads their text, zbar reads the codes."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pypdfium2

from web.pages.machines.label_sheets import Sheet

ZBAR = shutil.which("zbarimg")
DPI = 300
A4_MM = (210, 297)
Box = tuple[float, float, float, float]
"""In mm of the sheet: left, top, right, bottom, from its upper left corner."""


@contextmanager
def opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    with pypdfium2.PdfDocument(pdf) as document:
        yield document


def picture(page: pypdfium2.PdfPage) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Its shades of grey, at DPI."""
    bitmap = page.render(scale=DPI / 72, grayscale=True)
    try:
        return np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)
    finally:
        bitmap.close()


def codes(shades: np.ndarray[Any, np.dtype[np.uint8]]) -> list[str]:
    """What the QR codes in a picture say."""
    assert ZBAR is not None
    high, wide = shades.shape
    read = subprocess.run(
        [ZBAR, "-q", "--raw", "-Sdisable", "-Sqrcode.enable", "-"],
        input=b"P5 %d %d 255\n" % (wide, high) + shades.tobytes(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,  # it fails where there is no code
    )
    return read.stdout.decode().split()


def codes_by_place(page: pypdfium2.PdfPage, sheet: Sheet) -> list[list[str]]:
    """Of each label of a sheet, as somebody sees it who holds a phone over that one."""
    shades, found = picture(page), []
    for place in range(sheet.count):
        left, top = sheet.corner_mm(place)
        rows = slice(_dots(top), _dots(top + sheet.height))
        found.append(codes(shades[rows, _dots(left) : _dots(left + sheet.width)].copy()))
    return found


def boxes(page: pypdfium2.PdfPage, kind: int) -> list[Box]:
    """Where the objects of a kind are: texts or paths of PDFium."""
    return [
        (left / 72 * 25.4, A4_MM[1] - top / 72 * 25.4, right / 72 * 25.4, A4_MM[1] - bottom / 72 * 25.4)
        for left, bottom, right, top in (each.get_bounds() for each in page.get_objects(filter=[kind]))
    ]


def text_of(page: pypdfium2.PdfPage) -> str:
    """All text, its space left out: where lines end is not what it says. PDFium takes a hyphen there for one that parts a word."""
    text = page.get_textpage()
    try:
        return "".join(text.get_text_range().replace("\ufffe", "-").split())
    finally:
        text.close()


def _dots(mm: float) -> int:
    return round(max(0, mm) / 25.4 * DPI)
