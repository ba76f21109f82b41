"""Labels of machines as PDF: read back by programs of others, measured in millimetres, whole in Vietnamese, and each in one file only."""

import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pypdfium2.raw as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_labels import A4_MM, ZBAR, boxes, codes_by_place, opened, text_of
from support_machine_pages import CAMERA, PRINTER, UNIT, UNKNOWN, machines_web
from support_web import Web

from inventory.census.lists import of_unit
from web.pages.machines.label_sheets import MOST, SHEETS, Label, legible, lines_of, wrapped, write_sheets
from web.pages.machines.labels import Chosen

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
LONG = "Trung tâm Phục vụ hành chính công, Văn phòng Ủy ban nhân dân tỉnh Hưng Yên và các đơn vị trực thuộc"
MANY_LINES = "VP-PHONG-TAI-CHINH-KE-HOACH-VA-DAU-TU-0000000000000000000012"


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        yield made


def made_up(count: int) -> list[Label]:
    """Of machines with short and long names, and without some of what others have."""
    dice = random.Random(count)
    return [
        Label(
            f"https://giamsat.hungyen.gov.vn/machines/{dice.getrandbits(128):032x}",
            dice.choice([f"PC-{n:05}", MANY_LINES, "Máy của ông Nguyễn Văn Đức, phòng Kế hoạch"]),
            dice.choice(["", f"TS-2026-{n:05}", f"TS/2026/UBND/PHONG-TAI-CHINH/{n:08}"]),
            dice.choice(["", f"S/N {n:08}", f"S/N {dice.getrandbits(160):040X}"]),
            dice.choice(["Ủy ban nhân dân xã Đồng Tiến", LONG]),
        )
        for n in range(count)
    ]


@pytest.mark.skipif(ZBAR is None, reason="zbarimg is not installed: no other program to read the codes")
@pytest.mark.parametrize("size", SHEETS)
def test_each_code_of_each_size_is_read_in_its_place_and_no_other(size: str) -> None:
    sheet, skip = SHEETS[size], 3
    labels = made_up(sheet.count)
    with opened(write_sheets(sheet, labels, skip, "Nhãn")) as document:
        read = [place for page in document for place in codes_by_place(page, sheet)]
    wanted = [[]] * skip + [[label.address] for label in labels]
    assert read == wanted + [[]] * (2 * sheet.count - len(wanted))


@pytest.mark.parametrize("size", SHEETS)
def test_sheets_are_a4_and_what_is_on_a_label_stays_on_it(size: str) -> None:
    sheet = SHEETS[size]
    labels = made_up(sheet.count)
    with opened(write_sheets(sheet, labels, 0, "Nhãn")) as document:
        (page,) = document
        assert [round(each / 72 * 25.4, 2) for each in page.get_size()] == list(A4_MM)
        drawn, texts = boxes(page, pdfium.FPDF_PAGEOBJ_PATH), boxes(page, pdfium.FPDF_PAGEOBJ_TEXT)
    assert len(drawn) == sheet.count
    modules = 41  # of a code for so many letters, beside four of white
    side = sheet.code_mm * modules / (modules + 4)
    for place, (left, top, right, bottom) in enumerate(drawn):
        x, y = sheet.corner_mm(place)
        margin = (sheet.code_mm - side) / 2
        assert (right - left, bottom - top) == (pytest.approx(side, abs=0.02), pytest.approx(side, abs=0.02))
        assert left - x - sheet.edge == pytest.approx(margin, abs=0.02)
        assert (top + bottom) / 2 - y == pytest.approx(sheet.height / 2, abs=0.02)
        assert side / modules > 0.35, "smaller modules are not read by every phone"
    on_labels = 0
    for left, top, right, bottom in texts:
        for place in range(sheet.count):
            x, y = sheet.corner_mm(place)
            if (
                x + sheet.edge + sheet.code_mm < left
                and right < x + sheet.width - sheet.edge + 0.1
                and y < top < bottom < y + sheet.height
            ):
                on_labels += 1
    assert on_labels == len(texts) > 2 * sheet.count


def test_places_are_as_makers_of_labels_tell_them() -> None:
    """Upper left of the first label, and of the second row and column, as sheets of Avery 3474, L7160, L4780 and L7651 have them."""
    found = {
        size: [tuple(round(each, 1) for each in sheet.corner_mm(place)) for place in (0, 1, sheet.columns)]
        for size, sheet in SHEETS.items()
    }
    assert found == {
        "70x37": [(0, 0.5), (70, 0.5), (0, 37.5)],
        "63.5x38.1": [(7.2, 15.2), (73.2, 15.2), (7.2, 53.3)],
        "48.5x25.4": [(8, 21.5), (56.5, 21.5), (8, 46.9)],
        "38.1x21.2": [(4.7, 10.7), (45.3, 10.7), (4.7, 31.9)],
    }


def test_every_vietnamese_letter_with_its_tone_is_in_the_text_and_the_font_is_embedded_in_part() -> None:
    letters = LETTERS + LETTERS.upper()
    labels = [
        Label("https://a/", letters[n : n + 8], "", "", letters[n : n + 8]) for n in range(0, len(letters), 8)
    ]
    pdf = write_sheets(SHEETS["70x37"], labels, 0, "Nhãn: xã Đồng Tiến")
    with opened(pdf) as document:
        text = "".join(text_of(page) for page in document)
        assert document.get_metadata_dict()["Title"] == "Nhãn: xã Đồng Tiến"
    assert text == "".join(label.name + label.unit for label in labels)
    assert len(re.findall(rb"/FontFile2\b", pdf)) >= 2
    assert len(pdf) < 150_000, "of two fonts of 600 kB each"


