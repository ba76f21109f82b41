"""NetBIOS over UDP (RFC 1002): the names that Windows machines claim. Pure, never raises on foreign bytes."""

import struct

from agents.sweep.heard import NOTHING, Told, distinct, named

_REGISTRATION, _REFRESH, _REFRESH_TOO = 5, 8, 9
_HEADER = 12
_ENCODED = 34
"""Bytes of a name with its length before and the end of its scope behind; names in a scope are not read."""
_GROUP = 0x8000
_WORKSTATION, _SERVER = 0x00, 0x20
_DATAGRAMS = (0x10, 0x11, 0x12)
"""Direct unique, direct group, broadcast (section 4.4.1)."""


def read_name_service(data: bytes) -> Told:
    """A registration or refresh, in which a machine claims a name for itself. Questions and answers tell nothing."""
    if len(data) < _HEADER:
        return NOTHING
    flags, questions = struct.unpack_from(">2xHH", data)
    if flags & 0x8000 or flags >> 11 & 0xF not in (_REGISTRATION, _REFRESH, _REFRESH_TOO) or questions != 1:
        return NOTHING
    claimed = _name(data, _HEADER)
    # After the question: a pointer to the name, type, class, TTL, length, then the flags of the name (section 4.2.2).
    at = _HEADER + _ENCODED + 4 + 12
    if claimed is None or len(data) < at + 2:
        return NOTHING
    group = struct.unpack_from(">H", data, at)[0] & _GROUP
    return NOTHING if group else _told(*claimed)


def read_datagram(data: bytes) -> Told:
    """A datagram of the datagram service, which names its sender; announcements to the browsers of a workgroup are such."""
    if len(data) < 14 + _ENCODED or data[0] not in _DATAGRAMS:
        return NOTHING
    sender = _name(data, 14)
    return NOTHING if sender is None else _told(*sender)


def _told(name: str, suffix: int) -> Told:
    if suffix not in (_WORKSTATION, _SERVER):
        return NOTHING
    return Told(
        distinct([name], 1), ("computer",), distinct(["netbios file server"] * (suffix == _SERVER), 1)
    )


def _name(data: bytes, at: int) -> tuple[str, int] | None:
    """A name and its suffix, from two letters a byte (RFC 1001 section 14.1)."""
    encoded = data[at : at + _ENCODED]
    if len(encoded) != _ENCODED or encoded[0] != 32 or encoded[33] != 0:
        return None
    halves = [letter - 0x41 for letter in encoded[1:33]]
    if any(not 0 <= half < 16 for half in halves):
        return None
    plain = bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
    name = named(plain[:15].rstrip(b" \0"))
    # `__MSBROWSE__` and `*` are everybody's.
    return None if not name or name.startswith(("*", "__")) else (name, plain[15])
