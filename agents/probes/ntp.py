"""NTP: does the time server answer, does it have the time itself, and how far is its clock from this machine's. RFC 5905."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from typing import Annotated

import msgspec

from agents import ntp
from agents.icmp.engine import Address
from agents.probes.outcome import Failed, looks, parameters
from agents.probes.reach import Family, host_port, resolve
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = ("resolve_seconds", "offset_seconds", "rtt_seconds", "stratum", "root_distance_seconds", "leap")
_PORT, _BYTES = 123, 2048
_TOO_OFTEN = "RATE"
_NOT_YET = ("INIT", "STEP")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_offset_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    max_root_distance_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1.5
    max_stratum: Annotated[int, msgspec.Meta(ge=1, le=15)] = 15
    family: Family | None = None


class Ntp:
    """`now_ns` is the clock that is compared: this machine's, in nanoseconds since 1970."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        host, port = host_port(check.target, default=_PORT)
        began = time.perf_counter()
        address = await resolve(host, port, params.family)
        figures["resolve_seconds"] = time.perf_counter() - began
        packet, found = await self._ask(address, resend_after=check.timeout_ms / 2000)
        _note(packet, figures)
        if packet.kiss and packet.kiss not in _NOT_YET:
            # Who is asked too often lives: nothing was learnt, and that is all.
            raise Failed(f"kiss|{packet.kiss}", Status.UNKNOWN if packet.kiss == _TOO_OFTEN else Status.DOWN)
        if not packet.synchronised:
            raise Failed("not synchronised")
        if isinstance(found, BadInput):
            raise Failed(f"bad answer|{found}")
        figures["offset_seconds"], figures["rtt_seconds"] = found.offset, found.delay
        reason = _judge(packet, found, params)
        return Result(Status.DEGRADED if reason else Status.UP, reason, figures)

    async def _ask(self, server: Address, resend_after: float) -> tuple[ntp.Packet, ntp.Measured | BadInput]:
        """The answer. One lost packet is not a server that is down: it is asked twice if need be, each time with a new token."""
        domain = socket.AF_INET if len(server) == 2 else socket.AF_INET6
        with socket.socket(domain, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(server)  # so that only this server's packets, and its refusals, come in
            try:
                async with asyncio.timeout(resend_after):
                    return await self._exchange(sock)
            except TimeoutError:
                return await self._exchange(sock)

    async def _exchange(self, sock: socket.socket) -> tuple[ntp.Packet, ntp.Measured | BadInput]:
        """Packets that do not answer are passed over until the deadline."""
        loop, token = asyncio.get_running_loop(), secrets.randbits(64)
        sent = self._now_ns()
        await loop.sock_sendall(sock, ntp.request(token))
        while True:
            data = await loop.sock_recv(sock, _BYTES)
            received = self._now_ns()
            try:
                packet = ntp.read(data, token)
            except BadInput:
                continue
            try:
                return packet, ntp.measured(packet, sent, received)
            except BadInput as error:
                return packet, error


def _note(packet: ntp.Packet, figures: dict[str, float]) -> None:
    figures["stratum"] = packet.stratum if packet.synchronised else 16
    figures["leap"] = packet.leap
    if packet.synchronised:
        figures["root_distance_seconds"] = packet.root_distance


def _judge(packet: ntp.Packet, found: ntp.Measured, params: Params) -> str:
    # What the way there and back could have done to the offset is no fault of a clock.
    if abs(found.offset) - found.delay / 2 > params.max_offset_seconds:
        return f"clock off|{found.offset:+.3f}"
    if packet.stratum > params.max_stratum:
        return f"stratum|{packet.stratum}"
    if packet.root_distance > params.max_root_distance_seconds:
        return f"far from its source|{packet.root_distance:.3f}"
    return ""
