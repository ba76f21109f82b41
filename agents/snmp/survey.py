"""Looking at one device after another: each time what moves, once in a while what it is.

A survey asks for all that a device tells of itself and becomes a document; it is made at first sight, after a restart, and
each SURVEY_S. Between surveys only counters, loads and levels that the survey found are asked for. What a part of a survey
did not bring (silence, nonsense, no time) stays as the survey before had it, and the answer has a note.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agents.snmp import bridge, facts, families, hardware, interfaces
from agents.snmp.client import Client, NoAnswer, Target
from agents.snmp.facts import Oid, Value
from agents.snmp.families import Family, Figure, Hints, oid
from agents.snmp.interfaces import Interface, Reading, Table
from agents.snmp.walk import MOST_ROWS

SURVEY_S = 6 * 3_600.0
AGAIN_S = 600.0
"""After a survey that the device had no time for; what it brought is there until then."""
DEVICES = 256
"""Whose state is kept."""
_SERVICES, _FORWARDS, _BRIDGE_PORTS = (
    (1, 3, 6, 1, 2, 1, 1, 7, 0),
    (1, 3, 6, 1, 2, 1, 4, 1, 0),
    (1, 3, 6, 1, 2, 1, 17, 1, 2, 0),
)
_UPS_MAKER, _UPS_MODEL, _UPS_VERSION = ((1, 3, 6, 1, 2, 1, 33, 1, 1, i, 0) for i in (1, 2, 3))
_PERCENT = re.compile(r"\s*(\d{1,9})")


class Answer(msgspec.Struct, frozen=True):
    """`reason` is empty when the device answered."""

    reason: str = ""
    note: str = ""
    """What was odd about its answers, as a reason; empty when nothing was."""
    system: facts.System | None = None
    ups: facts.Ups | None = None
    figures: dict[str, float] = {}
    device: dict[str, Any] | None = None
    """What it is; None when it was not surveyed this time."""
    bridge: dict[str, Any] | None = None
    """Who is behind its ports and who has which address; None when it was not asked this time, or does not tell."""


@dataclass(slots=True)
class _Known:
    """Of a device, from the looks before."""

    surveyed_at: float
    uptime_s: float | None
    family: Family | None
    parts: dict[str, Any] = field(default_factory=dict)
    """What each part of a survey brought."""
    read_at: float = 0.0
    readings: dict[int, Reading] = field(default_factory=dict)


class Surveyor:
    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._known: OrderedDict[Target, _Known] = OrderedDict()

    async def look(self, target: Target, within_s: float) -> Answer:
        """What the device says now. What takes longer than `within_s` is left out, with a note."""
        look = _Look(self._client, target, self._clock)
        try:
            async with asyncio.timeout(within_s):
                await look.whole(self._known.get(target))
        except NoAnswer as error:
            return Answer(error.reason)
        except TimeoutError:
            if look.system is None:
                return Answer("timeout")
            look.note = look.note or "took too long"
            look.interrupt()
        if look.known is not None:
            self._known[target] = look.known
            self._known.move_to_end(target)
            while len(self._known) > DEVICES:
                self._known.popitem(last=False)
        return Answer("", look.note, look.system, look.ups, look.figures, look.device, look.bridge)


class _Look:
    """One look at one device; the attributes fill up as it goes."""

    def __init__(self, client: Client, target: Target, clock: Callable[[], float]) -> None:
        self._client, self._target, self._clock = client, target, clock
        self.note = ""
        self.system: facts.System | None = None
        self.ups: facts.Ups | None = None
        self.figures: dict[str, float] = {}
        self.device: dict[str, Any] | None = None
        self.bridge: dict[str, Any] | None = None
        self.known: _Known | None = None
        self._services = 0
        self._surveying = False

    def interrupt(self) -> None:
        """There is no more time: a survey that is not whole is told as far as it came, and made again soon."""
        if self._surveying and self.known is not None and self.system is not None:
            self.known.surveyed_at += AGAIN_S - SURVEY_S
            self.device = _document(self.system, self.known, self._services)

    async def whole(self, before: _Known | None) -> None:
        values = await self._client.get(self._target, (*facts.SYSTEM, _SERVICES))
        system = self.system = facts.system(values)
        at = self._clock()
        restarted = before is not None and _less(system.uptime_s, before.uptime_s)
        fresh = before is None or restarted or at - before.surveyed_at >= SURVEY_S
        parts = dict(before.parts) if before is not None else {}
        if fresh:
            family = families.family_of(system) or await self._by_signs()
            known = _Known(at, system.uptime_s, family, parts)
        else:
            assert before is not None  # noqa: S101 - for the type checker: it is not fresh
            known = _Known(before.surveyed_at, system.uptime_s, before.family, parts)
        if before is not None and not restarted:
            known.read_at, known.readings = before.read_at, before.readings
        self.known = known
        if fresh or parts.get("ups"):
            await self._power(parts)
        if fresh:
            self._surveying, self._services = True, _number(values.get(_SERVICES))
            await self._survey(known)
            self.device = _document(system, known, self._services)
        if parts.get("interfaces"):
            await self._count(known)
        if parts.get("load"):
            self.figures |= hardware.load(await self._table((*hardware.STORAGE, hardware.PROCESSOR_LOAD)))
        if parts.get("supplies"):
            table = await self._table((*hardware.SUPPLIES, hardware.PRINTED))
            self.figures |= hardware.printer(table)[1]
        if known.family is not None and parts.get("figures"):
            for name in parts["figures"]:
                await self._figure(name, known.family.figures[name])
        if fresh:
            self.bridge = await self._tables(parts)
        self._surveying = False

    async def _power(self, parts: dict[str, Any]) -> None:
        # A question of its own: a device that knows nothing of a UPS may refuse all of one that asks for both.
        values = await self._get((*facts.UPS, _UPS_MAKER, _UPS_MODEL, _UPS_VERSION))
        self.ups = facts.ups(values)
        if self.ups is not None:
            said = {
                "vendor": facts.text(values.get(_UPS_MAKER)),
                "model": facts.text(values.get(_UPS_MODEL)),
                "version": facts.text(values.get(_UPS_VERSION)),
            }
            parts["ups"] = said

    async def _survey(self, known: _Known) -> None:
        parts, family = known.parts, known.family
        hints = await self._get((_FORWARDS, _BRIDGE_PORTS))
        parts["forwards"] = hints.get(_FORWARDS) == 1
        parts["bridge_ports"] = _number(hints.get(_BRIDGE_PORTS))
        await self._part(parts, "interfaces", interfaces.WHAT, interfaces.interfaces)
        await self._part(parts, "storage", (*hardware.STORAGE, hardware.PROCESSOR_LOAD), hardware.storage)
        if parts.get("storage") is not None:
            parts["load"] = True
        await self._part(parts, "chassis", hardware.ENTITY, hardware.chassis)
        await self._part(
            parts,
            "supplies",
            (*hardware.SUPPLIES, hardware.PRINTER_SERIAL),
            lambda found: hardware.printer(found)[0],
        )
        if parts.get("supplies"):
            await self._part(
                parts,
                "printer_serial",
                (hardware.PRINTER_SERIAL,),
                lambda found: hardware.first(_values(found)),
            )
            columns = (hardware.DEVICE_TYPE, hardware.DEVICE_NAME)
            await self._part(parts, "printer_name", columns, hardware.printer_name)
        own = await self._table(hardware.OWN_PORTS)
        if any(own.values()):
            await self._part(
                parts, "neighbours", hardware.NEIGHBOURS, lambda found: hardware.neighbours(found, own)
            )
        if family is None:
            return
        said = {}
        for word, dotted in family.facts.items():
            if text := hardware.first(_values(await self._table((oid(dotted),), 8))):
                said[word] = text
        parts["facts"] = said or parts.get("facts", {})
        parts["figures"] = [
            name for name, figure in family.figures.items() if await self._figure(name, figure)
        ]

    async def _tables(self, parts: dict[str, Any]) -> dict[str, Any] | None:
        """Who is behind the ports of a switch, and the addresses that a router knows; of others nothing is asked."""
        ports: dict[str, list[str]] = {}
        if parts["bridge_ports"]:
            found = await self._as_far(bridge.BY_VLAN)
            if not found[bridge.VLAN_PORT]:
                found = await self._as_far(bridge.PLAIN)
            if any(found.values()):
                numbers = await self._as_far((bridge.PORT_INTERFACE,))
                ports = bridge.behind(found, numbers, parts.get("interfaces") or ())
        arp = bridge.addresses(await self._as_far(bridge.ARP)) if parts["forwards"] else []
        assert self.system is not None  # noqa: S101 - for the type checker: it answered
        return bridge.document(self.system.name, ports, arp)

    async def _as_far(self, columns: Sequence[Oid]) -> Table:
        """What came of tables that may be as long as they like, and that switches tell in any order (ZTE, BDCOM)."""
        try:
            walk = await self._client.walk(self._target, columns, most_rows=bridge.MOST, ordered=False)
            return walk.found
        except NoAnswer:
            return {column: {} for column in columns}

    async def _by_signs(self) -> Family | None:
        """The family of a device that does not say who it is."""
        system = self.system
        if system is None or system.object_id or system.description:
            return None
        signs = {oid(sign): family for family in families.families() for sign in family.signs}
        values = await self._get(tuple(signs))
        return next((family for sign, family in signs.items() if values.get(sign) is not None), None)

    async def _count(self, known: _Known) -> None:
        wide = bool(known.readings) and all(reading.wide for reading in known.readings.values())
        found = await self._table(
            [column for column in interfaces.COUNTERS if not (wide and column in interfaces.NARROW)]
        )
        at, now = self._clock(), interfaces.readings(found)
        if not now:
            return
        for each in interfaces.watched(known.parts["interfaces"]):
            if (reading := now.get(each.index)) is not None:
                before = known.readings.get(each.index)
                self.figures |= interfaces.figures(each.name, before, reading, at - known.read_at)
        known.read_at, known.readings = at, now

    async def _figure(self, name: str, figure: Figure) -> bool:
        """Take a figure of the family; whether the device has it."""
        columns = (oid(figure.column), *([oid(figure.free)] if figure.free else ()))
        found = await self._table(columns)
        rows = [
            (_quantity(value), _quantity(found[columns[-1]].get(index)))
            for index, value in found[columns[0]].items()
        ]
        if figure.free:
            known = [used / (used + free) for used, free in rows if used is not None and free and used >= 0]
        else:
            known = [
                value * figure.scale for value, _ in rows if value is not None and 0 <= value <= figure.most
            ]
        if known:
            self.figures[name] = max(known)
        return bool(known)

    async def _part(
        self, parts: dict[str, Any], name: str, columns: Sequence[Oid], made: Callable[[Table], Any]
    ) -> None:
        """Have a part of the survey, unless the device is silent on it: then what was there before stays."""
        try:
            found = await self._walked(columns, MOST_ROWS)
        except NoAnswer as error:
            self.note = self.note or error.reason
        else:
            parts[name] = made(found) if any(found.values()) else None

    async def _table(self, columns: Sequence[Oid], most_rows: int = MOST_ROWS) -> Table:
        try:
            return await self._walked(columns, most_rows)
        except NoAnswer as error:
            self.note = self.note or error.reason
            return {column: {} for column in columns}

    async def _walked(self, columns: Sequence[Oid], most_rows: int) -> Table:
        walk = await self._client.walk(self._target, columns, most_rows=most_rows)
        self.note = self.note or walk.note
        return walk.found

    async def _get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        try:
            return await self._client.get(self._target, oids)
        except NoAnswer:
            return {}  # refused for an object that it has not: it says nothing of any


def _document(system: facts.System, known: _Known, services: int) -> dict[str, Any]:
    parts = known.parts
    ports: list[Interface] = parts.get("interfaces") or []
    hints = Hints(
        ups=bool(parts.get("ups")),
        printer=bool(parts.get("supplies")),
        forwards=bool(parts.get("forwards")),
        bridge_ports=parts.get("bridge_ports", 0),
        services=services,
        host=bool(parts.get("storage")),
        interfaces=len([each for each in ports if each.kind != "loopback"]),
    )
    identity = families.identify(system, known.family, hints)
    said, chassis, ups = (parts.get(name) or {} for name in ("facts", "chassis", "ups"))
    body: dict[str, Any] = {
        "name": system.name,
        "kind": identity.kind,
        "vendor": identity.vendor or chassis.get("vendor") or ups.get("vendor", ""),
        "model": _first(
            said.get("model"),
            chassis.get("model"),
            identity.model,
            parts.get("printer_name"),
            ups.get("model"),
        ),
        "serial": _first(said.get("serial"), chassis.get("serial"), parts.get("printer_serial")),
        "version": _first(said.get("version"), identity.version, chassis.get("version"), ups.get("version")),
        "description": system.description,
        "object_id": system.object_id,
        "contact": system.contact,
        "location": system.location,
        "interfaces": msgspec.to_builtins(ports),
        "storage": parts.get("storage"),
        "neighbours": parts.get("neighbours"),
        "supplies": parts.get("supplies"),
    }
    return {word: value for word, value in body.items() if value}


def _first(*values: str | None) -> str:
    return next((value for value in values if value), "")


def _values(found: Table) -> Iterable[Value]:
    return (value for column in found.values() for value in column.values())


def _less(now: float | None, before: float | None) -> bool:
    return now is not None and before is not None and now < before


def _number(value: Value) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else 0


def _quantity(value: Value) -> float | None:
    """A number, or the one that a text begins with ("52 PERCENT")."""
    if isinstance(value, int):
        return float(value)
    found = _PERCENT.match(facts.text(value)) if isinstance(value, bytes) else None
    return float(found.group(1)) if found else None
