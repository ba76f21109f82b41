"""SMTP: does the mail server greet, encrypt with a good certificate, and let a watch account in. No mail is sent.

RFC 5321, STARTTLS of RFC 3207, implicit TLS of RFC 8314, AUTH of RFC 4954.
"""

import ipaddress
import time
from collections.abc import Mapping

from agents.mail.replies import Replies, Reply, extensions
from agents.probes.certificates import warning
from agents.probes.mail import Account, Tls, as_base64, greeted, parting
from agents.probes.outcome import Failed, looks, parameters
from agents.probes.talk import Talk
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
_PORTS: Mapping[Tls, int] = {"starttls": 587, "implicit": 465, "none": 25}
Params = Account


class Smtp:
    """`clock` is the wall clock: certificates end by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        async with greeted(check, params, _PORTS, figures, _Session) as (session, certificates):
            if params.user:
                await session.sign_in(params.user, params.password)
            await session.leave()
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

    async def secured(self) -> None:
        await self.hello()

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
        await self._ask("NOOP", 250, stage="NOOP")
        async with parting():
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
