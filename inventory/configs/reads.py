"""Configurations as they are shown: of a unit, of a device, and how two versions differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from inventory.configs.compliance import RULES, Fault, faults
from inventory.configs.facts import Fact, Known, fact, known
from inventory.configs.host_keys import KeyChange, key_change
from inventory.configs.lines import Hunk, difference
from inventory.configs.store import facts_told, looks, refused_keys, text_of
from inventory.configs.tables import config_seen
from inventory.configs.versions import KEEPS, Seen, Version, since, version_of, versions
from inventory.findings.configs import fault_at, subject_of
from inventory.findings.tables import findings
from inventory.state import State
from inventory.tables import devices


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule that does not hold, as a finding that stands (`inventory.findings`): since when, and where as of then."""

    rule: str
    since: int
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A device whose configuration is kept, as it was last."""

    id: int
    unit: str
    address: str
    vendor: str
    version: int
    changed_at: int
    last_seen: int
    keeps: str
    """When what is changed is what it starts with: `at once`, with each commit (`committed`), when somebody saves it (`saved`); or `files` are read,
    and nothing is said of what runs. Empty for an unknown vendor."""
    saved: bool | None
    """None where the vendor makes no difference between what runs and what it starts with, or where that could not be asked."""
    unsaved_since: int | None
    """The first look that found it not saved; None where it is, or where that is not known."""
    unconfirmed: bool
    """The device takes back what runs unless somebody confirms it."""
    draft_since: int | None
    """The first look that found changes entered and not in effect; None where there are none."""
    host_key: Fact | None
    """The fingerprint of its SSH key, with the one before it; None where no agent told it yet."""
    versions: int
    faults: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """A version; `saved` as of when it was last seen."""

    id: int
    first_seen: int
    last_seen: int
    vendor: str
    saved: bool | None
    looks: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """A version with its text. `unsaved`: how what it would start with becomes what runs; empty where they are one, or where the device goes back
    by itself. `draft`: how what runs becomes what is entered and not in effect yet."""

    version: ConfigVersion
    text: str
    faults: Sequence[Fault]
    unsaved: Sequence[Hunk]
    draft: Sequence[Hunk]


class Configs:
    """Reads are safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of_unit(self, unit: str) -> list[Configured]:
        """By address."""
        return self._where(devices.c.unit == unit)

    def devices_of(self, unit: str) -> frozenset[int]:
        """The ids of the unit's devices whose configuration is kept."""
        query = sa.select(config_seen.c.device).join(devices, devices.c.id == config_seen.c.device)
        with self._state.read() as connection:
            return frozenset(connection.scalars(query.where(devices.c.unit == unit).distinct()))

    def all(self) -> list[Configured]:
        """Those of every unit, by unit and address."""
        return self._where(sa.true())

    def _where(self, which: sa.ColumnElement[bool]) -> list[Configured]:
        has = sa.select(config_seen.c.id).where(config_seen.c.device == devices.c.id)
        query = sa.select(devices.c.id).where(which, has.exists()).order_by(devices.c.unit, devices.c.address)
        with self._state.read() as connection:
            ids = connection.scalars(query).all()
            return [found for id_ in ids if (found := _configured(connection, id_)) is not None]

    def device(self, device: int) -> Configured | None:
        """None if no configuration of it is kept."""
        with self._state.read() as connection:
            return _configured(connection, device)

    def versions(self, device: int) -> list[ConfigVersion]:
        """Newest first."""
        with self._state.read() as connection:
            return [_told(each) for each in reversed(versions(looks(connection, device)))]

    def configuration(self, device: int, number: int) -> Configuration | None:
        """The version that this look belongs to; None if the device has none such."""
        with self._state.read() as connection:
            found = _version(looks(connection, device), number)
            if found is None:
                return None
            text = text_of(connection, found.running)
            last = found.last
            other = text_of(connection, last.startup) if last.saved is False else text
            draft = text_of(connection, last.draft) if last.draft else text
            return Configuration(
                _told(found),
                text,
                faults(found.vendor, text),
                difference(other, text),
                difference(text, draft),
            )

    def key_change(self, device: int, pinned: str = "") -> KeyChange | None:
        """That the device shows another SSH key than before, if nobody said that this one is right (`pinned`)."""
        with self._state.read() as connection:
            return key_change(
                looks(connection, device), refused_keys(connection, device).get(device, ()), pinned
            )

    def facts(self, device: int) -> Known | None:
        """What the device says of itself; None if it was never asked."""
        with self._state.read() as connection:
            return known(facts_told(connection, device))

    def difference(self, device: int, old: int, new: int) -> list[Hunk] | None:
        """From one version to another; None if the device does not have both."""
        with self._state.read() as connection:
            seen = looks(connection, device)
            before, after = _version(seen, old), _version(seen, new)
            if before is None or after is None:
                return None
            return difference(text_of(connection, before.running), text_of(connection, after.running))


def _configured(connection: sa.Connection, device: int) -> Configured | None:
    seen = looks(connection, device)
    found = versions(seen)
    row = connection.execute(
        sa.select(devices.c.unit, devices.c.address).where(devices.c.id == device)
    ).first()
    if not found or row is None:
        return None
    last = found[-1]
    return Configured(
        device,
        row.unit,
        row.address,
        last.vendor,
        last.id,
        last.first_seen,
        last.last_seen,
        KEEPS.get(last.vendor, ""),
        last.saved,
        since(seen, lambda look: None if look.saved is None else not look.saved),
        last.last.unconfirmed,
        since(seen, lambda look: bool(look.draft)),
        fact((look.at, look.host_key) for look in seen),
        len(found),
        _standing(connection, device),
    )


def _standing(connection: sa.Connection, device: int) -> list[Standing]:
    """In the order of the rules."""
    f = findings.c
    query = sa.select(f.kind, f.since, f.detail).where(
        f.subject == subject_of(device), f.closed_at.is_(None), f.kind.in_(RULES)
    )
    rows = sorted(connection.execute(query), key=lambda row: RULES.index(row.kind))
    return [Standing(row.kind, row.since, *fault_at(row.detail)) for row in rows]


def _version(seen: Sequence[Seen], number: int) -> Version | None:
    look = next((each for each in seen if each.id == number), None)
    return version_of(versions(seen), look) if look is not None else None


def _told(version: Version) -> ConfigVersion:
    return ConfigVersion(
        version.id, version.first_seen, version.last_seen, version.vendor, version.saved, version.looks
    )
