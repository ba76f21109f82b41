"""Throughput between agent and centre: first down, then up, never both at once; compared with what is contracted.

By plan it runs at night only, once in its interval. A person may have it run at any time.
"""

from typing import Annotated, Protocol

import msgspec

from agents.probes.outcome import BadParameter, Failed, looks, parameters
from agents.schedule import phase
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.values import Check, Result, Status
from core.wire import Received

FIGURES = ("down_bits_per_second", "up_bits_per_second")
_HOUR_MS = 3_600_000
_DAY_HOURS = 24
_LONGEST_WAIT_S = 60.0


class Line(Protocol):
    """What the probe needs of the way to the centre (`agents.bulk.Bulk`)."""

    async def down(self, size: int, seconds: float) -> Received: ...

    async def up(self, size: int, seconds: float) -> Received: ...


class Night(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When in the day what loads a line or a device runs: from an hour to another, by the clock of the place."""

    from_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 1
    to_hour: Annotated[int, msgspec.Meta(ge=1, le=24)] = 4
    utc_offset_hours: Annotated[float, msgspec.Meta(ge=-12, le=14)] = 7

    @property
    def opens_ms(self) -> int:
        """When in the day, UTC, the window opens."""
        return int((self.from_hour - self.utc_offset_hours) % _DAY_HOURS * _HOUR_MS)

    @property
    def open_ms(self) -> int:
        """For how long: through midnight if it ends before it begins."""
        hours = (self.to_hour - self.from_hour) % _DAY_HOURS
        return (hours or _DAY_HOURS) * _HOUR_MS

    def place(self, check: int) -> int:
        """Where in the day a check is due, in ms: within the window, spread by its id."""
        return (self.opens_ms + phase(check, self.open_ms)) % (_DAY_HOURS * _HOUR_MS)


class Params(Night, frozen=True, forbid_unknown_fields=True):
    bytes: Annotated[int, msgspec.Meta(ge=1 << 16, le=64 << 20)] = 8 << 20
    seconds: Annotated[float, msgspec.Meta(ge=0.5, le=10)] = 8
    contract_down_kbps: Annotated[float, msgspec.Meta(gt=0)] | None = None
    contract_up_kbps: Annotated[float, msgspec.Meta(gt=0)] | None = None
    least_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.8


class Throughput:
    """`line` leads to the centre; without one nothing can be measured. `clock` tells the time of day."""

    def __init__(self, line: Line | None, clock: Clock) -> None:
        self._line, self._clock = line, clock
        self.run = looks(self._look)

    def place(self, check: Check) -> int:
        """Where in the day it is due."""
        return parameters(check, Params).place(check.id)

    async def _look(self, check: Check, figures: dict[str, float]) -> Result:
        params = parameters(check, Params)
        if self._line is None:
            raise Failed("no centre", Status.UNKNOWN)
        now = self._clock.now()
        if (now - params.opens_ms) % (_DAY_HOURS * _HOUR_MS) >= params.open_ms:
            raise Failed("not now", Status.UNKNOWN)
        if check.timeout_ms < 2_000 * params.seconds:
            raise BadParameter("timeout_ms is less than both ways take")
        until = now + check.timeout_ms - int(2_000 * params.seconds)
        try:
            figures["down_bits_per_second"] = _bits(await self._patiently(self._line.down, params, until))
            figures["up_bits_per_second"] = _bits(await self._patiently(self._line.up, params, until))
        except Unavailable as error:
            raise Failed("centre busy", Status.UNKNOWN) from error
        except Refused as error:
            raise Failed(f"no measurement|{error}", Status.UNKNOWN) from error
        return _judge(params, figures)

    async def _patiently(self, transfer: "Transfer", params: Params, until: int) -> Received:
        """The transfer, tried again while the centre has no room and there is time."""
        while True:
            try:
                return await transfer(params.bytes, params.seconds)
            except Unavailable as error:
                again = self._clock.now() + int(min(error.retry_after_s, _LONGEST_WAIT_S) * 1000)
                if again > until:
                    raise
                await self._clock.sleep_until(again)


class Transfer(Protocol):
    async def __call__(self, size: int, seconds: float) -> Received: ...


def _bits(received: Received) -> float:
    """A rate in bits a second. Raises Failed when too little came to tell."""
    if received.ms <= 0 or received.bytes <= 0:
        raise Failed("too little arrived", Status.UNKNOWN)
    return received.bytes * 8 / received.ms * 1000


def _judge(params: Params, figures: dict[str, float]) -> Result:
    ratios = [
        figures[name] / (contract * 1000)
        for name, contract in zip(FIGURES, (params.contract_down_kbps, params.contract_up_kbps), strict=True)
        if contract is not None
    ]
    if ratios and min(ratios) < params.least_ratio:
        return Result(Status.DEGRADED, f"slow line|{min(ratios):.2f}", figures)
    return Result(Status.UP, "", figures)
