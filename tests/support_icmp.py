"""A network of one machine in which the test itself answers pings: late, twice, falsely or not at all."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import support_netns

from agents.icmp import packets

IS_ROOT = support_netns.ROOT_WITH_TUN


class Request(NamedTuple):
    """An echo request as the peer got it; the IP header with it, as errors quote it."""

    source: str
    target: str
    packet: bytes
    message: bytes

    def reply(self) -> bytes:
        return with_checksum(b"\0\0\0\0" + self.message[4:])

    def forged(self) -> bytes:
        """A reply by somebody who guessed everything but the token."""
        return with_checksum(b"\0\0\0\0" + self.message[4:8] + os.urandom(8) + self.message[16:])

    def unreachable(self, quote: int) -> bytes:
        return with_checksum(bytes([3, 1, 0, 0, 0, 0, 0, 0]) + self.packet[: 20 + quote])


class Send(NamedTuple):
    after_s: float
    source: str
    message: bytes


def with_checksum(message: bytes) -> bytes:
    whole = message[:2] + b"\0\0" + message[4:]
    return whole[:2] + struct.pack(">H", packets.checksum(whole)) + whole[4:]


@contextmanager
def scripted_peer(script: Callable[[Request], list[Send]]) -> Iterator[None]:
    """Answer every echo request of this namespace as the script says, in place of the kernel."""
    Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
    loop = asyncio.get_running_loop()

    def send(what: Send, to: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as out:
            out.bind((what.source, 0))
            out.sendto(what.message, (to, 0))

    def read() -> None:
        packet = sock.recv(2048)
        start = packets.ip_header_bytes(packet)
        if packet[start] != 8:
            return
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        for what in script(Request(source, target, packet, packet[start:])):
            if what.after_s:
                loop.call_later(what.after_s, send, what, source)
            else:
                send(what, source)

    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.setblocking(False)
        loop.add_reader(sock, read)
        try:
            yield
        finally:
            loop.remove_reader(sock)
