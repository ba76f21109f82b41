"""Contents, each kept once, and as the difference to an earlier one where that is smaller.

A difference is zstd with the earlier content as its dictionary: what did not change costs a reference. Each chain of
differences begins with a whole content, and none is longer than DEPTH.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa
import zstandard

from core.errors import BadInput
from inventory.machines.tables import contents

DEPTH = 16
MAX_CONTENT = 8 << 20
"""Bytes of one content as canonical JSON."""
_LEVEL = 3
_encoder = msgspec.json.Encoder(order="sorted")
_depth = sa.select(contents.c.depth).where(contents.c.digest == sa.bindparam("wanted"))
_insert = sa.insert(contents)
_link = sa.select(contents.c.base, contents.c.body).where(contents.c.digest == sa.bindparam("wanted"))


def canonical(content: Mapping[str, Any]) -> bytes:
    """As JSON that is equal for equal contents: lists of objects are sets, whose order says nothing.

    Raises:
        BadInput: it is too large, or not plain JSON.
    """
    try:
        parts = [_encoder.encode(name) + b":" + _ordered(content[name]) for name in sorted(content)]
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"not plain JSON: {error}", where="$.content") from error
    plain = b"{" + b",".join(parts) + b"}"
    if len(plain) > MAX_CONTENT:
        raise BadInput(f"{len(plain)} bytes, the limit is {MAX_CONTENT}", where="$.content")
    return plain


def _ordered(value: object) -> bytes:
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return b"[" + b",".join(sorted(map(_encoder.encode, value))) + b"]"
    return _encoder.encode(value)


def digest_of(plain: bytes) -> bytes:
    return blake2b(plain, digest_size=20).digest()


def put(connection: sa.Connection, plain: bytes, base: bytes | None) -> tuple[bytes, bool]:
    """Keep a content; `base` is the digest of one that it is probably like. Its digest, and whether it was not there."""
    digest = digest_of(plain)
    if connection.scalar(_depth, {"wanted": digest}) is not None:
        return digest, False
    whole = zstandard.ZstdCompressor(level=_LEVEL).compress(plain)
    row = {"digest": digest, "base": None, "depth": 0, "body": whole}
    depth = None if base is None else connection.scalar(_depth, {"wanted": base})
    if base is not None and depth is not None and depth + 1 < DEPTH:
        against = zstandard.ZstdCompressionDict(get(connection, base), zstandard.DICT_TYPE_RAWCONTENT)
        difference = zstandard.ZstdCompressor(level=_LEVEL, dict_data=against).compress(plain)
        if 2 * len(difference) < len(whole):
            row = {"digest": digest, "base": base, "depth": depth + 1, "body": difference}
    connection.execute(_insert, row)
    return digest, True


def get(connection: sa.Connection, digest: bytes) -> bytes:
    """The content of a digest as canonical JSON. Raises KeyError when it is not kept."""
    chain = []
    at: bytes | None = digest
    while at is not None:
        row = connection.execute(_link, {"wanted": at}).first()
        if row is None:
            raise KeyError(at.hex())
        chain.append(row.body)
        at = row.base
    plain = zstandard.ZstdDecompressor().decompress(chain.pop(), MAX_CONTENT)
    while chain:
        against = zstandard.ZstdCompressionDict(plain, zstandard.DICT_TYPE_RAWCONTENT)
        plain = zstandard.ZstdDecompressor(dict_data=against).decompress(chain.pop(), MAX_CONTENT)
    return plain


def pack(value: Mapping[str, Any]) -> bytes:
    """A small object as compressed JSON."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(value))


def unpack(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(body, MAX_CONTENT))
    return found
