"""What people ask of machines: those of a unit, one of them, its versions, and what changed."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from inventory.identity.sides import Sides
from inventory.machines import contents
from inventory.machines.changes import Change, changes
from inventory.machines.identities import Identities, Pair
from inventory.machines.tables import faces, heard, machine_versions
from inventory.state import State


@dataclass(frozen=True, slots=True)
class Source:
    """An agent on the machine, as it was heard last."""

    device: str
    client: str
    address: str
    at: int
    faults: Sequence[tuple[str, str]]
    """What was left out of its inventory: JSON path, and why."""


@dataclass(frozen=True, slots=True)
class MachineView:
    """A machine as last heard. `name` names it (the key of a face); what nobody told is empty or None."""

    name: str
    unit: str
    hostname: str
    kind: str
    vendor: str
    model: str
    serial: str
    system: str
    memory_mb: int | None
    user: str
    addresses: Sequence[str]
    macs: Sequence[str]
    first_seen: int
    last_seen: int
    sources: Sequence[Source]
    content: Mapping[str, Any] = field(hash=False)
    """All that was told, by section."""


@dataclass(frozen=True, slots=True)
class MachineVersion:
    """What the machine was from `first_seen` on; `changes` since the version before, None for the first."""

    id: int
    unit: str
    first_seen: int
    last_seen: int
    changes: Sequence[Change] | None


class Machines:
    """All reads of machines. Each takes in first what came since the last one. Safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state, self._identities = state, Identities(state)

    def names_of_faces(self) -> dict[int, str]:
        """Which machine each face stands in now, by the face's row."""
        self._identities.refresh()
        return {face: name for name, rows in self._identities.machines().items() for face in rows}

    def current(self, key: str) -> str:
        """The name of the machine that a face of this key stands in now; the key itself when there is none."""
        return self._identities.name_of(key) or key

    def refresh(self) -> None:
        """Take in what came since the last read, for `current`, `faces_of`, `keys_of` and `pair`."""
        self._identities.refresh()

    def faces_of(self, name: str) -> tuple[int, ...]:
        """The rows of the faces of a machine."""
        return self._identities.faces_of(name)

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys of the faces of a machine, the one told first in front."""
        return self._identities.keys_of(name)

    def units_of(self, keys: Iterable[str]) -> set[str]:
        """The units in which the machines were told that faces of these keys stand in now."""
        self._identities.refresh()
        ids = [row for key in keys for row in self._identities.faces_of(self.current(key))]
        with self._state.read() as connection:
            return set(connection.scalars(sa.select(faces.c.unit).where(faces.c.id.in_(ids)).distinct()))

    def questions(self, unit: str | None = None) -> list[Pair]:
        """Which machines may be one, as of now; of a unit, those of which either was told there."""
        self._identities.refresh()
        return [pair for pair in self._identities.questions() if unit is None or unit in pair.units]

    def pair(self, one: str, other: str) -> Pair | None:
        """Two faces, by their keys, as of the last refresh; None when one is not known. To be held side by side."""
        return self._identities.pair(one, other)

    def about(self, pair: Pair) -> tuple[list[str], list[str]]:
        """The faces that an answer to this pair is about, the shown ones in front."""
        return self._identities.about(pair)

    def sides(self, pair: Pair) -> Sides:
        """The evidence of two faces side by side."""
        return self._identities.sides(pair)

    def of_unit(self, unit: str) -> list[MachineView]:
        """Those that were seen last in this unit, by their hostnames."""
        self._identities.refresh()
        with self._state.read() as connection:
            keys = connection.execute(sa.select(faces.c.key).where(faces.c.unit == unit)).scalars()
            names = {name for key in keys if (name := self._identities.name_of(key)) is not None}
            found = [_view(connection, name, self._identities.faces_of(name)) for name in names]
        here = (each for each in found if each is not None and each.unit == unit)
        return sorted(here, key=lambda each: (each.hostname.casefold(), each.name))

    def machine(self, name: str) -> MachineView | None:
        """The one that stands under this name now, or that the face of this key belongs to."""
        self._identities.refresh()
        current = self._identities.name_of(name)
        if current is None:
            return None
        with self._state.read() as connection:
            return _view(connection, current, self._identities.faces_of(current))

    def versions(self, name: str, newest: int = 100) -> list[MachineVersion]:
        """Oldest first: the `newest` versions of all its faces, by when they were first seen.

        Each is held against the one before of the same agent: two agents never tell the same.
        """
        self._identities.refresh()
        query = versions_of(self._identities.faces_of(name))
        found: list[MachineVersion] = []
        before: dict[str, dict[str, Any]] = {}
        with self._state.read() as connection:
            rows = connection.execute(query.limit(newest + _EARLIER)).all()[::-1]
            for place, row in enumerate(rows, newest - len(rows)):
                content = _content(connection, row.digest)
                if place >= 0:
                    base = before.get(row.agent)
                    told = None if base is None else changes(base, content)
                    found.append(MachineVersion(row.id, row.unit, row.first_seen, row.last_seen, told))
                before[row.agent] = content
        return found

    def with_versions_since(self, unit: str, at: int) -> list[str]:
        """Which machines seen in this unit have a version that was first seen after `at`."""
        self._identities.refresh()
        v = machine_versions.c
        query = (
            sa.select(faces.c.key)
            .join(machine_versions, v.face == faces.c.id)
            .where(faces.c.unit == unit, v.first_seen > at)
            .distinct()
        )
        with self._state.read() as connection:
            return sorted({self.current(key) for key in connection.scalars(query)})

    def changed_since(self, name: str, at: int) -> Sequence[Change] | None:
        """What is otherwise now than at `at`, as the agent tells that was heard last of those that told something until then; None
        when none did."""
        self._identities.refresh()
        with self._state.read() as connection:
            rows = connection.execute(versions_of(self._identities.faces_of(name))).all()[::-1]
            agents = {row.agent for row in rows if row.first_seen <= at}
            known = [row for row in rows if row.agent in agents]
            if not known:
                return None
            newest = max(known, key=lambda row: (row.last_seen, row.first_seen, row.id))
            its = [row for row in known if row.agent == newest.agent]
            # Where the last version gave way to an earlier one again, it had until it was seen last.
            base = newest if its[-1].last_seen < at else [row for row in its if row.first_seen <= at][-1]
            return changes(_content(connection, base.digest), _content(connection, newest.digest))


_EARLIER = 4
"""Versions before those that are shown, among which is the one before of each agent on the machine."""
AGENT = sa.func.json_extract(faces.c.signs, "$.agent")
"""What the agent of a face calls itself."""


def versions_of(faces_of: Sequence[int]) -> sa.Select[Any]:
    """Those of a machine, the newest first."""
    v = machine_versions.c
    return (
        sa.select(v.id, v.face, v.digest, v.first_seen, v.last_seen, faces.c.unit, AGENT.label("agent"))
        .join_from(machine_versions, faces)
        .where(v.face.in_(faces_of))
        .order_by(v.first_seen.desc(), v.id.desc())
    )


def _content(connection: sa.Connection, digest: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(contents.get(connection, digest))
    return found


_VERSION = re.compile(r"\d")
"""Where the version begins in what a program calls itself: GLPI-Agent_v1.11, Inventory Agent/1.3.0 (Linux)."""


def newest_of_agents(rows: Iterable[Any]) -> list[Any]:
    """Of rows of `heard` of one machine what each agent told last, the newest first: what it told before a repair is over.

    Agents of two kinds that were first run in the same second have one name.
    """
    last: dict[tuple[str, str], Any] = {}
    for row in sorted(rows, key=lambda row: (-row.at, row.unit, row.face)):
        program = _VERSION.split(row.client, maxsplit=1)[0]
        last.setdefault((row.device, program), row)
    return list(last.values())


def _view(connection: sa.Connection, name: str, rows_of: Iterable[int]) -> MachineView | None:
    ids = list(rows_of)
    h, v, f = heard.c, machine_versions.c, faces.c
    seen = connection.execute(
        sa.select(f.unit, f.first_seen, f.last_seen).where(f.id.in_(ids)).order_by(f.last_seen.desc(), f.id)
    ).all()
    if not seen:
        return None
    newest = connection.execute(
        sa.select(v.digest)
        .where(v.face.in_(ids))
        .order_by(v.last_seen.desc(), v.first_seen.desc(), v.id)
        .limit(1)
    ).scalar_one()
    told = newest_of_agents(connection.execute(sa.select(heard).where(h.face.in_(ids))))[::-1]
    content = json.loads(contents.get(connection, newest))
    for row in told:
        for section, value in contents.unpack(row.moving).items():
            content[section] = {**content.get(section, {}), **value} if isinstance(value, dict) else value
    sources = [
        Source(row.device, row.client, row.source, row.at, [(a, b) for a, b in json.loads(row.faults)])
        for row in reversed(told)
    ]
    return MachineView(
        name=name,
        unit=seen[0].unit,
        first_seen=min(row.first_seen for row in seen),
        last_seen=seen[0].last_seen,
        sources=sources,
        content=content,
        **_said(content, told[-1].item_type if told else "Computer"),
    )


def _said(content: Mapping[str, Any], item_type: str) -> dict[str, Any]:
    """What people want to see at once."""
    hardware, bios = content.get("hardware", {}), content.get("bios", {})
    system, asked = content.get("operatingsystem", {}), content.get("network_device", {})
    cards = [row for row in content.get("networks", ()) if row.get("type") != "loopback"]
    named = next((row["login"] for row in content.get("users", ()) if row.get("login")), "")
    return {
        "hostname": hardware.get("name") or asked.get("name") or "",
        "kind": hardware.get("chassis_type") or item_type,
        "vendor": bios.get("smanufacturer") or asked.get("manufacturer") or "",
        "model": bios.get("smodel") or asked.get("model") or "",
        "serial": bios.get("ssn") or asked.get("serial") or "",
        "system": system.get("full_name") or system.get("name") or "",
        "memory_mb": hardware.get("memory"),
        "user": hardware.get("lastloggeduser") or named,
        "addresses": [row[name] for row in cards for name in ("ipaddress", "ipaddress6") if row.get(name)],
        "macs": [row["mac"] for row in cards if row.get("mac")],
    }
