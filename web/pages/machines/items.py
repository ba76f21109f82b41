"""The machines of a unit in one list, whoever told of them: inventories, the agent itself, devices asked over SNMP, sweeps of the LAN. Pure.

One machine is one item with all that is known of it (`inventory.roster`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inventory.census.facts import Counted, of_kinds
from inventory.census.lists import Listed
from inventory.devices import Device
from inventory.findings.decide import VERDICTS
from inventory.findings.keeper import KeptFinding, KeptMark
from inventory.lan.ports import places
from inventory.lan.reads import Sighting
from inventory.roster import Source, Telling, joined
from web.i18n import mark
from web.pages.hosts import parts

DAY_MS = 86_400_000
NEW_DAYS = 7
FORGOTTEN_DAYS = 14
"""What a sweep heard, and nobody approved, is not listed when it was heard no more for so long."""
_INVENTED = 2
"""The bit of a MAC's first octet that says that no maker gave it: phones invent one for each network."""
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "pc": (mark("PCs"), ("pc",)),
    "laptop": (mark("Laptops"), ("laptop",)),
    "server": (mark("Servers"), ("server",)),
    "printer": (mark("Printers"), ("printer",)),
    "network": (mark("Network devices"), ("router", "switch", "ap")),
    "camera": (mark("Cameras"), ("camera",)),
    "other": (mark("Others"), ("phone", "ups", "other")),
}
"""By which a unit's machines are shown: a title, and the classes in it."""
FILLED = ("name", "vendor", "model", "serial", "system", "memory_mb", "user", "asset")
"""What any source may tell, where the one that tells most does not."""
_URGENT = ("unknown", "returned", "missing", "memory", "disk")


@dataclass(frozen=True, slots=True)
class Item:
    """`subject` is what findings and marks are about: a machine's name or a MAC; empty for what has none. What is not told is empty.

    `sources`: who tell of it, who tells most first; `devices` and `heard`, what was asked and what sweeps heard of it.
    """

    sources: Sequence[Source]
    unit: str
    kind: str
    name: str
    subject: str
    href: str
    first_seen: int | None
    last_seen: int
    user: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    asset: str = ""
    system: str = ""
    memory_mb: int | None = None
    addresses: Sequence[str] = ()
    macs: Sequence[str] = ()
    finding: KeptFinding | None = None
    mark: KeptMark | None = None
    """The verdict that stands: approved, or written off."""
    verified: KeptMark | None = None
    """By whom it was seen on site last."""
    is_new: bool = False
    devices: Sequence[Device] = field(default=(), repr=False)
    heard: Sequence[Sighting] = field(default=(), repr=False)
    configured: int | None = None
    """The device whose configuration is kept, for whoever may see it."""

    @property
    def machine(self) -> str:
        """The machine's name, where inventories tell of it."""
        return self.subject if "inventory" in self.sources else ""

    @property
    def told(self) -> str:
        """What it is called, or can be called for want of a name."""
        return self.name or next(iter(self.addresses), "") or next(iter(self.macs), "") or self.subject


