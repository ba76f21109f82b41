"""What a trap means: from its OID and variables to an event's kind and text. Pure.

Sources: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), UPS-MIB (RFC 1628), PowerNet-MIB (APC), XUPS-MIB (Eaton); RFC 3584 for
how a trap of version 1 is named.
"""

from collections.abc import Sequence

from agents.listen.kinds import LONGEST, Notice
from agents.listen.legible import legible
from agents.snmp.facts import Oid, Value
from core.told import LINK_DOWN, LINK_UP, POWER_BACK, POWER_LOST, RESTARTED, TRAP

Varbinds = Sequence[tuple[Oid, Value]]

_MIB2, _ENTERPRISES = (1, 3, 6, 1, 2, 1), (1, 3, 6, 1, 4, 1)
STANDARD = (1, 3, 6, 1, 6, 3, 1, 1, 5)
"""snmpTraps: generic trap `n` of version 1 is `n + 1` below it."""
_STANDARD: dict[int, tuple[str, str]] = {
    1: (RESTARTED, "cold start"),
    2: (RESTARTED, "warm start"),
    3: (LINK_DOWN, "link down"),
    4: (LINK_UP, "link up"),
    5: (TRAP, "somebody asked over SNMP without the right to"),
    6: (TRAP, "EGP neighbour lost"),
}
_IF_INDEX, _IF_DESCR, _IF_ADMIN = ((*_MIB2, 2, 2, 1, i) for i in (1, 2, 7))
_IF_NAME, _IF_ALIAS = ((*_MIB2, 31, 1, 1, 1, i) for i in (1, 18))
_OFF = 2
"""ifAdminStatus down: a person switched it off."""

_UPS, _APC, _EATON = (*_MIB2, 33, 2), (*_ENTERPRISES, 318), (*_ENTERPRISES, 534, 1)
_POWER: dict[Oid, tuple[str, str]] = {
    (*_UPS, 1): (POWER_LOST, "UPS on battery"),
    (*_APC, 5): (POWER_LOST, "UPS on battery"),
    (*_APC, 9): (POWER_BACK, "power restored"),
    (*_EATON, 0, 0, 3): (POWER_LOST, "UPS on battery"),
    (*_EATON, 0, 0, 5): (POWER_BACK, "power restored"),
    (*_EATON, 11, 4, 1, 3): (POWER_LOST, "UPS on battery"),
    (*_EATON, 11, 4, 1, 5): (POWER_BACK, "power restored"),
    (*_EATON, 11, 4, 2, 3): (POWER_LOST, "UPS on battery"),
    (*_EATON, 11, 4, 2, 5): (POWER_BACK, "power restored"),
}
"""Without the zero that stands before the last number of what was a trap of version 1."""
_UPS_ALARMS = {(*_UPS, 3): (POWER_LOST, "UPS on battery"), (*_UPS, 4): (POWER_BACK, "UPS off battery")}
"""upsTrapAlarmEntryAdded and …Removed, which mean this when the alarm is `upsAlarmOnBattery`."""
_ALARM_DESCR, _ON_BATTERY = (*_MIB2, 33, 1, 6, 2, 1, 2), (*_MIB2, 33, 1, 6, 3, 2)


def oid_of_v1(enterprise: Oid, generic: int, specific: int) -> Oid:
    """The OID that a trap of version 1 has in version 2 (RFC 3584, 3.1)."""
    return (*STANDARD, generic + 1) if 0 <= generic < 6 else (*enterprise, 0, specific)


def notice_of(oid: Oid, varbinds: Varbinds) -> Notice:
    """The event in a trap."""
    short = (*oid[:-2], oid[-1]) if len(oid) > 1 and oid[-2] == 0 else oid
    if oid[:-1] == STANDARD and oid[-1] in _STANDARD:
        kind, text = _STANDARD[oid[-1]]
        text = f"{text}: {_interface(varbinds)}" if kind in (LINK_DOWN, LINK_UP) else text
        return Notice(kind, text[:LONGEST])
    meaning = _POWER.get(short)
    if meaning is None and short in _UPS_ALARMS and _has_alarm(varbinds):
        meaning = _UPS_ALARMS[short]
    if meaning is not None:
        kind, text = meaning
        said = _texts(varbinds)
        return Notice(kind, (f"{text}: {said}" if said else text)[:LONGEST])
    said = _texts(varbinds)
    name = ".".join(map(str, oid))
    return Notice(TRAP, (f"{name}: {said}" if said else name)[:LONGEST])


def _has_alarm(varbinds: Varbinds) -> bool:
    return any(oid[: len(_ALARM_DESCR)] == _ALARM_DESCR and value == _ON_BATTERY for oid, value in varbinds)


def _interface(varbinds: Varbinds) -> str:
    """Which interface: its name and what people call it, or its number."""
    found: dict[Oid, Value] = {}
    for oid, value in varbinds:
        for column in (_IF_INDEX, _IF_DESCR, _IF_ADMIN, _IF_NAME, _IF_ALIAS):
            if oid[: len(column)] == column:
                found.setdefault(column, value)
    name = _text(found.get(_IF_NAME)) or _text(found.get(_IF_DESCR))
    if not name:
        index = found.get(_IF_INDEX)
        name = f"interface {index}" if isinstance(index, int) else "an interface"
    alias = _text(found.get(_IF_ALIAS))
    off = ", switched off" if found.get(_IF_ADMIN) == _OFF else ""
    return f"{name} ({alias}){off}" if alias else f"{name}{off}"


def _texts(varbinds: Varbinds) -> str:
    """What the variables say in words."""
    words = (_text(value) for _, value in varbinds)
    return ", ".join(dict.fromkeys(word for word in words if word))


def _text(value: Value) -> str:
    if not isinstance(value, bytes) or sum(sign < 32 or sign == 127 for sign in value.rstrip(b"\0")) > 2:
        return ""  # a number of octets, such as a MAC address, is no text
    return legible(value, 120)
