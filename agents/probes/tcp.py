"""TCP connect: does the port accept, and how long does that take."""

import time

import msgspec

from agents.probes.outcome import looks, parameters
from agents.probes.reach import Family, connected, host_port, resolve
from core.values import Check, Result, Status

FIGURES = ("connect_seconds",)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    family: Family | None = None


@looks
async def run(check: Check, figures: dict[str, float]) -> Result:
    params = parameters(check, Params)
    host, port = host_port(check.target)
    address = await resolve(host, port, params.family)
    began = time.perf_counter()
    async with connected(address):
        figures["connect_seconds"] = time.perf_counter() - began
    return Result(Status.UP, "", figures)