@dataclass(frozen=True, slots=True)
class Shown:
    """`urgent`: what has a finding, or is new and not approved; also in its group. `passing`: phones and others that invent their address, not listed."""

    urgent: Sequence[Item]
    groups: Mapping[str, Sequence[Item]]
    passing: int
    items: Sequence[Item] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of the machines in a unit."""

    unit: str
    listed: Sequence[Listed] = ()
    devices: Sequence[Device] = ()
    sightings: Sequence[Sighting] = ()
    findings: Sequence[KeptFinding] = ()
    marks: Sequence[KeptMark] = ()


def shown(told: Told, now: int) -> Shown:
    """What of it people see, and in which order."""
    # Of one that has several the most urgent shows; its own page has all.
    ordered = sorted(told.findings, key=lambda each: -_URGENT.index(each.kind))
    by_subject = {each.subject: each for each in ordered}
    said = {each.subject: each for each in told.marks if each.says in VERDICTS and not each.kind}
    verified = {each.subject: each for each in told.marks if each.says == "verified"}
    swept = max((each.last_seen for each in told.sightings), default=0)
    found, passing = [], 0
    for item in together(told.listed, told.devices, told.sightings):
        if tuple(item.sources) == ("lan",) and not {*by_subject, *said, *verified}.intersection(item.macs):
            if invented(item.subject):
                passing += 1
                continue
            if swept - item.last_seen > FORGOTTEN_DAYS * DAY_MS:
                continue
        found.append(item)
    began = min((each.first_seen for each in found if each.first_seen is not None), default=now)
    since = max(now - NEW_DAYS * DAY_MS, began + DAY_MS)
    found = [_judged(each, by_subject, said, verified, since) for each in found]
    found.sort(key=lambda item: (item.told.casefold(), item.subject))
    urgent = sorted((each for each in found if each.finding or each.is_new), key=_urgency)
    groups = {key: [each for each in found if each.kind in kinds] for key, (_title, kinds) in GROUPS.items()}
    return Shown(urgent, {key: some for key, some in groups.items() if some}, passing, found)


def invented(mac: str) -> bool:
    """Whether no maker gave it (IEEE 802: locally administered)."""
    return bool(int(mac[1], 16) & _INVENTED)


def together(
    listed: Iterable[Listed | Counted], devices: Iterable[Device], sightings: Iterable[Sighting]
) -> list[Item]:
    """One for each device of a unit, with all that is told of it."""
    items = {("inventory", each.name): item_of(each) for each in listed}
    items |= {("snmp" if each.address else "agent", str(each.id)): item_of_device(each) for each in devices}
    items |= {("lan", each.mac): item_of_sighting(each) for each in sightings}
    tellings = [
        Telling(
            item.sources[0],
            key,
            item.last_seen,
            item.macs,
            [item.serial],
            # What a sweep heard last is what it has; others may have had it before.
            item.addresses[:1] if item.heard else item.addresses,
        )
        for (_, key), item in items.items()
    ]
    return [_one([items[each.source, each.key] for each in group]) for group in joined(tellings)]


def _one(told: Sequence[Item]) -> Item:
    """Of what several tell of one device: who tells most counts, and others fill what it does not tell."""
    first = told[0]
    if len(told) == 1:
        return first
    fill = {
        name: next(
            (value for each in told if (value := getattr(each, name)) not in (None, "")), getattr(first, name)
        )
        for name in FILLED
    }
    heard = sorted((one for each in told for one in each.heard), key=lambda each: (-each.last_seen, each.mac))
    # What is asked and was heard has a page for each way to it; they are one.
    named = next((each for each in told if each.machine or each.heard), first)
    return replace(
        first,
        **fill,
        sources=tuple(dict.fromkeys(source for each in told for source in each.sources)),
        kind=next((each.kind for each in told if each.kind != "other"), first.kind),
        subject=named.subject,
        href=named.href,
        first_seen=min((each.first_seen for each in told if each.first_seen is not None), default=None),
        last_seen=max(each.last_seen for each in told),
        addresses=tuple(dict.fromkeys(address for each in told for address in each.addresses)),
        macs=tuple(dict.fromkeys(mac for each in told for mac in each.macs)),
        devices=tuple(one for each in told for one in each.devices),
        heard=tuple(heard),
    )


def _judged(
    item: Item,
    findings: Mapping[str, KeptFinding],
    marks: Mapping[str, KeptMark],
    verified: Mapping[str, KeptMark],
    since: int,
) -> Item:
    subjects = [item.subject, *(each.mac for each in item.heard)]
    finding = next((findings[each] for each in subjects if each in findings), None)
    said = next((marks[each] for each in subjects if each in marks), None)
    seen = next((verified[each] for each in subjects if each in verified), None)
    is_new = said is None and (item.first_seen or 0) >= since
    return replace(item, finding=finding, mark=said, verified=seen, is_new=is_new)


def _urgency(item: Item) -> tuple[int, str]:
    return _URGENT.index(item.finding.kind) if item.finding else len(_URGENT), item.told.casefold()


def item_of(each: Listed | Counted) -> Item:
    """A machine that inventories tell of, without what people and findings say of it."""
    facts = each.facts
    return Item(
        ("inventory",),
        each.unit,
        facts.kind,
        facts.hostname,
        each.name,
        f"/machines/{each.name}",
        each.first_seen if isinstance(each, Listed) else None,
        each.last_seen,
        facts.user,
        facts.vendor,
        facts.model,
        facts.serial,
        facts.asset,
        " ".join(filter(None, (facts.system, facts.version))),
        facts.memory_mb,
        facts.addresses,
        facts.macs,
    )


def item_of_device(device: Device) -> Item:
    """An agent's own machine, or a device that was asked."""
    body = device.body
    rows = [*parts(body, "networks"), *parts(body, "interfaces")]
    bios, hardware, system = (
        part if isinstance(part := body.get(name), dict) else {}
        for name in ("bios", "hardware", "operatingsystem")
    )
    memory = hardware.get("memory")
    own = [row[name] for row in rows for name in ("ipaddress", "ipaddress6") if _text(row.get(name))]
    return Item(
        sources=("snmp" if device.address else "agent",),
        unit=device.unit,
        kind=of_kinds((device.kind,)),
        name=device.name if device.name != device.address else "",
        subject="",
        href=f"/units/{device.unit}/devices/{device.id}",
        first_seen=device.first_seen,
        last_seen=device.last_seen,
        vendor=_text(body.get("vendor")) or _text(bios.get("smanufacturer")),
        model=_text(body.get("model")) or _text(bios.get("smodel")),
        serial=_text(body.get("serial")) or _text(bios.get("ssn")),
        system=_text(body.get("version")) or _text(system.get("full_name")),
        memory_mb=memory if isinstance(memory, int) else None,
        addresses=tuple(dict.fromkeys([device.address] if device.address else own)),
        macs=tuple(dict.fromkeys(_text(row["mac"]).lower() for row in rows if _text(row.get("mac")))),
        devices=(device,),
    )


