"""The facts of each machine, made anew when one of its agents was heard again, and read together; and the counts of each day."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from inventory.census import words
from inventory.census.coverage import Counts
from inventory.census.facts import SECTIONS, Counted, Facts, facts_of
from inventory.census.tables import coverage_days, machine_facts
from inventory.machines import contents
from inventory.machines.reads import newest_of_agents
from inventory.machines.tables import faces, heard, machine_versions
from inventory.state import State

AT_ONCE = 200
FILLED = (
    "hostname",
    "memory_mb",
    "made",
    "antivirus",
    "free_ratio",
    "vendor",
    "model",
    "serial",
    "user",
    "asset",
)
"""What of a machine any of its agents may tell, where the newest does not."""
_decoder = msgspec.json.Decoder(Facts)
_counts = msgspec.json.Decoder(Counts)
_encoder = msgspec.json.Encoder()
_READ = frozenset((*SECTIONS, *words.SECTIONS))
_sections = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()


def refresh(state: State, most: int = 1 << 30, *, unit: str | None = None) -> int:
    """Make the facts of agents that were heard since, in all units or in one; how many. At most about `most` of them."""
    done, query = 0, _STALE if unit is None else _STALE.where(heard.c.unit == unit)
    while done < most:
        with state.read() as connection:
            rows = connection.execute(query).all()
            made = [_made(connection, row) for row in rows]
        if not made:
            break
        with state.write() as connection:
            connection.execute(_PUT, made)
        done += len(made)
    return done


def _made(connection: sa.Connection, row: Any) -> dict[str, object]:
    # Software, most of a content, is read over: facts are made of thousands of machines each morning.
    sections = _sections.decode(contents.get(connection, row.digest))
    content = {name: _any.decode(sections[name]) for name in _READ if name in sections}
    for section, value in contents.unpack(row.moving).items():
        if section in _READ:
            content[section] = {**content.get(section, {}), **value} if isinstance(value, dict) else value
    facts = facts_of(content, row.item_type)
    return {
        "face": row.face,
        "device": row.device,
        "at": row.at,
        "facts": _encoder.encode(facts).decode(),
        "words": words.words_of(content, [row.device]),
    }


def counted(
    connection: sa.Connection, names: Mapping[int, str], units: Collection[str] | None = None
) -> Sequence[Counted]:
    """All machines, or those that were heard last in these units. `names` says which machine each face stands in
    (`Machines.names_of_faces`)."""
    if units is None:
        return _counted(connection.execute(_ALL), names)
    here = connection.scalars(sa.select(faces.c.id).where(faces.c.unit.in_(units)))
    found = of_machines(connection, names, {names[face] for face in here if face in names})
    return [each for each in found if each.unit in units]


def of_machines(
    connection: sa.Connection, names: Mapping[int, str], wanted: Collection[str]
) -> Sequence[Counted]:
    """The machines of these names."""
    ids = json.dumps([face for face, name in names.items() if name in wanted])
    return _counted(connection.execute(_SOME, {"ids": ids}), names)


def _counted(rows: Iterable[Any], names: Mapping[int, str]) -> Sequence[Counted]:
    by_machine: dict[str, list[Any]] = {}
    for row in rows:
        name = names.get(row.face)
        if name is not None:
            by_machine.setdefault(name, []).append(row)
    found = []
    for name, of in by_machine.items():
        told = newest_of_agents(of)
        facts = together([_decoder.decode(row.facts) for row in told])
        found.append(Counted(name, told[0].unit, told[0].at, facts))
    return found


def together(told: Sequence[Facts]) -> Facts:
    """What the agents of one machine told, the newest first: it counts, and others fill what it does not tell."""
    newest = told[0]
    if len(told) == 1:
        return newest
    fill = {
        name: next(value for each in told if (value := getattr(each, name)) not in (None, ""))
        for name in FILLED
        if any(getattr(each, name) not in (None, "") for each in told)
    }
    macs = tuple(sorted({mac for each in told for mac in each.macs}))
    addresses = newest.addresses or next((each.addresses for each in told if each.addresses), ())
    return msgspec.structs.replace(newest, **fill, macs=macs, addresses=addresses)


def keep_day(state: State, day: int, counts: Mapping[str, Counts]) -> int:
    """Keep the counts of units as those of a day, in place of what was counted earlier in it; how many had changed."""
    c = coverage_days.c
    texts = {unit: _encoder.encode(each).decode() for unit, each in counts.items()}
    with state.read() as connection:
        there = {
            row.unit: row.counts for row in connection.execute(sa.select(coverage_days).where(c.day == day))
        }
    rows = [
        {"unit": unit, "day": day, "counts": text} for unit, text in texts.items() if there.get(unit) != text
    ]
    if rows:
        with state.write() as connection:
            connection.execute(sa.insert(coverage_days).prefix_with("OR REPLACE"), rows)
    return len(rows)


def days(connection: sa.Connection, first: int, last: int) -> dict[int, dict[str, Counts]]:
    """The counts of units on each day from `first` to `last`, as far as there are any."""
    c = coverage_days.c
    found: dict[int, dict[str, Counts]] = {}
    query = sa.select(coverage_days).where(c.day >= first, c.day <= last).order_by(c.day)
    for row in connection.execute(query):
        found.setdefault(row.day, {})[row.unit] = _counts.decode(row.counts)
    return found


def newest_day(connection: sa.Connection) -> int | None:
    """The last day that was counted."""
    found: int | None = connection.scalar(sa.select(sa.func.max(coverage_days.c.day)))
    return found


OF_HEARD = sa.and_(machine_facts.c.face == heard.c.face, machine_facts.c.device == heard.c.device)
OF_AGENT = tuple(heard.c[name] for name in ("at", "unit", "device", "client", "face"))
"""What `newest_of_agents` asks for."""
_STALE = (
    sa.select(
        heard.c.face, heard.c.device, heard.c.at, heard.c.item_type, heard.c.moving, machine_versions.c.digest
    )
    .join(machine_versions, machine_versions.c.id == heard.c.version)
    .outerjoin(machine_facts, OF_HEARD)
    .where(sa.or_(machine_facts.c.at.is_(None), machine_facts.c.at < heard.c.at))
    .limit(AT_ONCE)
)
_PUT = sa.insert(machine_facts).prefix_with("OR REPLACE")
_ids = sa.func.json_each(sa.bindparam("ids")).table_valued("value")
_SOME = (
    sa.select(*OF_AGENT, machine_facts.c.facts)
    .select_from(_ids)
    .join(heard, heard.c.face == _ids.c.value)
    .join(machine_facts, OF_HEARD)
)
_ALL = sa.select(*OF_AGENT, machine_facts.c.facts).join(machine_facts, OF_HEARD)
