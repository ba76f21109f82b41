"""What is taken of a JPEG file: its picture and nothing else, whoever made the file."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_photos import CANVAS, PLACE, segments, sized, with_segments

from core.errors import BadInput
from inventory.photos.jpeg import MOST_BYTES, MOST_PIXELS, take

NEEDED = {0xE0, 0xDB, 0xC0, 0xC1, 0xC2, 0xC4, 0xDD, 0xDA}
SCRIPT = b"<script>alert(1)</script>"
extra = st.tuples(st.sampled_from([*range(0xE0, 0xF0), 0xFE]), st.integers(0, 20), st.binary(max_size=80))


def test_the_picture_of_a_canvas_is_taken_with_its_size() -> None:
    photo = take(CANVAS)
    assert (photo.width, photo.height) == (24, 16)
    ours = {code: payload for code, _, payload in segments(photo.body) if code != 0xE0}
    theirs = {code: payload for code, _, payload in segments(CANVAS) if not 0xE0 <= code < 0xF0}
    assert ours == theirs


@given(st.lists(extra, max_size=8), st.binary(max_size=200))
def test_nothing_but_the_picture_stays_wherever_something_else_stands(
    more: list[tuple[int, int, bytes]], behind: bytes
) -> None:
    file = with_segments(*more, (0xE1, 0, PLACE), (0xFE, 3, SCRIPT), behind=behind)
    assert PLACE in file
    assert SCRIPT in file
    assert take(file) == take(CANVAS)


@given(st.lists(st.tuples(st.integers(2, len(CANVAS) - 1), st.integers(0, 255)), max_size=6), st.data())
def test_what_is_taken_of_a_broken_file_has_no_segment_that_no_decoder_needs(
    changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    file = bytearray(with_segments((0xE1, data.draw(st.integers(0, 9)), PLACE)))
    for at, value in changes:
        file[at] = value
    try:
        photo = take(bytes(file))
    except BadInput:
        return
    assert {code for code, _, _ in segments(photo.body)} <= NEEDED
    assert take(photo.body) == photo


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    for file in (data, CANVAS[:2] + data, CANVAS[:-2] + data):
        with contextlib.suppress(BadInput):
            assert take(take(file).body) == take(file)


def test_a_file_that_breaks_off_is_refused_wherever_it_does() -> None:
    for length in range(len(CANVAS)):
        with pytest.raises(BadInput):
            take(CANVAS[:length])


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"", "not a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + CANVAS, "not a JPEG"),
        (b"<svg onload=alert(1)>" + CANVAS, "not a JPEG"),
        (CANVAS[:2] + SCRIPT + CANVAS[2:], "no segment"),
        (CANVAS[:2] + b"\xff\xd9", "no picture"),
        (with_segments((0xDB, 1, SCRIPT)), "FFDB"),
        (with_segments((0xC4, 1, b"\0" * 17 + SCRIPT)), "FFC4"),
        (with_segments((0xDD, 1, SCRIPT)), "FFDD"),
        (with_segments((0xC3, 1, b"\x08\0\x01\0\x01\x01\x01\x11\0")), "FFC3"),
        (with_segments((0xC0, 1, b"\x08\0\x01\0\x01\x01\x01\x11\0")), "FFC0"),
        (with_segments((0xC0, 1, b"\x08\0\x01\0\x01\x04" + bytes(12))), "colours"),
        (with_segments((0xC0, 1, b"\x08")), "too short"),
        (sized(0, 16), "0 × 16"),
        (sized(24, 0), "24 × 0"),
        (sized(65_535, 65_535), "65535 × 65535"),
        (sized(MOST_PIXELS // 4_000 + 1, 4_000), "pixels"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_reason(file: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        take(file)


def test_a_picture_of_too_many_bytes_is_refused_and_one_with_much_else_in_it_is_not() -> None:
    at = CANVAS.rindex(b"\xff\xd9")
    with pytest.raises(BadInput, match=f"of at most {MOST_BYTES}"):
        take(CANVAS[:at] + b"\x55" * MOST_BYTES + CANVAS[at:])
    assert take(with_segments(*[(0xE1, 1, b"\x55" * 65_000)] * 7)) == take(CANVAS)


def test_scans_without_end_are_refused() -> None:
    at = next(at for code, at, _ in segments(CANVAS) if code == 0xDA)
    with pytest.raises(BadInput, match="FFDA"):
        take(CANVAS[:-2] + CANVAS[at:-2] * 100 + CANVAS[-2:])