def item_of_sighting(each: Sighting) -> Item:
    """A device that only sweeps of the LAN tell of."""
    return Item(
        sources=("lan",),
        unit=each.unit,
        kind=each.kind,
        name=next(iter(each.names), ""),
        subject=each.mac,
        href=f"/units/{each.unit}/machines/{each.mac}",
        first_seen=each.first_seen,
        last_seen=each.last_seen,
        vendor=each.vendor,
        model=next(iter(each.hints.get("model", ())), ""),
        addresses=each.addresses,
        macs=(each.mac,),
        heard=(each,),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def ports(
    macs: Collection[str], hostname: str, devices: Iterable[Device], sightings: Iterable[Sighting]
) -> list[tuple[str, str]]:
    """Which ports of which switches a machine is on: (switch, port), as switches tell.

    A switch that is asked tells of its neighbours by LLDP or CDP, and of all that are behind its ports; one that is heard tells of
    the port that the agent's own machine is on.
    """
    found: dict[tuple[str, str], None] = {}
    agents = False
    own: dict[str, Sequence[str]] = {}
    wanted, name = {mac.lower() for mac in macs}, hostname.casefold()
    for device in devices:
        item = item_of_device(device)
        if device.agent and wanted.intersection(item.macs):
            agents = True
        if device.address:
            own[device.address] = item.macs
        for row in parts(device.body, "neighbours") if device.address else ():
            if not _text(row.get("port")):
                continue
            theirs = {_text(row.get("chassis")).lower(), _text(row.get("their_port")).lower()}
            named = name and _text(row.get("name")).casefold().partition(".")[0] == name.partition(".")[0]
            if wanted.intersection(theirs) or named:
                found[item.told, _text(row["port"])] = None
    sightings = list(sightings)
    placed = places({each.mac: each.behind for each in sightings}, own)
    for place in (placed[mac] for mac in sorted(wanted) if mac in placed):
        found[place.switch, place.port] = None
    for sighting in sightings if agents else ():
        for near in sighting.neighbours:
            switch = _text(near.get("name")) or _text(near.get("chassis")) or sighting.mac
            port, described = _text(near.get("port")), _text(near.get("port_description"))
            # Some name a port by its MAC, and call it something beside.
            found[switch, described if described and port.count(":") == 5 else port or described] = None
    return list(found)
