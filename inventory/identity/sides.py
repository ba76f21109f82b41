"""Two faces side by side, for a person who is to say whether they are one machine. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from inventory.identity.crowds import Value, values, without
from inventory.identity.evidence import WEIGHTS, Compared, Face, Verdict, compare

Says = Literal["agrees", "partly", "differs", "silent", "many"]


@dataclass(frozen=True, slots=True)
class Row:
    """One sign as both faces tell it. `points` are what it counts by itself.

    `says`: `silent` where it is not compared, because one of them does not tell it, or where an equal name says nothing;
    `many` where all that one of them tells of it is of many machines.
    """

    sign: str
    left: Sequence[str]
    right: Sequence[str]
    says: Says
    points: int


@dataclass(frozen=True, slots=True)
class Sides:
    """What is not told by either is in no row. `score` is less than the points together where the firmware's are bounded."""

    rows: Sequence[Row]
    score: int
    verdict: Verdict


def sides(left: Face, right: Face, crowds: Container[Value]) -> Sides:
    """The faces as they were told, weighed without what many tell."""
    compared = compare(without(left, crowds), without(right, crowds))
    many = {name for face in (left, right) for name in WEIGHTS if _all_of_many(face, name, crowds)}
    rows = []
    for name in WEIGHTS:
        one, other = _told(left, name), _told(right, name)
        if one or other:
            says = "many" if name in many and one and other else _says(compared, name)
            rows.append(Row(name, one, other, says, compared.points.get(name, 0)))
    return Sides(rows, compared.score, compared.verdict)


def _told(face: Face, name: str) -> tuple[str, ...]:
    told = face.unit if name == "unit" else getattr(face.signs, name)
    return told if isinstance(told, tuple) else (told,) if told else ()


def _says(compared: Compared, name: str) -> Says:
    if (says := compared.says.get(name)) is None:
        return "silent"
    partly = says == "agrees" and 0 < compared.points[name] < WEIGHTS[name].agrees
    return "partly" if partly else says


def _all_of_many(face: Face, name: str, crowds: Container[Value]) -> bool:
    found = values(face, (name,)) if name != "unit" else []
    return bool(found) and all(value in crowds for value in found)
