"""The virtual fleet of a centre: who stands where, with which credentials, and what happens to them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import msgspec

from collector.agents import Agents
from core import wire
from core.clock import Clock
from inventory.registry import PROVINCE, Registry, Unit
from inventory.state import State
from lab.fleet import Credential
from lab.scenario import Scenario, by_unit
from lab.virtual import VirtualAgent

AT_ONCE = 16
"""Enrolments under way at a time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in which a virtual agent shall stand, with the token to join by."""

    unit: str
    token: str


def places(state: State, clock: Clock, *, count: int, without: Sequence[str], taken: int) -> list[Place]:
    """Join tokens for virtual agents `taken + 1` to `count`, dealt out over all units but `without`.

    The province's own unit has the centre's agent.
    """
    left_out = {PROVINCE, *without}
    units = [unit.code for unit in Registry(state).units(clock.now()) if unit.code not in left_out]
    agents = Agents(state, clock)
    return [
        Place(code, agents.create_token(code))
        for code in (units[number % len(units)] for number in range(taken, count))
    ]


async def enrol(url: str, new: Sequence[Place], *, ca: str | None = None) -> list[Credential]:
    """Join them all over the real protocol."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx2.AsyncClient(base_url=url, verify=ca or True, timeout=30) as http:

        async def one(number: int, place: Place) -> Credential:
            secret = f"virtual-{place.token[-16:]}-{number:06d}-of-the-lab"
            body = wire.encode(wire.Enrol(place.token, secret, f"may-ao-{place.unit}", "virtual"))
            async with gate:
                answer = await http.post("/api/v1/agent/enrol", content=body)
            answer.raise_for_status()
            enrolled = msgspec.json.decode(answer.content, type=wire.Enrolled)
            return Credential(place.unit, enrolled.agent, secret)

        return await asyncio.gather(*(one(number, place) for number, place in enumerate(new)))


def load_credentials(path: Path) -> list[Credential]:
    """One JSON object a line; none when the file is not there."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Credential) for line in path.read_bytes().splitlines() if line]


def save_credentials(path: Path, credentials: Sequence[Credential]) -> None:
    path.touch(mode=0o600)
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in credentials))


def virtual_agents(
    credentials: Sequence[Credential], units: Sequence[Unit], scenario: Scenario, now: int
) -> list[tuple[VirtualAgent, Credential]]:
    """The agents with the events of their units; their epoch is named by the time of their start."""
    parents: Mapping[str, str | None] = {unit.code: unit.parent for unit in units}
    levels = {unit.code: str(unit.level) for unit in units}
    events = by_unit(scenario, [one.unit for one in credentials], parents, levels)
    return [(VirtualAgent(one.agent, one.unit, f"v{now}", now, events[one.unit]), one) for one in credentials]
