"""What checks of mail servers have in common: the account, the way in, TLS from the start or by STARTTLS."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec

from agents.probes.certificates import context
from agents.probes.outcome import BadParameter, Failed
from agents.probes.reach import Family, host_port, resolve
from agents.probes.talk import Talk, deadline, talking
from core.values import Check

Tls = Literal["starttls", "implicit", "none"]
_PARTING_S = 0.2


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of each. Without a user, nobody signs in."""

    tls: Tls = "starttls"
    user: str = ""
    password: str = ""
    ca_file: str | None = None
    ca: str | None = None
    server_name: str | None = None
    warn_days: Annotated[float, msgspec.Meta(ge=0)] = 30
    family: Family | None = None

    def __post_init__(self) -> None:
        if self.user and self.tls == "none":
            raise ValueError("nobody signs in without TLS")
        if set(self.refused_signs()) & set(self.user + self.password):
            raise ValueError("a sign that no name or password may have")

    def refused_signs(self) -> str:
        return "\0"


class Session(Protocol):
    async def greet(self) -> None: ...
    async def starttls(self) -> None: ...
    async def secured(self) -> None:
        """What was said in the clear counts no more."""


S = TypeVar("S", bound=Session)


@contextlib.asynccontextmanager
async def greeted(
    check: Check,
    account: Account,
    ports: Mapping[Tls, int],
    figures: dict[str, float],
    session_of: Callable[[Talk, dict[str, float]], S],
) -> AsyncIterator[tuple[S, list[bytes]]]:
    """A session that has been greeted, encrypted as the account says, with the server's certificates (DER, its own first).

    Raises:
        Failed: it came to no such session, and why.
    """
    until = deadline(check)
    host, port = host_port(check.target, default=ports[account.tls])
    trust = None if account.tls == "none" else context(account.ca_file, ca=account.ca)
    began = time.perf_counter()
    address = await resolve(host, port, account.family)
    figures["resolve_seconds"] = time.perf_counter() - began
    async with talking(address, until, figures) as talk:
        session, certificates = session_of(talk, figures), list[bytes]()
        if trust is not None and account.tls == "implicit":
            certificates = await talk.secure(trust, account.server_name or host, figures)
        await session.greet()
        if trust is not None and account.tls == "starttls":
            await session.starttls()
            certificates = await talk.secure(trust, account.server_name or host, figures)
            await session.secured()
        yield session, certificates
    figures["total_seconds"] = time.perf_counter() - began


@contextlib.asynccontextmanager
async def parting() -> AsyncIterator[None]:
    """A server that has no word for goodbye did nevertheless all that it was asked for."""
    with contextlib.suppress(Failed, OSError):
        async with asyncio.timeout(_PARTING_S):
            yield


def as_base64(text: str) -> str:
    try:
        return base64.b64encode(text.encode()).decode("ascii")
    except UnicodeEncodeError as error:
        raise BadParameter("user or password") from error
