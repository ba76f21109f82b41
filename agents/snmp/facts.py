"""What a device says, as plain values: pure, from varbinds to facts.

Sources: SNMPv2-MIB (RFC 3418), UPS-MIB (RFC 1628), PowerNet-MIB (APC), XUPS-MIB (Eaton).
"""

from collections.abc import Mapping

import msgspec

Oid = tuple[int, ...]
Value = int | bytes | Oid | None
"""None: the device has no such object, or its value is of another type than it should be."""

_MIB2, _ENTERPRISES = (1, 3, 6, 1, 2, 1), (1, 3, 6, 1, 4, 1)
DESCRIPTION, OBJECT_ID, UPTIME, CONTACT, NAME, LOCATION = ((*_MIB2, 1, i, 0) for i in range(1, 7))
SYSTEM = (DESCRIPTION, OBJECT_ID, UPTIME, CONTACT, NAME, LOCATION)

UPS_SOURCE, UPS_MINUTES, UPS_CHARGE = (
    (*_MIB2, 33, 1, 4, 1, 0),
    (*_MIB2, 33, 1, 2, 3, 0),
    (*_MIB2, 33, 1, 2, 4, 0),
)
APC_STATUS, APC_TICKS, APC_CHARGE = (
    (*_ENTERPRISES, 318, 1, 1, 1, 4, 1, 1, 0),
    (*_ENTERPRISES, 318, 1, 1, 1, 2, 2, 3, 0),
    (*_ENTERPRISES, 318, 1, 1, 1, 2, 2, 1, 0),
)
EATON_SOURCE, EATON_SECONDS, EATON_CHARGE = (
    (*_ENTERPRISES, 534, 1, 4, 5, 0),
    (*_ENTERPRISES, 534, 1, 2, 1, 0),
    (*_ENTERPRISES, 534, 1, 2, 4, 0),
)
UPS = (
    UPS_SOURCE,
    UPS_MINUTES,
    UPS_CHARGE,
    APC_STATUS,
    APC_TICKS,
    APC_CHARGE,
    EATON_SOURCE,
    EATON_SECONDS,
    EATON_CHARGE,
)
_BATTERY = {UPS_SOURCE: 5, APC_STATUS: 3, EATON_SOURCE: 5}
"""Where a UPS tells what feeds its output, and the value that means its battery."""
LONGEST = 255
"""Characters kept of a text: what DisplayString allows."""


class System(msgspec.Struct, frozen=True):
    """The system group; texts are empty and the uptime None where the device does not say."""

    description: str = ""
    object_id: str = ""
    uptime_s: float | None = None
    contact: str = ""
    name: str = ""
    location: str = ""


class Ups(msgspec.Struct, frozen=True):
    """What a UPS says of its power; None where it does not."""

    on_battery: bool
    minutes_left: float | None = None
    charge: float | None = None
    """0 to 1."""


def text(value: Value) -> str:
    """An octet string for people: UTF-8 as Vietnamese names are written, or Latin-1 from older devices; without control
    characters."""
    if not isinstance(value, bytes):
        return ""
    try:
        plain = value.decode()
    except UnicodeDecodeError:
        plain = value.decode("latin-1")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())[:LONGEST]


def system(values: Mapping[Oid, Value]) -> System:
    object_id, ticks = values.get(OBJECT_ID), values.get(UPTIME)
    return System(
        description=text(values.get(DESCRIPTION)),
        object_id=".".join(map(str, object_id)) if isinstance(object_id, tuple) else "",
        uptime_s=ticks / 100 if isinstance(ticks, int) and 0 <= ticks < 1 << 32 else None,
        contact=text(values.get(CONTACT)),
        name=text(values.get(NAME)),
        location=text(values.get(LOCATION)),
    )


def ups(values: Mapping[Oid, Value]) -> Ups | None:
    """The UPS that these values tell of, in the words of whichever of the three MIBs it speaks; None: it is none."""
    sources = {oid: values.get(oid) for oid in _BATTERY}
    told = {oid: source for oid, source in sources.items() if isinstance(source, int)}
    if not told:
        return None
    minutes = _first(
        _scaled(values.get(UPS_MINUTES), 1),
        _scaled(values.get(APC_TICKS), 6_000),
        _scaled(values.get(EATON_SECONDS), 60),
    )
    charge = _first(*(_scaled(values.get(oid), 100) for oid in (UPS_CHARGE, APC_CHARGE, EATON_CHARGE)))
    return Ups(
        on_battery=any(source == _BATTERY[oid] for oid, source in told.items()),
        minutes_left=minutes,
        charge=charge if charge is None or charge <= 1 else None,
    )


def _scaled(value: Value, divisor: int) -> float | None:
    return value / divisor if isinstance(value, int) and 0 <= value < 1 << 31 else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
