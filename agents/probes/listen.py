"""Listen: traps and syslog messages that devices send unasked. The receiver runs between the checks, which tell how it is."""

import errno
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec

from agents.listen.intake import Intake, Limits
from agents.listen.receiver import Ears, Receiver, Tell
from agents.listen.sockets import ANY
from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.probes.reach import resolve
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


class _Running(NamedTuple):
    """What runs for a check, and for which target and parameters."""

    target: str
    params: Params
    receiver: Receiver


async def _to_nobody(event: Event) -> None:
    """Where there is no outbox, messages are counted and that is all."""


class Listen:
    """The receivers, one for each check of the plan. `tell` takes what is to be told at once."""

    def __init__(self, tell: Tell | None, clock: Clock, desk_: Callable[[], Desk] = desk) -> None:
        self._tell, self._clock, self._desk = tell or _to_nobody, clock, desk_
        self._running: dict[int, _Running] = {}
        self._kept: set[int] | None = None
        self.run = looks(self._look)

    def keep(self, checks: Sequence[Check]) -> None:
        """These checks are in the plan: what runs for others ends."""
        self._kept = {check.id for check in checks}
        for id_ in set(self._running) - self._kept:
            self._running.pop(id_).receiver.close()

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        running = self._running.get(check.id)
        if running is not None and running[:2] == (check.target, params):
            receiver = running.receiver
        else:
            receiver = await self._open(check, params)
        counts = receiver.intake.take_counts()
        figures["messages"], figures["dropped"] = counts.messages, counts.dropped
        figures["malformed"] = counts.malformed
        await receiver.tell_notes()
        return Result(Status.UP, "", figures)

    async def _open(self, check: Check, params: Params) -> Receiver:
        if (before := self._running.pop(check.id, None)) is not None:
            before.receiver.close()
        if params.protocol == "syslog" and (params.users or params.communities):
            raise BadParameter("users and communities are of traps only")
        port = params.port or PORTS[params.protocol]
        address = (
            check.target
            if check.target == ANY
            else str((await resolve(check.target, port, None, service=False))[0])
        )
        trusted = {"communities": params.communities, "users": params.users}
        ears = Ears(params.protocol, address, port, params.tcp, trusted)
        intake = Intake(Limits(params.messages_per_s, params.events_per_minute))
        receiver = Receiver(ears, intake, self._tell, self._clock, self._desk)
        try:
            await receiver.open()
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, str(error))
            raise Failed(f"cannot listen|{port} {why}", Status.UNKNOWN) from error
        if self._kept is not None and check.id not in self._kept:
            receiver.close()  # it left the plan while it was opened
        else:
            self._running[check.id] = _Running(check.target, params, receiver)
        return receiver
