"""ICMP echo messages as bytes, RFC 792 and RFC 4443. Pure: bytes in, values out, nothing raises on foreign bytes.

An echo request of ours carries a random token of eight bytes, its burst's, at the head of its payload. Sequence
numbers repeat after 65,536 requests and anyone can guess them; number and token together prove that a reply answers
this very request.
"""

import struct
from typing import NamedTuple

TOKEN_BYTES = 8
PAYLOAD_BYTES = 56
"""The payload that ping sends by custom, so that figures compare; 84 bytes on the wire with IPv4."""

V4, V6 = 4, 6
_REQUEST = {V4: 8, V6: 128}
REPLY = {V4: 0, V6: 129}
"""Type of an echo reply, by IP version."""
_FILL = bytes(range(0x10, 0x10 + PAYLOAD_BYTES - TOKEN_BYTES))
_MESSAGE = struct.Struct(f">BBHHH{PAYLOAD_BYTES}s")
_HEAD = struct.Struct(f">BBHHH{TOKEN_BYTES}s")
_SHORT = struct.Struct(">BBHHH")
HEAD_BYTES = _HEAD.size
read_head = _HEAD.unpack_from
"""Type, code, checksum, identifier, sequence number and token at an offset of a buffer of HEAD_BYTES or more."""
_pack = _MESSAGE.pack

_UNREACHABLE_V4 = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "packet too big",
    6: "network unreachable",
    7: "host unreachable",
    9: "prohibited",
    10: "prohibited",
    11: "network unreachable",
    12: "host unreachable",
    13: "prohibited",
}
_UNREACHABLE_V6 = {
    0: "network unreachable",
    1: "prohibited",
    2: "network unreachable",
    3: "host unreachable",
    4: "port unreachable",
    5: "prohibited",
    6: "prohibited",
}


class Failure(NamedTuple):
    """A router or host says that an echo request did not arrive. `reason` is a stable key for people."""

    ident: int
    seq: int
    token: bytes
    """As much of the token as the message quotes: routers may quote eight bytes of the request only, so none."""
    reason: str


def checksum(data: bytes) -> int:
    """The Internet checksum of RFC 1071 over `data`.

    A sum of 16-bit words with the carry brought round is the number modulo 65,535, so one division does it.
    """
    if len(data) % 2:
        data += b"\0"
    return -int.from_bytes(data, "big") % 0xFFFF


class Template:
    """The echo requests of one burst: they differ in their sequence numbers only, so the rest is made once."""

    __slots__ = ("_ident", "_kind", "_payload", "_sum", "token")

    def __init__(self, family: int, ident: int, token: bytes) -> None:
        self.token = token
        self._ident = ident
        self._kind = _REQUEST[family]
        self._payload = token + _FILL
        whole = _pack(self._kind, 0, 0, ident, 0, self._payload)
        # For IPv6 the checksum covers addresses, and the kernel does it.
        self._sum = int.from_bytes(whole, "big") % 0xFFFF if family == V4 else None

    def request(self, seq: int) -> bytes:
        """The request with that sequence number."""
        check = 0 if self._sum is None else -(self._sum + seq) % 0xFFFF
        return _pack(self._kind, 0, check, self._ident, seq, self._payload)


def ip_header_bytes(packet: bytes | bytearray | memoryview) -> int:
    """Length of the IPv4 header that a raw socket leaves before the message; 0 when it makes no sense."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return 0
    length = (packet[0] & 15) * 4
    return length if 20 <= length <= len(packet) else 0


def reply(family: int, data: bytes | bytearray | memoryview) -> tuple[int, int, bytes] | None:
    """Identifier, sequence number and token of an echo reply; None if `data` is anything else."""
    if len(data) < HEAD_BYTES:
        return None
    kind, code, _, ident, seq, token = read_head(data)
    return (ident, seq, token) if kind == REPLY[family] and code == 0 else None


def failure(family: int, data: bytes | bytearray | memoryview) -> Failure | None:
    """The echo request that an ICMP error message gives up on, or None if `data` is anything else."""
    if len(data) < 8:
        return None
    reason = why(family, data[0], data[1])
    quoted = bytes(data[8:])
    if family == V4:
        start = ip_header_bytes(quoted)
        whole = start > 0 and quoted[9] == 1
    else:
        start = 40
        whole = len(quoted) > start and quoted[0] >> 4 == 6 and quoted[6] == 58
    return quoted_request(family, quoted[start:], reason) if reason and whole else None


def quoted_request(family: int, data: bytes, reason: str) -> Failure | None:
    """The echo request whose first bytes are `data`, with the reason that came with it."""
    if len(data) < _SHORT.size:
        return None
    kind, code, _, ident, seq = _SHORT.unpack_from(data)
    if kind != _REQUEST[family] or code != 0:
        return None
    return Failure(ident, seq, bytes(data[8 : 8 + TOKEN_BYTES]), reason)


def why(family: int, kind: int, code: int) -> str:
    """The reason key of an ICMP error's type and code; empty for messages that are no errors."""
    if family == V4:
        if kind == 3:
            return _UNREACHABLE_V4.get(code, "unreachable")
        return {11: "ttl exceeded", 12: "packet refused"}.get(kind, "")
    if kind == 1:
        return _UNREACHABLE_V6.get(code, "unreachable")
    return {2: "packet too big", 3: "ttl exceeded", 4: "packet refused"}.get(kind, "")
