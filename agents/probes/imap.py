"""IMAP: does the mail server let a watch account in and open its inbox, and when did its newest message come. Nothing is changed.

RFC 3501 and RFC 9051, STARTTLS among them; implicit TLS of RFC 8314; AUTHENTICATE PLAIN of RFC 4616.
"""

import time
from collections.abc import Mapping
from typing import Annotated

import msgspec

from agents.mail.responses import capabilities, condition, exists, literal, received_at
from agents.probes.certificates import warning
from agents.probes.mail import Account, Tls, as_base64, greeted, parting
from agents.probes.outcome import BadParameter, Failed, looks, parameters
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
    "open_seconds",
    "total_seconds",
    "messages",
    "newest_message_age_seconds",
    "expires_in_seconds",
    "certificate_days_left",
    "chain_length",
    "weaknesses",
)
_PORTS: Mapping[Tls, int] = {"starttls": 143, "implicit": 993, "none": 143}


class Params(Account, frozen=True, forbid_unknown_fields=True):
    tls: Tls = "implicit"
    max_message_age_s: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def refused_signs(self) -> str:
        return "\0\r\n"


class Imap:
    """`clock` is the wall clock: certificates end by it, and messages age."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        async with greeted(check, params, _PORTS, figures, _Session) as (session, certificates):
            if params.user:
                await session.sign_in(params.user, params.password)
                await session.open_inbox(self._clock.now())
            await session.leave()
        return self._judge(params, certificates, figures)

    def _judge(self, params: Params, certificates: list[bytes], figures: dict[str, float]) -> Result:
        reason = warning(certificates, self._clock.now(), params.warn_days, figures)
        if params.user and params.max_message_age_s is not None:
            age = figures.get("newest_message_age_seconds")
            if age is None:
                return Result(Status.DEGRADED, "no message", figures)
            if age > params.max_message_age_s:
                return Result(Status.DEGRADED, f"old message|{age:.0f}", figures)
        return Result(Status.DEGRADED if reason else Status.UP, reason, figures)


class _Session:
    """What is asked has a number for its tag; what came before the answer with that tag belongs to it."""

    def __init__(self, talk: Talk, figures: dict[str, float]) -> None:
        self._talk, self._figures, self._asked = talk, figures, 0
        self._can: frozenset[str] = frozenset()

    async def greet(self) -> None:
        self._talk.stage, began = "greeting", time.perf_counter()
        greeting = await self._response()
        self._figures["greeting_seconds"] = time.perf_counter() - began
        word, text = condition(greeting, "*") or ("", "")
        if word == "BYE":
            raise Failed(f"status|BYE {text}")
        if word != "OK":  # PREAUTH is for those whom another program let in: nobody of ours
            raise Failed("bad answer|no greeting")
        self._can = capabilities(greeting) or frozenset()

    async def starttls(self) -> None:
        if not self._can:
            await self._ask("CAPABILITY")
        if "STARTTLS" not in self._can:
            raise Failed("no starttls")
        await self._ask("STARTTLS")

    async def secured(self) -> None:
        self._can = frozenset()  # of what was said in the clear, nothing counts: RFC 3501 section 6.2.1

    async def sign_in(self, user: str, password: str) -> None:
        if not self._can:
            await self._ask("CAPABILITY")
        began = time.perf_counter()
        if "AUTH=PLAIN" in self._can:
            plain = as_base64(f"\0{user}\0{password}")
            await self._ask("AUTHENTICATE PLAIN", then=plain, refused="sign-in refused")
        elif "LOGINDISABLED" not in self._can:
            await self._ask(f"LOGIN {_quoted(user)} {_quoted(password)}", refused="sign-in refused")
        else:
            raise Failed("no sign-in|none")
        self._figures["sign_in_seconds"] = time.perf_counter() - began

    async def open_inbox(self, now_ms: int) -> None:
        """EXAMINE opens as SELECT does, and leaves the mailbox as it is for its other readers."""
        began = time.perf_counter()
        told = [count for line in await self._ask("EXAMINE INBOX") if (count := exists(line)) is not None]
        self._figures["open_seconds"] = time.perf_counter() - began
        if not told:
            raise Failed("bad answer|no number of messages")
        self._figures["messages"] = told[-1]
        if told[-1]:
            told_of = await self._ask("FETCH * (INTERNALDATE)")
            try:
                dates = [received_at(line) for line in told_of]
            except BadInput as error:
                raise Failed(f"bad answer|{error}") from error
            if newest := max((date for date in dates if date is not None), default=None):
                self._figures["newest_message_age_seconds"] = (now_ms - newest) / 1000

    async def leave(self) -> None:
        await self._ask("NOOP")
        async with parting():
            await self._ask("LOGOUT")

    async def _ask(self, words: str, *, then: str | None = None, refused: str = "status") -> list[bytes]:
        """The responses before the server's OK. `then` is for when it says to go on."""
        self._asked += 1
        tag = f"n{self._asked}"
        self._talk.stage = words.partition(" ")[0]
        await self._talk.send(f"{tag} {words}\r\n".encode())
        told: list[bytes] = []
        while (end := condition(response := await self._response(), tag)) is None:
            if response.startswith(b"+") and then is not None:
                await self._talk.send(then.encode() + b"\r\n")
                then = None
            elif (bye := condition(response, "*")) is not None and bye[0] == "BYE" and words != "LOGOUT":
                raise Failed(f"status|BYE {bye[1]}")
            told.append(response)
        word, text = end
        if word != "OK":
            raise Failed(refused + f"|{word} {text}")
        self._can = next((can for line in (*told, response) if (can := capabilities(line))), self._can)
        return told

    async def _response(self) -> bytes:
        """A line, and where it holds literals, these and what follows them."""
        response = line = await self._talk.line()
        while size := literal(line):
            response += await self._talk.exactly(size)
            line = await self._talk.line()
            response += line
        return response


def _quoted(text: str) -> str:
    if not text.isascii():
        raise BadParameter("user or password: this server takes ASCII only")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
