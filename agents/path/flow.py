"""One trace's probes on the wire, and which packet answers which. Pure: bytes in, values out, nothing raises on
foreign bytes.

Routers that share load between lines choose the line by a packet's flow: addresses, protocol, and the first four bytes
of what follows. Those are the same in all probes of a trace, so that all take one way (Augustin et al., "Avoiding
traceroute anomalies with Paris traceroute", 2006). Probes are told apart by what no router looks at: with UDP the checksum (the
payload is different), with ICMP the sequence number (a word of the payload keeps the checksum the same), with TCP the
sequence number.

An error message quotes our header and at least eight bytes after it (RFC 792; RFC 4443 and RFC 1812 want more). It counts
when what is quoted went to our target in our flow and carries the number of a probe, and as much of the token as is
quoted is right. Late answers to an earlier trace have another token, port and numbers.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, NamedTuple

from agents.icmp.packets import REPLY, TOKEN_BYTES, V4, V6, ip_header_bytes, why

Method = Literal["udp", "icmp", "tcp"]
PROTOCOLS: Mapping[tuple[Method, int], int] = {
    ("udp", V4): 17,
    ("udp", V6): 17,
    ("tcp", V4): 6,
    ("tcp", V6): 6,
    ("icmp", V4): 1,
    ("icmp", V6): 58,
}
"""Number of the protocol that a method's probes are of, by IP version."""
REQUEST = {V4: 8, V6: 128}
UDP_BYTES = 32
"""Length of a UDP probe with its header: token, number, and zeros."""
TTL_EXCEEDED = {V4: (11, 0), V6: (3, 0)}
_UNREACHABLE = {V4: 3, V6: 1}
_ERROR_BYTES = 8
_V6_HEADER_BYTES = 40
_SYN, _RST, _ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True, slots=True)
class Flow:
    """What all probes of a trace have in common, and the number of each by what tells it apart."""

    family: int
    """IP version."""
    method: Method
    target: str
    """A literal address."""
    source_port: int
    """For ICMP the identifier."""
    target_port: int
    """For ICMP the checksum."""
    token: bytes
    keys: Mapping[int, int]
    """Number of the probe by its UDP checksum, ICMP or TCP sequence number."""


class Answer(NamedTuple):
    """A packet that answers probe `number`. `reached`: the target itself sent it. `reason`: a router gave up on the
    probe for another reason than its TTL; a stable key for people."""

    number: int
    reached: bool = False
    reason: str = ""


def read_icmp(flow: Flow, source: str, data: bytes) -> Answer | None:
    """What an ICMP message (without an IP header) from `source` says of the trace; None when it says nothing."""
    if len(data) < _ERROR_BYTES:
        return None
    kind, code = data[0], data[1]
    if kind == REPLY[flow.family]:
        return _read_reply(flow, source, data)
    exceeded = (kind, code) == TTL_EXCEEDED[flow.family]
    if not exceeded and kind != _UNREACHABLE[flow.family]:
        return None
    number = _quoted_number(flow, data[_ERROR_BYTES:])
    if number is None:
        return None
    if exceeded:
        return Answer(number)
    if same_address(source, flow.target):
        return Answer(number, reached=True)
    return Answer(number, reason=why(flow.family, kind, code))


def read_tcp(flow: Flow, source: str, data: bytes) -> Answer | None:
    """What a TCP segment (without an IP header) from `source` says: SYN or RST that acknowledges a probe."""
    if flow.method != "tcp" or len(data) < 14 or not same_address(source, flow.target):
        return None
    source_port, target_port, _, acknowledged = struct.unpack_from(">HHII", data)
    flags = data[13]
    if (source_port, target_port) != (flow.target_port, flow.source_port):
        return None
    if not flags & _ACK or not flags & (_SYN | _RST):
        return None
    number = flow.keys.get((acknowledged - 1) & 0xFFFF_FFFF)
    return None if number is None else Answer(number, reached=True)


def same_address(one: str, other: str) -> bool:
    """Whether two literal addresses are the same, whatever their zone."""
    try:
        return ip_address(one.partition("%")[0]) == ip_address(other.partition("%")[0])
    except ValueError:
        return False


def _read_reply(flow: Flow, source: str, data: bytes) -> Answer | None:
    if flow.method != "icmp" or data[1] != 0 or not same_address(source, flow.target):
        return None
    ident, seq = struct.unpack_from(">HH", data, 4)
    number = flow.keys.get(seq)
    if ident != flow.source_port or number is None or data[10 : 10 + TOKEN_BYTES] != flow.token:
        return None
    return Answer(number, reached=True)


def _quoted_number(flow: Flow, quoted: bytes) -> int | None:
    """The number of our probe that an error message quotes, from its IP header on."""
    message = _quoted_message(flow, quoted)
    if message is None or len(message) < 8:
        return None
    if flow.method == "icmp":
        return _quoted_echo(flow, message)
    source_port, target_port = struct.unpack_from(">HH", message)
    if (source_port, target_port) != (flow.source_port, flow.target_port):
        return None
    if flow.method == "tcp":
        return flow.keys.get(int.from_bytes(message[4:8], "big"))
    length, checksum = struct.unpack_from(">HH", message, 4)
    if length != UDP_BYTES or not _is_token(flow, message[8:]):
        return None
    return flow.keys.get(checksum)


def _quoted_message(flow: Flow, quoted: bytes) -> bytes | None:
    """What follows the quoted IP header, if that is of our protocol and was on its way to our target."""
    protocol = PROTOCOLS[flow.method, flow.family]
    target = ip_address(flow.target.partition("%")[0]).packed
    if flow.family == V4:
        start = ip_header_bytes(quoted)
        # The fragment's offset: only the first one begins with our header.
        whole = start > 0 and quoted[9] == protocol and int.from_bytes(quoted[6:8], "big") & 0x1FFF == 0
        return quoted[start:] if whole and quoted[16:20] == target else None
    if len(quoted) < _V6_HEADER_BYTES or quoted[0] >> 4 != V6 or quoted[6] != protocol:
        return None
    return quoted[_V6_HEADER_BYTES:] if quoted[24:40] == target else None


def _quoted_echo(flow: Flow, message: bytes) -> int | None:
    kind, code, checksum, ident, seq = struct.unpack_from(">BBHHH", message)
    if (kind, code, checksum, ident) != (REQUEST[flow.family], 0, flow.target_port, flow.source_port):
        return None
    return flow.keys.get(seq) if _is_token(flow, message[10:]) else None


def _is_token(flow: Flow, quoted: bytes) -> bool:
    """Whether as much of the token as is quoted is ours. By IPv6 all of it has to be there."""
    seen = quoted[:TOKEN_BYTES]
    return flow.token.startswith(seen) and (flow.family == V4 or len(seen) == TOKEN_BYTES)
