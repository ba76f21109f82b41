"""What is otherwise at machines than at some time, from what was noted since, in the order in which people want to know it. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from inventory.differences.notes import Noted

Kind = Literal[
    "memory_less",
    "disk_gone",
    "disk_replaced",
    "system",
    "moved",
    "came",
    "memory_more",
    "disk_more",
    "installed",
    "removed",
    "updated",
]
"""In this order: what may be stolen or broken first, and what is the same everywhere last."""
KINDS: tuple[Kind, ...] = get_args(Kind)
MODULE_MB = 500
"""Less than this is no module of memory: firmware and graphics take more or less of it."""


@dataclass(frozen=True, slots=True)
class Face:
    """What of a face is asked: of which machine it is now, and what agent told it, from when to when."""

    id: int
    machine: str
    unit: str
    agent: str
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A machine, in the unit where it was heard last. `faces`: of the agent that tells what changed; none where the machine came."""

    machine: str
    unit: str
    first_seen: int
    faces: frozenset[int]


@dataclass(frozen=True, slots=True)
class Noticed:
    """All notes of one subject of a face since then: their sum, and when the first and the last was noted."""

    face: int
    kind: Noted
    subject: str
    told: str
    delta: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Difference:
    """At one machine. `subject` is what several have in common; `before` and `after` is what this one had and has instead.

    Of memory, both are empty and `megabytes` tells how much less or more; `at`: when it was noted last.
    """

    kind: Kind
    subject: str
    machine: str
    unit: str
    at: int
    before: str = ""
    after: str = ""
    megabytes: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that changed at several machines: how many, in how many units, and when it was noted first and last."""

    kind: Kind
    subject: str
    machines: int
    units: int
    first: int
    last: int
    differences: Sequence[Difference] = field(default=(), repr=False)
    """Of its machines, by unit; not kept of what was updated."""


def standing(faces: Iterable[Face], at: int) -> dict[str, Standing]:
    """Each machine by its name. The agent is the one heard last of those that told of the machine until then."""
    by_machine: dict[str, list[Face]] = {}
    for face in faces:
        by_machine.setdefault(face.machine, []).append(face)
    found = {}
    for machine, its in by_machine.items():
        if len(its) == 1:  # nearly all, of twenty thousand
            face = its[0]
            ids = frozenset((face.id,)) if face.first_seen <= at else frozenset[int]()
            found[machine] = Standing(machine, face.unit, face.first_seen, ids)
            continue
        newest = max(its, key=lambda face: (face.last_seen, -face.id))
        agents = {face.agent for face in its if face.first_seen <= at}
        told = [face for face in its if face.agent in agents]
        agent = max(told, key=lambda face: face.last_seen).agent if told else None
        ids = frozenset(face.id for face in told if face.agent == agent)
        found[machine] = Standing(machine, newest.unit, min(face.first_seen for face in its), ids)
    return found


def differences(machines: Iterable[Standing], noticed: Iterable[Noticed]) -> list[Difference]:
    """Of all machines, one for each thing that is otherwise; `noticed` of faces that tell nothing here are passed over."""
    machines = list(machines)
    owner = {face: each for each in machines for face in each.faces}
    sums: dict[tuple[str, Noted, str], Noticed] = {}
    for each in noticed:
        its = owner.get(each.face)
        if its is None:
            continue
        key = its.machine, each.kind, each.subject
        before = sums.get(key)
        sums[key] = each if before is None else _together(before, each)
    by_machine: dict[str, dict[Noted, list[Noticed]]] = {}
    for (machine, kind, _subject), each in sums.items():
        if each.delta:
            by_machine.setdefault(machine, {}).setdefault(kind, []).append(each)
    found = [
        Difference("came", "", each.machine, each.unit, each.first_seen)
        for each in machines
        if not each.faces
    ]
    for stood in machines:
        for kind, notes in by_machine.get(stood.machine, {}).items():
            found += _of_kind(stood, kind, notes)
    return found


def lines(found: Iterable[Difference], units: Collection[str], kind: Kind | None = None) -> list[Line]:
    """In the order of kinds, and of one kind: what is in most units first. Only of machines in these units."""
    by_line: dict[tuple[Kind, str], list[Difference]] = {}
    for each in found:
        if each.unit in units and kind in (None, each.kind):
            by_line.setdefault((each.kind, each.subject), []).append(each)
    told = [
        Line(
            of_kind,
            subject,
            len({each.machine for each in its}),
            len({each.unit for each in its}),
            min(each.at for each in its),
            max(each.at for each in its),
            sorted(its, key=lambda each: (each.unit, each.at, each.machine)),
        )
        for (of_kind, subject), its in by_line.items()
    ]
    return sorted(told, key=place)


def place(line: Line) -> tuple[int, int, int, str]:
    """Where a line stands among others."""
    return KINDS.index(line.kind), -line.units, -line.machines, line.subject.casefold()


def _together(one: Noticed, other: Noticed) -> Noticed:
    first, last = min(one.first, other.first), max(one.last, other.last)
    return Noticed(one.face, one.kind, one.subject, one.told, one.delta + other.delta, first, last)


def _of_kind(machine: Standing, kind: Noted, notes: Sequence[Noticed]) -> list[Difference]:
    at = max(each.last for each in notes)
    went = sorted(each.told or each.subject for each in notes if each.delta < 0)
    came = sorted(each.told or each.subject for each in notes if each.delta > 0)
    before, after = ", ".join(went), ", ".join(came)
    if kind == "memory":
        size = sum(each.delta for each in notes)
        if abs(size) < MODULE_MB:
            return []
        less: Kind = "memory_less" if size < 0 else "memory_more"
        return [Difference(less, "", machine.machine, machine.unit, at, megabytes=size)]
    if kind == "disk":
        disk: Kind = "disk_replaced" if went and came else "disk_gone" if went else "disk_more"
        if len(went) > len(came) > 0:
            disk = "disk_gone"
        return [Difference(disk, "", machine.machine, machine.unit, at, before, after)]
    if kind == "software":
        return [
            Difference(
                "installed" if each.delta > 0 else "removed",
                each.subject,
                machine.machine,
                machine.unit,
                each.last,
            )
            for each in notes
        ]
    of_two: Mapping[Noted, Kind] = {"system": "system", "unit": "moved"}
    return [Difference(of_two[kind], f"{before} → {after}", machine.machine, machine.unit, at, before, after)]
