"""The ICMP socket that this machine allows: datagram where the group may (no privilege), raw otherwise.

Linux. A datagram socket is given its identifier by the kernel, which hands it only replies to that; foreign ICMP
never wakes it, and errors come through its error queue. A raw socket sees all ICMP of the machine, so a BPF
filter lets through only what carries our identifier.
"""

import secrets
import socket
import struct
from array import array
from dataclasses import dataclass

from agents.icmp.packets import V4
from core.errors import Unavailable

# Linux ABI numbers that the socket module does not name.
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_ATTACH_FILTER = 26
_IP_RECVERR = 11
_IPV6_RECVERR = 25

STAMP_BYTES = socket.CMSG_SPACE(struct.calcsize("@ll"))
"""Room for the kernel's receive time (a native timespec of CLOCK_REALTIME) beside a packet."""
ERROR_BYTES = 512
"""Room for a queued error: the stamp, sock_extended_err and the address of who complained."""
_BUFFER_BYTES = 1 << 20
"""A kernel buffer for about a thousand replies, should the event loop be held up; less where not permitted."""


@dataclass(frozen=True, slots=True)
class IcmpSocket:
    """An open, non-blocking socket; `raw` says whether IPv4 headers and foreign identifiers may come with it."""

    socket: socket.socket
    family: int
    raw: bool
    ident: int
    """Identifier of our requests; a datagram socket's is the kernel's business, and 0 here."""


def open_socket(family: int, *, raw: bool | None = None) -> IcmpSocket:
    """The socket for IP version `family` (4 or 6). `raw` asks for one kind only; None takes what is allowed.

    Raises:
        Unavailable: neither kind is permitted, or the machine has no such protocol.
    """
    kinds = (False, True) if raw is None else (raw,)
    refused: OSError | None = None
    for kind in kinds:
        try:
            return _open(family, raw=kind)
        except OSError as error:
            refused = error
    raise Unavailable(f"no ICMPv{family} socket: {refused}", retry_after_s=60.0)


def _open(family: int, *, raw: bool) -> IcmpSocket:
    domain, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if family == V4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    sock = socket.socket(domain, socket.SOCK_RAW if raw else socket.SOCK_DGRAM, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        ident = secrets.randbelow(0xFFFF) + 1 if raw else 0
        if raw:
            _attach(sock, _filter_v4(ident) if family == V4 else _filter_v6(ident))
        elif family == V4:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        _grow(sock)
    except OSError:
        sock.close()
        raise
    return IcmpSocket(sock, family, raw, ident)


def _grow(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)  # the kernel gives what it may


# Classic BPF, as linux/filter.h: (code, jump if true, jump if false, operand).
_LDB, _LDB_X, _LDH, _LDH_X, _LDX_IHL = 0x30, 0x50, 0x28, 0x48, 0xB1
_JEQ, _JGT, _RET, _AND, _LSH, _ADD, _ADD_X, _TAX = 0x15, 0x25, 0x06, 0x54, 0x64, 0x04, 0x0C, 0x07
_ALL, _NONE = 0xFFFFFFFF, 0
_Step = tuple[int, int, int, int]


def _filter_v4(ident: int) -> list[_Step]:
    """Raw IPv4 packets start at the IP header. Lets through replies to `ident`, and errors that quote it."""
    return [
        (_LDX_IHL, 0, 0, 0),
        (_LDB_X, 0, 0, 0),
        (_JEQ, 9, 0, 0),  # echo reply: look at its identifier
        (_JEQ, 2, 0, 3),
        (_JEQ, 1, 0, 11),
        (_JEQ, 0, 8, 12),
        (_LDB_X, 0, 0, 8),  # an error quotes our IP header and what follows: move X to the quoted message
        (_AND, 0, 0, 15),
        (_LSH, 0, 0, 2),
        (_ADD_X, 0, 0, 0),
        (_ADD, 0, 0, 8),
        (_TAX, 0, 0, 0),
        (_LDH_X, 0, 0, 4),
        (_JEQ, 1, 0, ident),
        (_RET, 0, 0, _NONE),
        (_RET, 0, 0, _ALL),
    ]


def _filter_v6(ident: int) -> list[_Step]:
    """Raw ICMPv6 starts at the message. Errors are types 1 to 4 and quote a header of 40 bytes."""
    return [
        (_LDB, 0, 0, 0),
        (_JEQ, 3, 0, 129),
        (_JGT, 5, 0, 4),
        (_LDH, 0, 0, 8 + 40 + 4),
        (_JEQ, 2, 3, ident),
        (_LDH, 0, 0, 4),
        (_JEQ, 0, 1, ident),
        (_RET, 0, 0, _ALL),
        (_RET, 0, 0, _NONE),
    ]


def _attach(sock: socket.socket, steps: list[_Step]) -> None:
    code = array("B", b"".join(struct.pack("@HBBI", *step) for step in steps))
    address, _ = code.buffer_info()  # `code` must outlive the call, which copies it
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(steps), address))
