"""Which frames the kernel hands over, as a program of its packet filter (classic BPF). Pure.

A machine that carries traffic must not have all of it copied to a child that wants the hundredth part: ARP, LLDP, what has a
length for a type (CDP), neighbour discovery, and datagrams of the ports that the parsers know.
"""

import struct
from collections.abc import Sequence

from agents.sweep.frames import ARP, IPV4, IPV6, LLDP, PORTS

_LOAD_HALF, _LOAD_BYTE = 0x28, 0x30
_LOAD_HALF_AT_X, _HEADER_LENGTH_TO_X = 0x48, 0xB1
_EQUAL, _GREATER, _BITS = 0x15, 0x25, 0x45
_RETURN = 0x06
_ETHERNET, _TYPE = 14, 12
_LENGTHS = 1_500
_WHOLE = 0xFFFF
_TAKE, _DROP = "take", "drop"

_Step = tuple[int, int, str, str]
"""Code, operand, and where to go when it holds and when not (names of steps that follow, empty for the next)."""


def program(ports: Sequence[int] = PORTS) -> bytes:
    """Instructions as the kernel takes them, eight bytes each."""
    steps: list[tuple[str, _Step]] = [
        ("", (_LOAD_HALF, _TYPE, "", "")),
        ("", (_EQUAL, ARP, _TAKE, "")),
        ("", (_EQUAL, LLDP, _TAKE, "")),
        ("", (_EQUAL, IPV4, "ipv4", "")),
        ("", (_EQUAL, IPV6, "ipv6", "")),
        ("", (_GREATER, _LENGTHS, _DROP, _TAKE)),
        ("ipv4", (_LOAD_BYTE, _ETHERNET + 9, "", "")),
        ("", (_EQUAL, 17, "", _DROP)),
        ("", (_LOAD_HALF, _ETHERNET + 6, "", "")),
        ("", (_BITS, 0x1FFF, _DROP, "")),
        ("", (_HEADER_LENGTH_TO_X, _ETHERNET, "", "")),
        ("", (_LOAD_HALF_AT_X, _ETHERNET, "", "")),
        *_ports(ports, _TAKE, ""),
        ("", (_LOAD_HALF_AT_X, _ETHERNET + 2, "", "")),
        *_ports(ports, _TAKE, _DROP),
        # With an extension header in between (of MLD, or of an answer that needs one) it is always looked at.
        ("ipv6", (_LOAD_BYTE, _ETHERNET + 6, "", "")),
        ("", (_EQUAL, 58, _TAKE, "")),
        ("", (_EQUAL, 0, _TAKE, "")),
        ("", (_EQUAL, 60, _TAKE, "")),
        ("", (_EQUAL, 17, "", _DROP)),
        ("", (_LOAD_HALF, _ETHERNET + 40, "", "")),
        *_ports(ports, _TAKE, ""),
        ("", (_LOAD_HALF, _ETHERNET + 42, "", "")),
        *_ports(ports, _TAKE, _DROP),
        (_DROP, (_RETURN, 0, "", "")),
        (_TAKE, (_RETURN, _WHOLE, "", "")),
    ]
    places = {name: at for at, (name, _) in enumerate(steps) if name}
    found = b""
    for at, (_, (code, operand, yes, no)) in enumerate(steps):
        jumps = [places[name] - at - 1 if name else 0 for name in (yes, no)]
        found += struct.pack("=HBBI", code, *jumps, operand)
    return found


def _ports(ports: Sequence[int], yes: str, no: str) -> list[tuple[str, _Step]]:
    return [("", (_EQUAL, port, yes, no if port == ports[-1] else "")) for port in ports]