def test_letters_that_come_in_pieces_are_put_together_and_what_has_no_picture_is_marked() -> None:
    label = Label("https://a/", "Đo\u0302\u0300ng  Tie\u0302\u0301n\u202e\u0000 中", "", "", "")
    assert [text for _, _, text in lines_of(SHEETS["70x37"], label)] == ["Đồng Tiến ?"]


@given(st.text(max_size=300), st.integers(1, 40), st.integers(1, 3))
def test_lines_are_never_too_wide_or_too_many_and_both_ends_stay(text: str, room: int, most: int) -> None:
    said = legible(text)
    lines = list(wrapped(said, len, room, most))
    assert len(lines) <= most
    assert all(0 < len(line) <= room for line in lines)
    whole = "".join(lines).replace(" ", "")
    if "…" not in whole or "…" in said:
        return
    assert said.replace(" ", "").startswith(whole.partition("…")[0])
    assert said.replace(" ", "").endswith(whole.rpartition("…")[2])


@given(st.text(alphabet="ab -", max_size=60), st.integers(1, 40), st.integers(1, 4))
def test_what_has_room_is_whole(text: str, room: int, most: int) -> None:
    said = legible(text)
    lines = list(wrapped(said, len, room, most))
    if len(said) <= room:
        assert lines == ([said] if said else [])
    if not any("…" in line for line in lines):
        assert "".join(lines).replace(" ", "") == said.replace(" ", "")


@given(st.sampled_from(sorted(SHEETS)), st.integers(0, 20_000), st.data())
def test_files_have_each_label_once_in_whole_sheets_and_no_more_than_said(
    size: str, count: int, data: st.DataObject
) -> None:
    sheet = SHEETS[size]
    skip = data.draw(st.integers(0, sheet.count - 1))
    wanted = Chosen("", False, frozenset(), "", size, skip)
    files = wanted.files(count)
    spans = [range(count)[slice(*wanted.span(part))] for part, _, _ in files]
    assert [each for span in spans for each in span] == list(range(count))
    assert all(0 < len(span) <= MOST for span in spans)
    assert [(first, last) for _, first, last in files] == [(span[0] + 1, span[-1] + 1) for span in spans]
    assert all((skip + last) % sheet.count == 0 for _, _, last in files[:-1])
    assert range(count)[slice(*wanted.span(len(files) + 1))] == range(0) or not files


async def test_the_pdf_of_a_unit_has_what_people_chose(nhip: Web) -> None:
    browser = await nhip.browser()
    asked = {"unit": UNIT, "alone": "true", "size": "48.5x25.4"}
    answer = await browser.get("/machines/labels.pdf", params=asked)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nhip-labels-48.5x25.4-1.pdf"'
    with opened(answer.content) as document:
        text = text_of(document[0])
    for name in ("VP-DONGTIEN-01", "TS-2022-0001", "S/NSN000001", PRINTER, CAMERA, "XãBảoKhê"):
        assert name in text, name
    assert UNKNOWN not in text, "nobody knows what it is"

    cameras = (await browser.get("/machines/labels.pdf", params=asked | {"group": "camera"})).content
    with opened(cameras) as document:
        text = text_of(document[0])
    assert CAMERA in text
    assert "DONGTIEN-01" not in text


async def test_the_page_tells_how_many_there_are_and_leads_to_the_files(nhip: Web) -> None:
    browser = await nhip.browser()
    browser.cookies.set("lang", "en")
    known = len(of_unit(nhip.state, nhip.context.machines, UNIT))
    page = (await browser.get("/machines/labels", params={"unit": UNIT, "alone": "true", "skip": 23})).text
    assert f"Labels: {known + 2}. Sheets: 2." in page
    (href,) = re.findall(r'href="(/machines/labels\.pdf[^"]*)"', page)
    with opened((await browser.get(href.replace("&amp;", "&"))).content) as document:
        assert [text_of(each).count("XãBảoKhê") for each in document] == [1, known + 1]
    province = (await browser.get("/machines/labels")).text
    assert f"Labels: {known + 3}. Sheets: 1." in province, "and one in another unit"
    below = (await browser.get("/machines/labels", params={"unit": "12040"})).text
    assert "Labels: 1. Sheets: 1." in below
    assert (
        "No such machine is known yet."
        in (await browser.get("/machines/labels", params={"unit": "11950", "alone": "true"})).text
    )


async def test_what_cannot_be_printed_has_a_clear_answer(nhip: Web) -> None:
    browser = await nhip.browser()
    for path in ("/machines/labels", "/machines/labels.pdf"):
        for asked, status in (
            ({"unit": "99999"}, 404),
            ({"unit": UNIT, "only": "0" * 32}, 404),
            ({"unit": UNIT, "size": "70x37", "skip": 24}, 400),
            ({"unit": UNIT, "skip": -1}, 422),
            ({"unit": UNIT, "size": "1x1"}, 422),
            ({"unit": UNIT, "group": "toaster"}, 422),
        ):
            assert (await browser.get(path, params=asked)).status_code == status, (path, asked)
    assert (await browser.get("/machines/labels.pdf", params={"unit": UNIT, "part": 2})).status_code == 404
    assert (
        await browser.get("/machines/labels.pdf", params={"unit": "11950", "alone": "true"})
    ).status_code == 404
    assert (await nhip.client().get("/machines/labels.pdf", params={"unit": UNIT})).status_code in (303, 401)
