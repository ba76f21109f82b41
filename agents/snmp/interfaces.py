"""A device's interfaces: what they are, and from two readings of their counters how busy they were. Pure.

Source: IF-MIB (RFC 2863). 64-bit counters where there are; 32-bit ones with one wrap between two readings. A reading that
cannot follow from the one before (device restarted, counters set anew, a counter that ran backwards, more than the
interface can carry) gives no figure: a gap is honest, a spike is not.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.snmp.facts import Oid, Value, text

_ENTRY, _X_ENTRY = (1, 3, 6, 1, 2, 1, 2, 2, 1), (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
DESCRIPTION, TYPE, SPEED, MAC, ADMIN, OPER = ((*_ENTRY, i) for i in (2, 3, 5, 6, 7, 8))
IN, IN_DISCARDS, IN_ERRORS, OUT, OUT_DISCARDS, OUT_ERRORS = ((*_ENTRY, i) for i in (10, 13, 14, 16, 19, 20))
NAME, WIDE_IN, WIDE_OUT, HIGH_SPEED, ALIAS, DISCONTINUITY = ((*_X_ENTRY, i) for i in (1, 6, 10, 15, 18, 19))
WHAT = (DESCRIPTION, TYPE, MAC, ADMIN, NAME, ALIAS)
COUNTERS = (
    OPER,
    SPEED,
    HIGH_SPEED,
    DISCONTINUITY,
    WIDE_IN,
    WIDE_OUT,
    IN,
    OUT,
    IN_ERRORS,
    OUT_ERRORS,
    IN_DISCARDS,
    OUT_DISCARDS,
)
NARROW = (IN, OUT)
"""Not needed of a device that has 64-bit counters for all its interfaces."""
WATCHED = 64
"""Interfaces of a device that figures are kept of: real ports first."""
_KINDS = {
    6: "ethernet",
    23: "ppp",
    24: "loopback",
    53: "virtual",
    71: "wireless",
    117: "ethernet",
    131: "tunnel",
    135: "vlan",
    136: "vlan",
    161: "bond",
    209: "bridge",
    237: "dsl",
    244: "cellular",
    250: "gpon",
}
"""By IANAifType."""
_PORTS = ("ethernet", "ppp", "wireless", "bond", "dsl", "cellular", "gpon")
_SPARE = 1.1
"""How far past an interface's speed a rate may be: readings are not taken at exact times."""
_NAME_LENGTH = 40

