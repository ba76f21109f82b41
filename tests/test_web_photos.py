"""Photos of machines for people and programs: taken, shown, removed, and kept with the machine."""

import base64
import hashlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support_machine_pages import UNIT, machines_web
from support_photos import CANVAS, PLACE, segments, sized, with_segments
from support_views import DAY, HOUR
from support_web import Web
from test_web_machines_browser import name_of

from inventory.photos import keeper
from inventory.photos.jpeg import MOST_BYTES, take
from inventory.photos.tables import photo_bodies, photos
from web.auth import Role

OURS = take(CANVAS).body


@pytest.fixture
async def nhip(tmp_path: Path) -> AsyncIterator[Web]:
    async with machines_web(tmp_path) as made:
        yield made


def of(made: Web, number: int = 1) -> str:
    return f"/api/v1/devices/{name_of(made, f'VP-DONGTIEN-{number:02}')}/photos"


async def test_a_photo_is_kept_without_where_it_was_taken_and_shown_to_who_is_signed_in(nhip: Web) -> None:
    technician, viewer, path = nhip.client(Role.TECHNICIAN), nhip.client(Role.VIEWER), of(nhip)
    at = nhip.clock.now() - HOUR
    file = with_segments((0xE1, 0, PLACE), (0xFE, 2, b"<script>alert(1)</script>"), behind=b"<html>" + PLACE)
    answer = await technician.post(path, content=file, params={"note": "Mặt sau <b>", "at": at})
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert kept == {
        "id": kept["id"],
        "note": "Mặt sau <b>",
        "who": "technician",
        "at": at,
        "digest": hashlib.sha256(OURS).hexdigest(),
        "width": 24,
        "height": 16,
        "size": len(OURS),
    }
    assert (await viewer.get(path)).json() == [kept]
    shown = await viewer.get(f"{path}/{kept['id']}")
    assert shown.content == OURS
    assert not any(0xE1 <= code <= 0xFE for code, _, _ in segments(shown.content))
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "private, no-cache"
    again = await viewer.get(f"{path}/{kept['id']}", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")

    stranger = nhip.client()
    assert (await stranger.get(path)).status_code == 401
    same = {"If-None-Match": shown.headers["ETag"]}
    assert (await stranger.get(f"{path}/{kept['id']}", headers=same)).status_code == 401
    assert (await stranger.post(path, content=CANVAS)).status_code == 401
    assert (await viewer.post(path, content=CANVAS)).status_code == 403
    assert (await viewer.delete(f"{path}/{kept['id']}")).status_code == 403


async def test_what_is_no_photo_or_too_large_is_refused_and_nothing_is_kept(nhip: Web) -> None:
    technician, path = nhip.client(Role.TECHNICIAN), of(nhip)
    end = CANVAS.rindex(b"\xff\xd9")
    for file, status, why in (
        (b"<html><script>alert(1)</script>", 400, "not a JPEG"),
        (b"\x89PNG\r\n\x1a\n", 400, "not a JPEG"),
        (CANVAS[:2] + b"<script>" + CANVAS[2:], 400, "no segment"),
        (CANVAS[:-2], 400, "breaks off"),
        (sized(60_000, 60_000), 400, "pixels"),
        (CANVAS[:end] + b"\x55" * MOST_BYTES + CANVAS[end:], 400, "at most"),
        (CANVAS + bytes(1 << 20), 413, ""),
        (b"", 422, ""),
    ):
        answer = await technician.post(path, content=file, headers={"Content-Type": "image/jpeg"})
        assert answer.status_code == status, (why, answer.text)
        assert why in answer.text
    assert (await technician.post(path, content=CANVAS, params={"note": "x" * 501})).status_code == 422
    nobody = f"/api/v1/devices/{'0' * 32}/photos"
    for answer in (
        await technician.post(nobody, content=CANVAS),
        await technician.get(nobody),
        await technician.get(f"{path}/1"),
        await technician.delete(f"{path}/1"),
    ):
        assert answer.status_code == 404
    assert (await technician.get(path)).json() == []


async def test_a_technician_removes_a_photo_for_good_and_the_log_has_who(
    nhip: Web, caplog: pytest.LogCaptureFixture
) -> None:
    technician, path = nhip.client(Role.TECHNICIAN), of(nhip)
    at = nhip.clock.now() - HOUR
    number = (await technician.post(path, content=CANVAS, params={"at": at})).json()["id"]
    assert (await technician.delete(f"{of(nhip, 2)}/{number}")).status_code == 404, "another machine's"
    with caplog.at_level(logging.INFO, "web.photos"):
        assert (await technician.delete(f"{path}/{number}")).status_code == 204
    assert "technician removed photo" in caplog.text
    assert (await technician.delete(f"{path}/{number}")).status_code == 404
    assert (await technician.get(f"{path}/{number}")).status_code == 404
    late = await technician.post(path, content=CANVAS, params={"at": at})
    assert (late.status_code, late.json()["detail"]) == (404, "this photo was removed"), "it was sent twice"
    assert (await technician.get(path)).json() == []
    with nhip.state.read() as connection:
        (row,) = connection.execute(photos.select())
        assert (row.removed_by, row.removed_at) == ("technician", nhip.clock.now())
        assert connection.execute(photo_bodies.select()).all() == []
    assert (await technician.post(path, content=CANVAS)).status_code == 201, "taken anew"


def other(number: int) -> bytes:
    """A photo that differs from the others in its table."""
    at = next(at for code, at, _ in segments(CANVAS) if code == 0xDB) + 10
    return CANVAS[:at] + bytes([200 + number]) + CANVAS[at + 1 :]


async def test_a_machine_has_so_many_photos_and_all_of_them_so_much_room(
    nhip: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    technician, path = nhip.client(Role.TECHNICIAN), of(nhip)
    ids = [(await technician.post(path, content=other(number))).json()["id"] for number in range(keeper.MOST)]
    assert len(set(ids)) == keeper.MOST
    answer = await technician.post(path, content=CANVAS)
    assert (answer.status_code, "Remove one" in answer.json()["detail"]) == (400, True)
    assert (await technician.post(path, content=other(3))).json()["id"] == ids[3], "it is there"
    assert (await technician.post(of(nhip, 2), content=CANVAS)).status_code == 201
    monkeypatch.setattr(keeper, "MOST_STORED", (keeper.MOST + 2) * len(OURS) - 1)
    answer = await technician.post(of(nhip, 3), content=CANVAS)
    assert (answer.status_code, "no room" in answer.json()["detail"]) == (400, True)
    await technician.delete(f"{path}/{ids[0]}")
    assert (await technician.post(of(nhip, 3), content=CANVAS)).status_code == 201


async def test_photos_go_with_the_machine_when_two_become_one_and_when_they_are_parted_again(
    nhip: Web,
) -> None:
    technician = nhip.client(Role.TECHNICIAN)
    one, two = (name_of(nhip, f"VP-DONGTIEN-0{number}") for number in (1, 2))
    paths = [f"/api/v1/devices/{name}/photos" for name in (one, two)]
    ids = [
        (await technician.post(path, content=other(number))).json()["id"] for number, path in enumerate(paths)
    ]
    wanted = {"says": "same", "left": [one], "right": [two]}
    answer = (await technician.post("/api/v1/answers", json=wanted)).json()
    for path in paths:
        assert [each["id"] for each in (await technician.get(path)).json()] == ids
        assert (await technician.get(f"{path}/{ids[1]}")).status_code == 200
    await technician.delete(f"/api/v1/answers/{answer['id']}")
    for path, number in zip(paths, ids, strict=True):
        assert [each["id"] for each in (await technician.get(path)).json()] == [number]
        assert (await technician.get(f"{path}/{ids[0]}")).status_code == (200 if number == ids[0] else 404)


async def test_a_phone_sends_a_photo_of_before_and_sends_it_twice(nhip: Web) -> None:
    phone = await nhip.browser(Role.TECHNICIAN)
    name = name_of(nhip, "VP-DONGTIEN-01")
    page = (await phone.get(f"/machines/{name}")).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    at = nhip.clock.now() - 2 * DAY
    fields = {
        "csrf": csrf,
        "photo": base64.urlsafe_b64encode(CANVAS).decode(),
        "note": "Tem máy",
        "at": str(at),
    }
    for _ in range(2):
        answer = await phone.post(f"/machines/{name}/photos", data=fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/machines/{name}")
    with nhip.state.read() as connection:
        (kept,) = keeper.of_machine(connection, [name])
    assert (kept.note, kept.who, kept.at) == ("Tem máy", "lan", at)
    for wrong, status in (({"photo": "?"}, 400), ({"photo": "QUJD"}, 400), ({"csrf": "x"}, 403)):
        answer = await phone.post(f"/machines/{name}/photos", data=fields | wrong)
        assert answer.status_code == status, wrong
    answer = await phone.post(f"/machines/{name}/photos/{kept.id}/remove", data={"csrf": csrf})
    assert answer.status_code == 303
    with nhip.state.read() as connection:
        assert keeper.of_machine(connection, [name]) == []


async def test_a_viewer_sees_photos_and_no_way_to_add_one(nhip: Web) -> None:
    await nhip.client(Role.TECHNICIAN).post(of(nhip), content=CANVAS, params={"note": '"><script>alert(1)'})
    page = (await (await nhip.browser()).get(f"/machines/{name_of(nhip, 'VP-DONGTIEN-01')}")).text
    assert f'<img src="{of(nhip)}/1" width="24" height="16" loading="lazy"' in page
    assert "<script>alert" not in page
    assert 'id="photo"' not in page
    assert "/remove" not in page
    assert UNIT in page


async def test_the_sheet_of_stock_taking_counts_photos_and_gets_them_back(nhip: Web) -> None:
    browser, technician = await nhip.browser(Role.TECHNICIAN), nhip.client(Role.TECHNICIAN)
    sheet, name = f"/units/{UNIT}/machines/sheet", name_of(nhip, "VP-DONGTIEN-01")
    assert ">Ảnh chụp: " not in (await browser.get(sheet)).text
    for number in range(keeper.MOST):
        assert (await technician.post(of(nhip), content=other(number))).status_code == 201
        if number == 1:
            page = (await browser.get(sheet)).text
            assert f'href="/machines/{name}#photos">Ảnh chụp: 2<' in page
            assert f'data-photo-of="/machines/{name}/photos"' in page
    page = (await browser.get(sheet)).text
    assert f'href="/machines/{name}#photos">Ảnh chụp: {keeper.MOST}<' in page
    assert f'data-photo-of="/machines/{name}/photos"' not in page, "no more are kept"
    assert f'data-photo-of="/machines/{name_of(nhip, "VP-DONGTIEN-02")}/photos"' in page

    number = (await technician.get(of(nhip))).json()[0]["id"]
    assert (await technician.delete(f"{of(nhip)}/{number}")).status_code == 204
    assert f"Ảnh chụp: {keeper.MOST - 1}<" in (await browser.get(sheet)).text
    viewer = (await (await nhip.browser(name="binh")).get(sheet)).text
    assert f"Ảnh chụp: {keeper.MOST - 1}<" in viewer
    assert "data-photo-of" not in viewer
