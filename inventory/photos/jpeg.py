"""What is taken of a JPEG file: what a decoder needs to show it, and nothing else.

A photo of a phone carries where it was taken (EXIF, XMP, also in a second picture behind the end), comments and what not. So nothing
is looked for and removed: tables, frame and scans are taken over, each checked to be exactly as long as it says, under a header of
our own (JFIF); everything else stays behind. Segments by ITU-T T.81, annex B.
"""

import re
import struct
from dataclasses import dataclass

from core.errors import BadInput

MOST_BYTES = 400 << 10
"""Of a photo as it is kept."""
LONGEST_SIDE = 1_600
"""Pixels to which a browser scales a photo down."""
MOST_PIXELS = 12_000_000
"""Of a photo from other clients: what a phone can still show."""
_MOST_SCANS = 64
_START, _END = b"\xff\xd8", b"\xff\xd9"
_HEADER = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_QUANTISATION, _HUFFMAN, _RESTART, _SCAN = 0xDB, 0xC4, 0xDD, 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended, progressive: what browsers show."""
_LEFT_OUT = (*range(0xE0, 0xF0), 0xFE)
"""APP0 to APP15, and comments."""
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker behind a scan: in one, FF is followed by 00 or is a restart."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    body: bytes
    width: int
    height: int


def take(data: bytes) -> Jpeg:
    """The picture of a file, without what else is in it.

    Raises:
        BadInput: it is no JPEG that browsers show, it breaks off, or it is too large.
    """
    if not data.startswith(_START):
        raise _bad("not a JPEG file")
    kept, at, size, scans, inside = [_START, _HEADER], len(_START), (0, 0), 0, 0
    while True:
        code, at = _marker(data, at)
        if code == _END[1]:
            break
        payload = _payload(data, at)
        at += 2 + len(payload)
        if code in _LEFT_OUT:
            continue
        if code in _FRAMES and not inside:
            *size_, inside = _frame(payload)
            size = (size_[0], size_[1])
        elif code == _SCAN and inside and scans < _MOST_SCANS:
            scans += 1
            end = _scan(data, at, payload, inside)
            kept += (_segment(code, payload), data[at:end])
            at = end
            continue
        elif not _is_table(code, payload):
            raise _bad(f"a segment FF{code:02X} that is not as it should be")
        kept.append(_segment(code, payload))
    if not scans:
        raise _bad("no picture is in it")
    body = b"".join((*kept, _END))
    if len(body) > MOST_BYTES:
        raise _bad(f"{len(body)} bytes, of at most {MOST_BYTES}", "Scale it down")
    return Jpeg(body, *size)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """(code, where it ends): FF may be repeated before it."""
    start = at
    while data[at : at + 1] == b"\xff":
        at += 1
    if at == len(data):
        raise _bad("it breaks off")
    if at == start:
        raise _bad("no segment where one should begin")
    return data[at], at + 1


def _payload(data: bytes, at: int) -> bytes:
    length = int.from_bytes(data[at : at + 2]) if at + 2 <= len(data) else 0
    if length < 2 or at + length > len(data):
        raise _bad("it breaks off")
    return data[at + 2 : at + length]


def _frame(payload: bytes) -> tuple[int, int, int]:
    """(width, height, components)."""
    if len(payload) < 6:
        raise _bad("the frame is too short")
    precision, height, width, components = struct.unpack_from(">BHHB", payload)
    if precision != 8 or components not in (1, 3) or len(payload) != 6 + 3 * components:
        raise _bad("not a picture in colours or greys that browsers show")
    if not width or not height or width * height > MOST_PIXELS:
        raise _bad(f"{width} × {height} pixels, of at most {MOST_PIXELS}", "Scale it down")
    return width, height, components


def _scan(data: bytes, at: int, payload: bytes, components: int) -> int:
    """Where the scan that begins at `at` ends."""
    count = payload[0] if payload else 0
    if not 1 <= count <= components or len(payload) != 4 + 2 * count:
        raise _bad("a scan that is not as it should be")
    found = _NEXT.search(data, at)
    if found is None:
        raise _bad("it breaks off")
    end = at + len(data[at : found.start()].rstrip(b"\xff"))
    if end == at:
        raise _bad("a scan without a picture")
    return end


def _is_table(code: int, payload: bytes) -> bool:
    """Whether it is one, or several, and nothing behind them."""
    if code == _RESTART:
        return len(payload) == 2
    if code not in (_QUANTISATION, _HUFFMAN) or not payload:
        return False
    at = 0
    while at < len(payload):
        high, low = payload[at] >> 4, payload[at] & 15
        if high > 1 or low > 3:
            return False
        at += 1 + (64 * (high + 1) if code == _QUANTISATION else 16 + sum(payload[at + 1 : at + 17]))
    return at == len(payload)


def _segment(code: int, payload: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(payload) + 2).to_bytes(2) + payload


def _bad(what: str, todo: str = "Send a photo as JPEG") -> BadInput:
    return BadInput(what, where="photo", todo=todo)
