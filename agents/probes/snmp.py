"""SNMP: whether a device answers, what it is, since when it runs, how busy it is, and whether it runs on its battery."""

from typing import Annotated, Any, Literal

import msgspec

from agents.probes.outcome import Failed, looks, parameters
from agents.probes.reach import Family, resolve
from agents.snmp.desk import desk
from core.values import Check, Result, Status

FIGURES = (
    "uptime_seconds",
    "ups_on_battery",
    "ups_charge_ratio",
    "ups_minutes_left",
    "ups_load_ratio",
    "cpu_ratio",
    "memory_used_ratio",
    "disk_used_ratio",
    "temperature_celsius",
    "supply_volts",
    "supply_left_ratio",
    "pages_printed",
    "interface_up",
    "in_bits_per_second",
    "out_bits_per_second",
    "utilisation_ratio",
    "errors_per_second",
    "discards_per_second",
)
RESTARTED_S = 300
"""A device that runs for less was restarted: long enough for a check each minute to see it."""
_SPARE_S = 0.5
"""Of the check's time, for the answer to come back in."""
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
    said = await desk().ask(target, max(_SPARE_S, check.timeout_ms / 1000 - _SPARE_S))
    if said["reason"]:
        status = Status.UNKNOWN if said["reason"].startswith("bad parameter") else Status.DOWN
        raise Failed(said["reason"], status)
    figures.update(said["figures"])
    documents = tuple(
        (kind, {"address": check.target, **body})
        for kind in ("device", "bridge")
        if (body := said[kind]) is not None
    )
    uptime = said["system"]["uptime_s"]
    if uptime is not None:
        figures["uptime_seconds"] = uptime
    status, reason = Status.UP, f"odd answer|{said['note'].replace('|', ' ')}" if said["note"] else ""
    if uptime is not None and uptime < RESTARTED_S:
        reason = f"restarted|{uptime:.0f} s"
    power: dict[str, Any] | None = said["ups"]
    if power is not None:
        figures["ups_on_battery"] = float(power["on_battery"])
        if power["charge"] is not None:
            figures["ups_charge_ratio"] = power["charge"]
        left = power["minutes_left"]
        if left is not None:
            figures["ups_minutes_left"] = left
        if power["on_battery"]:
            status, reason = Status.DEGRADED, f"on battery|{'' if left is None else f'{left:.0f}'}"
    return Result(status, reason, figures, documents)