Table = Mapping[Oid, Mapping[Oid, Value]]
"""Values of each column by the rest of their object's id: for an interface, its index alone."""


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is its own in the device. `enabled` is False where people have shut it."""

    index: int
    name: str
    kind: str
    description: str = ""
    alias: str = ""
    mac: str = ""
    enabled: bool | None = None


class Reading(msgspec.Struct, frozen=True):
    """An interface at one time: octets and packets since its counters began. None: the device does not say."""

    up: bool | None
    speed: float | None
    """Bits a second; None too where the device says 0."""
    wide: bool
    """The octets are of 64 bits."""
    octets_in: int | None
    octets_out: int | None
    errors: int | None
    discards: int | None
    discontinuity: int | None


def interfaces(found: Table) -> list[Interface]:
    """In order of their index. Names that come twice are told apart by the index."""
    numbers = sorted({index[0] for column in found.values() for index in column if len(index) == 1})
    rough = []
    for number in numbers:
        name, description = (text(_at(found, column, number)) for column in (NAME, DESCRIPTION))
        rough.append((number, (name or description)[:_NAME_LENGTH] or str(number), description))
    often = {name: [each[1] for each in rough].count(name) for name in {each[1] for each in rough}}
    return [
        Interface(
            index=number,
            name=name if often[name] == 1 else f"{name[: _NAME_LENGTH - 8]} {number}",
            kind=_kind(_at(found, TYPE, number)),
            description=description if description != name else "",
            alias=text(_at(found, ALIAS, number)),
            mac=_mac(_at(found, MAC, number)),
            enabled={1: True, 2: False}.get(status)
            if isinstance(status := _at(found, ADMIN, number), int)
            else None,
        )
        for number, name, description in rough
    ]


def watched(known: Sequence[Interface]) -> list[Interface]:
    """Those whose figures are kept: not what loops back, nor what people have shut; ports before what is made of them."""
    worth = [each for each in known if each.kind != "loopback" and each.enabled is not False]
    return sorted(worth, key=lambda each: (each.kind not in _PORTS, each.index))[:WATCHED]


def readings(found: Table) -> dict[int, Reading]:
    """By index."""
    return {index[0]: _reading(found, index[0]) for index in found.get(OPER, {}) if len(index) == 1}


def figures(name: str, before: Reading | None, now: Reading, seconds: float) -> dict[str, float]:
    """The figures of interface `name`, as `figure#name`. `before`: what was read `seconds` ago; None where the device was
    restarted since."""
    found: dict[str, float] = {}
    if now.up is not None:
        found["interface_up"] = float(now.up)
    if (
        before is not None
        and seconds > 0
        and before.discontinuity == now.discontinuity
        and before.wide == now.wide
    ):
        most = now.speed / 8 * _SPARE if now.speed else None
        both = [
            _rate(before.octets_in, now.octets_in, seconds, now.wide, most),
            _rate(before.octets_out, now.octets_out, seconds, now.wide, most),
        ]
        for figure, octets in zip(("in_bits_per_second", "out_bits_per_second"), both, strict=True):
            if octets is not None:
                found[figure] = octets * 8
        known = [octets for octets in both if octets is not None]
        if known and now.speed:
            found["utilisation_ratio"] = min(1.0, max(known) * 8 / now.speed)
        # In packets: no interface has more of them than a tenth of its bits.
        fewer = now.speed / 10 if now.speed else None
        for figure, old, new in (
            ("errors_per_second", before.errors, now.errors),
            ("discards_per_second", before.discards, now.discards),
        ):
            if (packets := _rate(old, new, seconds, False, fewer)) is not None:
                found[figure] = packets
    return {f"{figure}#{name}": value for figure, value in found.items()}


def _rate(
    before: int | None, now: int | None, seconds: float, wide: bool, most: float | None
) -> float | None:
    """A second's share of what a counter grew by; None where it cannot have grown so."""
    if before is None or now is None:
        return None
    grown = now - before
    if grown < 0:
        # What wraps is told from what was set anew by what the interface can carry.
        if wide or most is None or max(before, now) >= 1 << 32:
            return None
        grown += 1 << 32
    rate = grown / seconds
    return None if most is not None and rate > most else rate


def _reading(found: Table, number: int) -> Reading:
    fast, slow = _count(found, HIGH_SPEED, number), _count(found, SPEED, number)
    wide = _count(found, WIDE_IN, number) is not None
    status = _at(found, OPER, number)
    return Reading(
        up=status == 1 if isinstance(status, int) and 1 <= status <= 7 and status != 4 else None,
        speed=float(fast * 1_000_000) if fast else float(slow) if slow and slow < (1 << 32) - 1 else None,
        wide=wide,
        octets_in=_count(found, WIDE_IN if wide else IN, number),
        octets_out=_count(found, WIDE_OUT if wide else OUT, number),
        errors=_sum(_count(found, IN_ERRORS, number), _count(found, OUT_ERRORS, number)),
        discards=_sum(_count(found, IN_DISCARDS, number), _count(found, OUT_DISCARDS, number)),
        discontinuity=_count(found, DISCONTINUITY, number),
    )


def _at(found: Table, column: Oid, number: int) -> Value:
    return found.get(column, {}).get((number,))


def _count(found: Table, column: Oid, number: int) -> int | None:
    value = _at(found, column, number)
    return value if isinstance(value, int) and 0 <= value < 1 << 64 else None


def _sum(one: int | None, other: int | None) -> int | None:
    return (one or 0) + (other or 0) if one is not None or other is not None else None


def _kind(value: Value) -> str:
    return _KINDS.get(value, "other") if isinstance(value, int) else "other"


def _mac(value: Value) -> str:
    return value.hex(":") if isinstance(value, bytes) and len(value) == 6 and any(value) else ""
