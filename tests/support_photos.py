"""JPEG files: a small one as a browser's canvas makes it, others put together from segments, and a reader of segments by itself."""

import base64
import itertools
import struct
import zlib
from collections.abc import Sequence

CANVAS = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAA"
    "ABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1"
    "AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAP"
    "KnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/"
    "2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi"
    "9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQABgDASIAAhEBAxEB/8QAFgABAQEA"
    "AAAAAAAAAAAAAAAAAwAG/8QAFhABAQEAAAAAAAAAAAAAAAAAAANC/8QAFgEBAQEAAAAAAAAAAAAAAAAABgMF/8QAGxEAAQUBAQAAAAAAAAAAAA"
    "AAAAECNIGxBAX/2gAMAwEAAhEDEQA/AM6aGgmhpPgkNvFN314b61BUkSAY/9k="
)
"""24 × 16 pixels, left half red and right half blue, with a profile of colours (APP2)."""
PLACE = b"Exif\0\0MM\0*GPSLatitude 20.65 GPSLongitude 106.06"


def segment(code: int, payload: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(payload) + 2) + payload


def segments(data: bytes) -> list[tuple[int, int, bytes]]:
    """(code, where it begins, payload) of each up to the end of the picture; the payload of a scan's header has its data behind it."""
    found, at = [], 2
    while data[at + 1] != 0xD9:
        assert data[at] == 0xFF, at
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == 0xDA:
            while not (data[end] == 0xFF and data[end + 1] and not 0xD0 <= data[end + 1] <= 0xD7):
                end += 1
        found.append((data[at + 1], at, data[at + 4 : end]))
        at = end
    assert data[at:] == b"\xff\xd9"
    return found


def with_segments(*extra: tuple[int, int, bytes], behind: bytes = b"") -> bytes:
    """CANVAS with more segments (code, before which of its own, payload), and something behind its end."""
    cuts = [*(at for _, at, _ in segments(CANVAS)), len(CANVAS) - 2, len(CANVAS)]
    made = CANVAS[:2]
    for place, (begin, end) in enumerate(itertools.pairwise(cuts)):
        made += b"".join(
            segment(code, payload) for code, before, payload in extra if before % (len(cuts) - 1) == place
        )
        made += CANVAS[begin:end]
    return made + behind


def sized(width: int, height: int) -> bytes:
    """CANVAS, saying that it has so many pixels."""
    at = next(at for code, at, _ in segments(CANVAS) if code == 0xC0)
    return CANVAS[: at + 5] + struct.pack(">HH", height, width) + CANVAS[at + 9 :]


def png(width: int, height: int, row: Sequence[int]) -> bytes:
    """A picture of colours, each row `row` (width × 3 bytes)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(row)) * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
