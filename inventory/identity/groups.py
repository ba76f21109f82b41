"""Which faces are one machine: a function of all faces, links and answers, so that their order of arrival cannot matter. Pure.

Links are followed strongest first, and answers before all links. A link is not followed where both sides tell different firmware
and the two ends do not both tell it themselves: else a poor report (no firmware, the address of a dock) would make one of two
machines. A poor report that fits two such machines about equally well is left alone, to be asked about.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.identity.answers import Answer
from inventory.identity.evidence import Face

BODY = ("chassis_serial", "board_serial", "uuid")
"""The first that both sides tell says whether their firmware is of one machine."""
CLEARLY = 3
"""Points by which a poor report has to fit one machine better than another."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two faces which are one machine by their own evidence. `a` < `b`."""

    a: str
    b: str
    score: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """`groups`: every face in one of them. `contested`: links of faces that fit two machines equally well."""

    groups: tuple[frozenset[str], ...]
    contested: tuple[Link, ...]


@dataclass(slots=True, eq=False)
class _Group:
    faces: list[str]
    body: tuple[set[str], ...]
    sides: set[tuple[int, str]] = field(default_factory=set)
    """Of answers that keep it from others: (answer, side)."""


class _Grouper:
    def __init__(self, faces: Mapping[str, Face]) -> None:
        self.faces = faces
        self.of = {key: _Group([key], tuple({v} - {""} for v in body(face))) for key, face in faces.items()}

    def unite(self, a: str, b: str, *, whatever_firmware: bool) -> None:
        one, other = self.of[a], self.of[b]
        if (
            one is other
            or _kept_apart(one, other)
            or not (whatever_firmware or not clash(one.body, other.body))
        ):
            return
        if len(one.faces) < len(other.faces):
            one, other = other, one
        one.faces += other.faces
        one.sides |= other.sides
        for mine, theirs in zip(one.body, other.body, strict=True):
            mine.update(theirs)
        for key in other.faces:
            self.of[key] = one

    def answer(self, answer: Answer) -> None:
        left = sorted(answer.left & self.faces.keys())
        right = sorted(answer.right & self.faces.keys())
        if answer.says == "same":
            for key in (*left, *right)[1:]:
                self.unite((*left, *right)[0], key, whatever_firmware=True)
        elif not {id(self.of[key]) for key in left} & {id(self.of[key]) for key in right}:
            for side, keys in (("left", left), ("right", right)):
                for key in keys:
                    self.of[key].sides.add((answer.id, side))

    def follow(self, link: Link) -> None:
        told = clash(*(tuple({v} - {""} for v in body(self.faces[key])) for key in (link.a, link.b)))
        self.unite(link.a, link.b, whatever_firmware=told)

    def contested(self, links: Iterable[Link]) -> list[Link]:
        """Links of faces without firmware to groups that cannot be one, where the best is not clearly the best."""
        best: dict[str, dict[int, Link]] = defaultdict(dict)
        for link in links:
            for poor, rich in ((link.a, link.b), (link.b, link.a)):
                if not any(body(self.faces[poor])) and any(body(self.faces[rich])):
                    best[poor].setdefault(id(self.of[rich]), link)
        unclear = set()
        for poor, choices in best.items():
            first, *rest = choices.values()
            groups = {link: self.of[link.b if link.a == poor else link.a] for link in choices.values()}
            if any(
                link.score > first.score - CLEARLY
                and (clash(groups[first].body, groups[link].body) or _kept_apart(groups[first], groups[link]))
                for link in rest
            ):
                unclear.add(poor)
        return [link for link in links if {link.a, link.b} & unclear]


def regroup(faces: Mapping[str, Face], links: Iterable[Link], answers: Sequence[Answer]) -> Grouping:
    """Of faces by key; the links among them, in any order; all answers that name one of them, in any order."""
    grouper = _Grouper(faces)
    for answer in sorted(answers, key=lambda answer: (answer.at, answer.id), reverse=True):
        grouper.answer(answer)
    ordered = sorted(links, key=lambda link: (-link.score, link.a, link.b))
    rich = [link for link in ordered if any(body(faces[link.a])) and any(body(faces[link.b]))]
    for link in rich:
        grouper.follow(link)
    poor = [link for link in ordered if not (any(body(faces[link.a])) and any(body(faces[link.b])))]
    contested = grouper.contested(poor)
    left_alone = set(contested)
    for link in poor:
        if link not in left_alone:
            grouper.follow(link)
    groups = {id(group): group for group in grouper.of.values()}
    return Grouping(
        tuple(sorted((frozenset(group.faces) for group in groups.values()), key=min)), tuple(contested)
    )


def body(face: Face) -> tuple[str, ...]:
    """What the firmware tells, in the order of BODY; empty where it tells nothing."""
    return (face.signs.chassis_serial, face.signs.board_serial, face.signs.uuid)


def clash(one: Sequence[set[str]], other: Sequence[set[str]]) -> bool:
    """Whether the firmware that two sides tell is of two machines, by the first sign that both tell."""
    for mine, theirs in zip(one, other, strict=True):
        if mine and theirs:
            return not mine & theirs
    return False


def _kept_apart(one: _Group, other: _Group) -> bool:
    return any((answer, "right" if side == "left" else "left") in other.sides for answer, side in one.sides)
