"""SNMP: whether a device answers, since when it runs, and whether its power comes from a battery."""

from typing import Annotated, Any, Literal

import msgspec

from agents.probes.outcome import Failed, looks, parameters
from agents.probes.reach import Family, resolve
from agents.snmp.desk import desk
from core.values import Check, Result, Status

FIGURES = ("uptime_seconds", "ups_on_battery", "ups_charge_ratio", "ups_minutes_left")
RESTARTED_S = 300
"""A device that runs for less was restarted: long enough for a check each minute to see it."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=10)]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal["2c", "3"] = "2c"
    community: str = "public"
    user: str = ""
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] | None = None
    auth_key: str = ""
    priv: Literal["des", "aes", "aes192", "aes256"] | None = None
    priv_key: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 161
    timeout_s: Seconds = 1.0
    retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 2
    family: Family | None = None


@looks
async def run(check: Check, figures: dict[str, float]) -> Result:
    params = parameters(check, Params)
    address = await resolve(check.target, params.port, params.family)
    target = {k: v for k, v in msgspec.structs.asdict(params).items() if k != "family"} | {"host": address[0]}
    said = await desk().ask(target)
    if said["reason"]:
        status = Status.UNKNOWN if said["reason"].startswith("bad parameter") else Status.DOWN
        raise Failed(said["reason"], status)
    uptime = said["system"]["uptime_s"]
    if uptime is not None:
        figures["uptime_seconds"] = uptime
    power: dict[str, Any] | None = said["ups"]
    if power is not None:
        figures["ups_on_battery"] = float(power["on_battery"])
        if power["charge"] is not None:
            figures["ups_charge_ratio"] = power["charge"]
        left = power["minutes_left"]
        if left is not None:
            figures["ups_minutes_left"] = left
        if power["on_battery"]:
            return Result(Status.DEGRADED, f"on battery|{'' if left is None else f'{left:.0f}'}", figures)
    if uptime is not None and uptime < RESTARTED_S:
        return Result(Status.UP, f"restarted|{uptime:.0f} s", figures)
    return Result(Status.UP, "", figures)
