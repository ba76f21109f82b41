"""DNS query to a given server: over UDP, over TCP where the answer does not fit, and is it the expected one."""

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import msgspec

from agents.icmp.engine import Address
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import connected, host_port, resolve
from core.values import Check, Result, Status

if TYPE_CHECKING:
    import dns.message

FIGURES = ("query_seconds",)
_UDP_BYTES = 65535


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    server: str = ""
    """Empty: it stands in the target, `name@server`."""
    type: str = "A"
    expect: list[str] = []


@looks
async def run(check: Check, figures: dict[str, float]) -> Result:
    params = parameters(check, Params)
    name, at, server = (check.target, "@", params.server) if params.server else check.target.rpartition("@")
    if not at:
        raise BadParameter("no server: write it as name@server")
    address = await resolve(*host_port(server, default=53), None)
    query = _query(name, params.type)
    began = time.perf_counter()
    answer = await _ask(query, address, resend_after=check.timeout_ms / 2000)
    figures["query_seconds"] = time.perf_counter() - began
    return _judge(query, answer, params, figures)


def _query(name: str, kind: str) -> "dns.message.Message":
    # dnspython takes its memory when the first name is to be resolved, not in agents that never do.
    import dns.exception
    import dns.message

    try:
        return dns.message.make_query(name, kind, use_edns=0, payload=1232)
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise BadParameter(f"{name[:80]} {kind[:20]}: {type(error).__name__}") from error


async def _ask(query: "dns.message.Message", server: Address, resend_after: float) -> "dns.message.Message":
    """The answer of `server`. One lost packet is not a server that is down: the question is sent twice if need be."""
    domain = socket.AF_INET if len(server) == 2 else socket.AF_INET6
    with socket.socket(domain, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(server)  # so that only this server's packets, and its refusals, come in
        await _send(sock, query)
        try:
            async with asyncio.timeout(resend_after):
                answer = await _receive(sock, query)
        except TimeoutError:
            await _send(sock, query)
            answer = await _receive(sock, query)
    return await _ask_by_tcp(query, server) if _cut_short(answer) else answer


async def _send(sock: socket.socket, query: "dns.message.Message") -> None:
    await asyncio.get_running_loop().sock_sendall(sock, query.to_wire())


async def _receive(sock: socket.socket, query: "dns.message.Message") -> "dns.message.Message":
    """The first packet that answers `query`; foreign, forged and garbled ones are passed over until the deadline."""
    loop = asyncio.get_running_loop()
    while True:
        answer = _parse(await loop.sock_recv(sock, _UDP_BYTES))
        if answer is not None and query.is_response(answer):
            return answer


async def _ask_by_tcp(query: "dns.message.Message", server: Address) -> "dns.message.Message":
    loop = asyncio.get_running_loop()
    async with connected(server) as sock:
        wire = query.to_wire()
        await loop.sock_sendall(sock, len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await _exactly(sock, 2), "big")
        answer = _parse(await _exactly(sock, size))
    if answer is None or not query.is_response(answer):
        raise Failed("bad answer")
    return answer


async def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = await asyncio.get_running_loop().sock_recv(sock, size - len(data))
        if not more:
            raise Failed("connection reset")
        data += more
    return data


def _parse(wire: bytes) -> "dns.message.Message | None":
    """The message, or None if it is none."""
    import dns.exception
    import dns.message

    try:
        answer = dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True)
    except dns.exception.DNSException:
        return None
    # A truncated answer may end within a record: then only its head counts, which says to ask by TCP.
    return answer if not answer.errors or _cut_short(answer) else None


def _cut_short(answer: "dns.message.Message") -> bool:
    import dns.flags

    return bool(answer.flags & dns.flags.TC)


def _judge(
    query: "dns.message.Message", answer: "dns.message.Message", params: Params, figures: dict[str, float]
) -> Result:
    """Up when there are records of the type asked for, and no other than the expected ones."""
    import dns.rcode

    if answer.rcode() != dns.rcode.NOERROR:
        name = dns.rcode.to_text(answer.rcode())
        raise Failed("name not found" if name == "NXDOMAIN" else f"rcode|{name}")
    question = query.question[0]
    found = [
        record.to_text()
        for records in answer.answer
        if records.rdtype == question.rdtype
        for record in records
    ]
    if not found:
        raise Failed("no answer")
    expected = _expected(params)
    others = [text for text in found if text not in expected] if expected else []
    if others:
        raise Failed(f"other answer|{others[0]}")
    return Result(Status.UP, "", figures)


def _expected(params: Params) -> set[str]:
    """The expected records as dnspython writes them, so that `2001:DB8::0` equals `2001:db8::`."""
    import dns.exception
    import dns.rdata

    try:
        return {dns.rdata.from_text("IN", params.type, text).to_text() for text in params.expect}
    except dns.exception.DNSException as error:
        raise BadParameter(f"expect: {error}") from error
