"""Compressed bodies, with the bound enforced while decompressing, so that a bomb costs no more than its limit."""

import threading
import zlib

import zstandard

from core.errors import BadInput

_WINDOW = 1 << 23
_AT_ONCE = 1 << 20
_of_thread = threading.local()
ENCODINGS = ("zstd", "gzip", "identity")


class TooLarge(BadInput):
    """The body is larger than its limit allows."""


def deflate(data: bytes, encoding: str = "zstd") -> bytes:
    """`data` compressed for the `Content-Encoding` named."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(data)
    if encoding == "gzip":
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()
    return data


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The plain bytes of a body sent with `Content-Encoding: encoding`, at most `limit` of them.

    Raises:
        TooLarge: more than `limit` bytes would come out; nothing past the limit is produced.
        BadInput: the encoding is not one of ENCODINGS, or the bytes are not of it.
    """
    if encoding in ("", "identity"):
        if len(body) > limit:
            raise TooLarge(f"body of {len(body)} bytes, the limit is {limit}")
        return body
    if encoding not in ENCODINGS:
        raise BadInput(f"unknown encoding {encoding[:40]!r}", todo=f"Send one of {', '.join(ENCODINGS)}")
    try:
        return _inflate_zstd(body, limit) if encoding == "zstd" else _inflate_gzip(body, limit)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadInput(f"body is not valid {encoding}: {error}") from error


def _inflate_zstd(body: bytes, limit: int) -> bytes:
    if 0 < zstandard.frame_content_size(body) <= min(limit, _AT_ONCE):
        # Small and says so, as nearly all are: a tenth of the cost of a reader. It cannot come out larger.
        unpacker: zstandard.ZstdDecompressor | None = getattr(_of_thread, "unpacker", None)
        if unpacker is None:
            unpacker = _of_thread.unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        return unpacker.decompress(body)
    with zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
        body, read_across_frames=False
    ) as reader:
        plain = bytearray()
        while chunk := reader.read(min(1 << 16, limit + 1 - len(plain))):
            plain += chunk
            if len(plain) > limit:
                raise TooLarge(f"body inflates past the limit of {limit} bytes")
    if not plain and body[:4] != b"\x28\xb5\x2f\xfd":
        raise BadInput("body is not valid zstd")
    return bytes(plain)


def _inflate_gzip(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(31)
    plain = unpacker.decompress(body, limit + 1)
    if len(plain) > limit:
        raise TooLarge(f"body inflates past the limit of {limit} bytes")
    if not unpacker.eof:
        raise BadInput("gzip body is cut short")
    return plain
