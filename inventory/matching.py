"""Knowing a machine again: what follows for one report from the faces that it may belong to. Pure.

What a report tells is a *face* (`identity.evidence`). Faces whose evidence suffices are one machine (`identity.groups`); where it
neither suffices nor speaks against, a technician is asked. All of it follows from the set of faces, when each was seen first,
and the answers, so it can be derived again at any time from reports in any order. `identity.known` keeps that set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.identity.answers import Answer
from inventory.identity.evidence import Face, compare
from inventory.identity.groups import Grouping, Link, regroup

WEEK_MS = 7 * 86_400_000
"""What is new about a machine is asked by the evidence of its first week; later, its own past speaks for it."""


@dataclass(frozen=True, slots=True)
class Same:
    """The report is of this machine. `joined`: names of others that it showed to be this one."""

    machine: str
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class New:
    """No machine is known that it could be of; `machine` begins here."""

    machine: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Kept as `machine`, which nobody is sure of, until a technician says whether it is one of `machines`.

    `why`: for each of these, the two faces that raise the question, to be shown side by side.
    """

    machine: str
    machines: tuple[str, ...]
    why: tuple[tuple[str, str], ...]


Decision = Same | New | Ask


@dataclass(frozen=True, slots=True)
class Seen:
    """A face, and when it was told first, ms."""

    face: Face
    first: int


@dataclass(slots=True, eq=False)
class Machine:
    """Faces known as one, by key. The one told first gives the name, so a name outlives what joins later."""

    faces: Mapping[str, Seen]
    name: str = ""
    founded: int = 0
    chassis: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self.founded, self.name = min((seen.first, key) for key, seen in self.faces.items())
        told = (seen.face.signs.chassis_serial for seen in self.faces.values())
        self.chassis = frozenset(serial for serial in told if serial)

    def before(self, other: "Machine") -> bool:
        return (self.founded, self.name) < (other.founded, other.name)


@dataclass(frozen=True, slots=True)
class Edges:
    """A face's links to others, each making one machine of two faces; and the pairs that are worth a question."""

    links: tuple[Link, ...]
    perhaps: tuple[Link, ...]


def edges(face: Face, others: Iterable[Face]) -> Edges:
    """The face held against each of the others."""
    links: list[Link] = []
    perhaps: list[Link] = []
    for other in others:
        compared = compare(face, other)
        if compared.verdict != "apart":
            a, b = sorted((face.key, other.key))
            (links if compared.verdict == "same" else perhaps).append(Link(a, b, compared.score))
    return Edges(tuple(links), tuple(perhaps))


def machines(
    faces: Mapping[str, Seen], links: Iterable[Link], answers: Sequence[Answer]
) -> tuple[list[Machine], Grouping]:
    """The machines that these faces are. `links`: all among them; `answers`: all that name one of them."""
    grouping = regroup({key: seen.face for key, seen in faces.items()}, links, answers)
    return [Machine({key: faces[key] for key in group}) for group in grouping.groups], grouping


def question(
    machine: Machine, others: Iterable[tuple[Link, Machine]], answers: Sequence[Answer]
) -> tuple[tuple[str, tuple[str, str]], ...]:
    """Which machines this one may be: (name, the two faces that speak most for it), by name.

    `others`: pairs worth a question between a face of this machine and one of another. Not asked: whether an older
    machine is this one (it is the younger that is asked about), what was answered, and what two chassis
    part of which the two faces do not tell.
    """
    best: dict[str, Link] = {}
    for link, other in sorted(others, key=lambda pair: (-pair[0].score, pair[0].a, pair[0].b)):
        mine = link.a if link.a in machine.faces else link.b
        pair = (machine.faces[mine], other.faces[link.b if link.a == mine else link.a])
        told = all(seen.face.signs.chassis_serial for seen in pair)
        parted = not told and machine.chassis and other.chassis and not machine.chassis & other.chassis
        late = machine.faces[mine].first > machine.founded + WEEK_MS
        if not (late or parted or machine.before(other) or _answered(machine, other, answers)):
            best.setdefault(other.name, link)
    return tuple((name, (link.a, link.b)) for name, link in sorted(best.items()))


def decide(
    key: str, machine: Machine, asked: Sequence[tuple[str, tuple[str, str]]], before: Iterable[str]
) -> Decision:
    """Of the report that tells face `key`, which stands in `machine` now. `before`: names of the machines that the faces
    of this machine had until then; none for a new one.
    """
    if asked:
        return Ask(machine.name, tuple(name for name, _ in asked), tuple(pair for _, pair in asked))
    known = set(before)
    if not known and machine.faces.keys() == {key}:
        return New(machine.name)
    return Same(machine.name, tuple(sorted(known - {machine.name})))


def _answered(one: Machine, other: Machine, answers: Sequence[Answer]) -> bool:
    return any(
        answer.says == "different"
        and (
            (answer.left & one.faces.keys() and answer.right & other.faces.keys())
            or (answer.right & one.faces.keys() and answer.left & other.faces.keys())
        )
        for answer in answers
    )
