"""Composes probes with scapy: whole IP packets as bytes. Loads scapy, so only the child imports it."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Packet, Raw

from agents.icmp.packets import TOKEN_BYTES, V4, V6
from agents.path.flow import UDP_BYTES, Flow, Method

_WORD = 0xFFFF
_MSS = 1220
"""What any IPv6 path takes."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Between whom the flow is. `source_port` is the identifier for ICMP, `target_port` nothing."""

    source: str
    target: str
    source_port: int
    target_port: int


def compose(method: Method, ends: Ends, ttls: Sequence[int], chance: Random) -> tuple[Flow, list[bytes]]:
    """The flow, and the probe of each number with the TTL at its place in `ttls` (at most 60,000 of them)."""
    family = V6 if ":" in ends.target else V4
    token = chance.randbytes(TOKEN_BYTES)
    first = chance.randrange(_WORD)
    label = chance.randrange(1, 1 << 20)
    keys: dict[int, int] = {}
    probes: list[bytes] = []
    checksum = 0
    for number, ttl in enumerate(ttls):
        if method == "udp":
            message: Packet = _udp(ends, token, number)
        elif method == "tcp":
            seq = chance.getrandbits(32)
            while seq in keys:
                seq = chance.getrandbits(32)
            keys[seq] = number
            message = _tcp(ends, seq)
        else:
            seq = (first + number) & _WORD
            keys[seq] = number
            message = _echo(family, ends.source_port, seq, token)
        probe = bytes(_header(family, ends, ttl, label) / message)
        start = 20 if family == V4 else 40
        if method == "udp":
            keys[struct.unpack_from(">H", probe, start + 6)[0]] = number
        elif method == "icmp":
            (checksum,) = struct.unpack_from(">H", probe, start + 2)
        probes.append(probe)
    port = checksum if method == "icmp" else ends.target_port
    return Flow(family, method, ends.target, ends.source_port, port, token, keys), probes


def _header(family: int, ends: Ends, ttl: int, label: int) -> Packet:
    if family == V4:
        return IP(src=ends.source, dst=ends.target, ttl=ttl, flags="DF")
    # The flow label is part of a flow by IPv6 (RFC 6437): one label for all.
    return IPv6(src=ends.source, dst=ends.target, hlim=ttl, fl=label)


def _udp(ends: Ends, token: bytes, number: int) -> Packet:
    payload = (token + struct.pack(">H", number)).ljust(UDP_BYTES - 8, b"\0")
    return UDP(sport=ends.source_port, dport=ends.target_port) / Raw(payload)


def _tcp(ends: Ends, seq: int) -> Packet:
    return TCP(
        sport=ends.source_port,
        dport=ends.target_port,
        seq=seq,
        flags="S",
        window=1024,
        options=[("MSS", _MSS)],
    )


def _echo(family: int, ident: int, seq: int, token: bytes) -> Packet:
    # Sequence number and first word of the payload sum to the same in each probe, and so does all the rest.
    payload = struct.pack(">H", _WORD - seq) + token + bytes(22)
    if family == V4:
        return ICMP(type=8, id=ident, seq=seq) / Raw(payload)
    return ICMPv6EchoRequest(id=ident, seq=seq, data=payload)
