"""SMTP: does the mail server greet, encrypt with a good certificate, and let a watch account in. No mail is sent.

RFC 5321, STARTTLS of RFC 3207, implicit TLS of RFC 8314, AUTH of RFC 4954.
"""

import asyncio
import base64
import ipaddress
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Literal

import msgspec

from agents.mail.replies import Replies, Reply, extensions
from agents.probes.certificates import context, warning
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import Family, host_port, resolve
from agents.probes.talk import Talk, deadline, talking
from core.clock import Clock
from core.errors import BadInput
from core.values import Check, Result, Status

FIGURES = (
    "resolve_seconds",
    "connect_seconds",
    "greeting_seconds",
    "tls_seconds",
    "sign_in_seconds",
    "total_seconds",
    "expires_in_seconds",
    "certificate_days_left",
    "chain_length",
    "weaknesses",
)
Tls = Literal["starttls", "implicit", "none"]
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_PARTING_S = 0.2


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
        if "\0" in self.user + self.password:
            raise ValueError("a sign that no name or password may have")


class Smtp:
    """`clock` is the wall clock: certificates end by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        until, params = deadline(check), parameters(check, Params)
        host, port = host_port(check.target, default=_PORTS[params.tls])
        trust = None if params.tls == "none" else context(params.ca_file, ca=params.ca)
        began = time.perf_counter()
        address = await resolve(host, port, params.family)
        figures["resolve_seconds"] = time.perf_counter() - began
        async with talking(address, until, figures) as talk:
            session, certificates = _Session(talk, figures), list[bytes]()
            if trust is not None and params.tls == "implicit":
                certificates = await talk.secure(trust, params.server_name or host, figures)
            await session.greet()
            if trust is not None and params.tls == "starttls":
                await session.starttls()
                certificates = await talk.secure(trust, params.server_name or host, figures)
                await session.hello()
            if params.user:
                await session.sign_in(params.user, params.password)
            await session.leave()
        figures["total_seconds"] = time.perf_counter() - began
        reason = warning(certificates, self._clock.now(), params.warn_days, figures)
        return Result(Status.DEGRADED if reason else Status.UP, reason, figures)


class _Session:
    def __init__(self, talk: Talk, figures: dict[str, float]) -> None:
        self._talk, self._figures = talk, figures
        self._can: Mapping[str, frozenset[str]] = {}

    async def greet(self) -> None:
        self._talk.stage, began = "greeting", time.perf_counter()
        await self._expect(220)
        self._figures["greeting_seconds"] = time.perf_counter() - began
        await self.hello()

    async def hello(self) -> None:
        self._can = extensions(await self._ask(f"EHLO {_literal(self._talk.own_address)}", 250, stage="EHLO"))

    async def starttls(self) -> None:
        if "STARTTLS" not in self._can:
            raise Failed("no starttls")
        await self._ask("STARTTLS", 220, stage="STARTTLS")

    async def sign_in(self, user: str, password: str) -> None:
        began, ways = time.perf_counter(), self._can.get("AUTH", frozenset())
        if "PLAIN" in ways:
            asked = "AUTH PLAIN " + as_base64(f"\0{user}\0{password}")
        elif "LOGIN" in ways:
            await self._ask("AUTH LOGIN", 334, stage="AUTH")
            await self._ask(as_base64(user), 334, stage="AUTH")
            asked = as_base64(password)
        else:
            raise Failed(f"no sign-in|{' '.join(sorted(ways))[:80] or 'none'}")
        reply = await self._ask(asked, stage="AUTH")
        if reply.code >= 500:
            raise Failed(f"sign-in refused|{reply.text}")
        if reply.code != 235:
            raise Failed(f"status|{reply.text}")
        self._figures["sign_in_seconds"] = time.perf_counter() - began

    async def leave(self) -> None:
        """Ends politely. A server that has no word for QUIT did nevertheless all that it was asked for."""
        await self._ask("NOOP", 250, stage="NOOP")
        with suppress(Failed, OSError):
            async with asyncio.timeout(_PARTING_S):
                await self._ask("QUIT", 221, stage="QUIT")

    async def _ask(self, words: str, *expected: int, stage: str) -> Reply:
        self._talk.stage = stage
        await self._talk.send(words.encode() + b"\r\n")
        return await self._expect(*expected)

    async def _expect(self, *codes: int) -> Reply:
        replies = Replies()
        try:
            while (reply := replies.feed(await self._talk.line())) is None:
                pass
        except BadInput as error:
            raise Failed(f"bad answer|{error}") from error
        if codes and reply.code not in codes:
            raise Failed(f"status|{reply.text}")
        return reply


def _literal(address: str) -> str:
    """An address as a name for EHLO, for a machine that has none in the DNS: RFC 5321 section 4.1.3."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return f"[IPv6:{found}]" if found.version == 6 else f"[{found}]"


def as_base64(text: str) -> str:
    try:
        return base64.b64encode(text.encode()).decode("ascii")
    except UnicodeEncodeError as error:
        raise BadParameter("user or password") from error
