"""From a host's name to a connected socket, for probes that speak to one."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Literal

from agents.icmp.engine import Address
from agents.probes.names import names
from agents.probes.outcome import BadParameter, Failed
from core.values import Status

Family = Literal["4", "6"]
_refused: ContextVar[Callable[[str], bool]] = ContextVar("refused", default=lambda _: False)
_DOMAINS = {None: socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}


def host_port(target: str, default: int | None = None) -> tuple[str, int]:
    """The parts of `host:port`, `address:port` or `[v6]:port`; without a port, `default` if there is one.

    Raises:
        BadParameter: there is no host or no port in it.
    """
    if target.startswith("["):
        host, bracket, rest = target[1:].partition("]")
        port = rest.removeprefix(":") if bracket else ""
    elif target.count(":") > 1:  # a bare IPv6 address
        host, port = target, ""
    else:
        host, _, port = target.partition(":")
    if not port and default is not None and host:
        return host, default
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise BadParameter(f"target {target[:80]!r} is not host:port")
    return host, int(port)


@contextlib.contextmanager
def off_limits(refused: Callable[[str], bool]) -> Iterator[None]:
    """Within this block, and tasks begun in it, `resolve` refuses addresses that are `refused`.

    It is asked of what a name resolved to: what is connected to is the address that was looked at.
    """
    token = _refused.set(refused)
    try:
        yield
    finally:
        _refused.reset(token)


async def resolve(host: str, port: int, family: Family | None, *, service: bool = True) -> Address:
    """The first address that the system resolves `host` to, of that family if one is asked for.

    The first only: a figure must tell of one path. Literal addresses need no resolver and no thread. `service`: what
    listens there is going to be spoken to; not so for an echo request, which no program of that machine answers.

    Raises:
        socket.gaierror: there is no such name, or nobody could be asked.
        BadParameter: the text cannot be a host's name.
        Failed: the address is off limits.
    """
    address = await _resolve(host, port, family)
    if service:
        admitted(address[0])
    return address


def admitted(address: str) -> None:
    """Raises Failed where that address is off limits. For who learns an address from anyone but `resolve`."""
    if _refused.get()(address):
        raise Failed(f"refused request|{address} is off limits", Status.UNKNOWN)


def admitted_host(host: str) -> None:
    """As `admitted`, for a host that somebody else resolves (a proxy), as far as its name tells where it leads."""
    name = host
    if (
        not host.isascii()
    ):  # a proxy is told the name as IDNA writes it, and that makes an address of the digits of any script
        with contextlib.suppress(UnicodeError):
            name = host.encode("idna").decode("ascii")
    name = name.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 section 6.3
        admitted("127.0.0.1")
    elif ":" in name:
        admitted(name)
    else:
        with contextlib.suppress(OSError):
            admitted(socket.inet_ntoa(socket.inet_aton(name)))


async def _resolve(host: str, port: int, family: Family | None) -> Address:
    domain = _DOMAINS[family]
    for literal in (socket.AF_INET, socket.AF_INET6):
        if domain in (literal, socket.AF_UNSPEC) and _is_literal(literal, host):
            address = socket.inet_ntop(literal, socket.inet_pton(literal, host))
            return (address, port) if literal == socket.AF_INET else (address, port, 0, 0)
    try:
        found = await names().address(host, domain)
    except UnicodeError as error:
        raise BadParameter(f"host {host[:80]!r}") from error
    return (found[0], port) if len(found) == 2 else (found[0], port, *found[2:])


def _is_literal(domain: socket.AddressFamily, host: str) -> bool:
    try:
        socket.inet_pton(domain, host)
    except (OSError, ValueError):
        return False
    return True


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[socket.socket]:
    """A TCP socket connected to `address`, closed at the end.

    Raises:
        OSError: it is refused or unreachable.
        Failed: the address is off limits.
    """
    admitted(address[0])
    domain = socket.AF_INET if len(address) == 2 else socket.AF_INET6
    with socket.socket(domain, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
        yield sock
