"""Listen: traps and syslog messages that devices send unasked. The receiver runs between the checks, which tell how it is."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from agents.listen.intake import Intake, Limits
from agents.listen.receiver import Ears, Receiver, Tell
from agents.probes.outcome import BadParameter, looks, parameters
from agents.probes.standing import Standing
from agents.snmp.desk import Desk, desk
from core.clock import Clock
from core.values import Check, Result, Status
from core.wire import Event

FIGURES = ("messages", "dropped", "malformed")
PORTS = {"trap": 162, "syslog": 514}

Key = Annotated[str, msgspec.Meta(min_length=8, max_length=256)]
Rate = Annotated[float, msgspec.Meta(ge=1, le=1_000)]


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `agents.snmp.traps.User`, which this process does not load."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] | None = None
    auth_key: Key | Literal[""] = ""
    priv: Literal["des", "aes", "aes192", "aes256"] | None = None
    priv_key: Key | Literal[""] = ""

    def __post_init__(self) -> None:
        if (self.auth is None) != (not self.auth_key) or (self.priv is None) != (not self.priv_key):
            raise ValueError(f"user {self.user!r} needs auth with auth_key, and priv with priv_key")
        if self.priv is not None and self.auth is None:
            raise ValueError(f"user {self.user!r} cannot have priv without auth")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    protocol: Literal["trap", "syslog"]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    tcp: bool = True
    communities: Annotated[list[str], msgspec.Meta(max_length=32)] = []
    users: Annotated[list[User], msgspec.Meta(max_length=32)] = []
    messages_per_s: Rate = 20.0
    events_per_minute: Rate = 12.0


async def _to_nobody(event: Event) -> None:
    """Where there is no outbox, messages are counted and that is all."""


class Listen:
    """The receivers, one for each check of the plan. `tell` takes what is to be told at once."""

    def __init__(self, tell: Tell | None, clock: Clock, desk_: Callable[[], Desk] = desk) -> None:
        self._tell, self._clock, self._desk = tell or _to_nobody, clock, desk_
        self._standing = Standing(self._start)
        self.keep = self._standing.keep
        self.run = looks(self._look)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        if params.protocol == "syslog" and (params.users or params.communities):
            raise BadParameter("users and communities are of traps only")
        receiver = await self._standing.of(check, params, params.port or PORTS[params.protocol])
        counts = receiver.intake.take_counts()
        figures["messages"], figures["dropped"] = counts.messages, counts.dropped
        figures["malformed"] = counts.malformed
        await receiver.tell_notes()
        return Result(Status.UP, "", figures)

    async def _start(self, params: Params, address: str, port: int) -> Receiver:
        trusted = {"communities": params.communities, "users": params.users}
        ears = Ears(params.protocol, address, port, params.tcp, trusted)
        intake = Intake(Limits(params.messages_per_s, params.events_per_minute))
        receiver = Receiver(ears, intake, self._tell, self._clock, self._desk)
        await receiver.open()
        return receiver
