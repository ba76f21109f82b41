"""What a router or switch says of itself, and since when: model, serial number, firmware, modules, neighbours. Pure.

A look that says nothing of a thing says nothing against it: what was told last stays. So the same looks, in any order, lead to
the same facts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_ROWS = msgspec.Meta(max_length=512)
GONE = 20
"""Modules that are no longer there and are remembered: those that went last."""


class Module(msgspec.Struct, frozen=True, order=True):
    """A part of a device. What is not known is empty, here and below."""

    name: _Text
    model: _Text
    serial: _Text


class Neighbour(msgspec.Struct, frozen=True, order=True):
    """What is at the other end of a cable: `port` is the device's own, `remote` the neighbour's."""

    port: _Text
    name: _Text
    remote: _Text
    address: _Text


class Facts(msgspec.Struct, frozen=True):
    """As the agent sends them with a configuration. None where the device did not say; `notes` say why, `reason|command`."""

    model: _Text = ""
    serial: _Text = ""
    firmware: _Text = ""
    modules: Annotated[list[Module], _ROWS] | None = None
    neighbours: Annotated[list[Neighbour], _ROWS] | None = None
    notes: Annotated[list[_Text], _ROWS] = []


@dataclass(frozen=True, slots=True)
class Fact:
    """`since`: the first look of those in a row that say so. `before`: what it was until then; empty when nothing else is known."""

    value: str
    since: int
    before: str


@dataclass(frozen=True, slots=True)
class KnownModule:
    name: str
    model: str
    serial: str
    since: int
    gone: int | None
    """The first look that did not find it any more; None while it is there."""


@dataclass(frozen=True, slots=True)
class KnownNeighbour:
    port: str
    name: str
    remote: str
    address: str
    since: int


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a device. `at` is when it was asked last, `notes` are of then."""

    at: int
    model: Fact | None
    serial: Fact | None
    firmware: Fact | None
    modules: Sequence[KnownModule]
    neighbours: Sequence[KnownNeighbour]
    notes: Sequence[str]


_Row = TypeVar("_Row", Module, Neighbour)


def known(looks: Iterable[tuple[int, Facts]]) -> Known | None:
    """From each look, `(at, facts)`, oldest first; None if there is none."""
    told = list(looks)
    if not told:
        return None
    at, last = told[-1]
    modules, gone = _rows((at, facts.modules) for at, facts in told)
    neighbours, _ = _rows((at, facts.neighbours) for at, facts in told)
    all_modules: list[tuple[Module, int, int | None]] = [
        *((each, since, None) for each, since in modules.items()),
        *((each, since, until) for each, (since, until) in gone.items()),
    ]
    return Known(
        at,
        fact((at, facts.model) for at, facts in told),
        fact((at, facts.serial) for at, facts in told),
        fact((at, facts.firmware) for at, facts in told),
        [
            KnownModule(each.name, each.model, each.serial, since, until)
            for each, since, until in sorted(all_modules, key=lambda row: row[0])
        ],
        [
            KnownNeighbour(each.port, each.name, each.remote, each.address, since)
            for each, since in sorted(neighbours.items())
        ],
        last.notes,
    )


def fact(told: Iterable[tuple[int, str]]) -> Fact | None:
    """What was told last, `(at, value)`, oldest first; an empty value tells nothing. None if nothing was told."""
    now: Fact | None = None
    for at, value in told:
        if value and (now is None or value != now.value):
            now = Fact(value, at, "" if now is None else now.value)
    return now


def _rows(
    told: Iterable[tuple[int, Sequence[_Row] | None]],
) -> tuple[dict[_Row, int], dict[_Row, tuple[int, int]]]:
    """Those that are there with their first look, and those that are gone with it and the first look without them."""
    since: dict[_Row, int] = {}
    gone: dict[_Row, tuple[int, int]] = {}
    for at, rows in told:
        if rows is None:
            continue
        there = set(rows)
        for row in [each for each in since if each not in there]:
            gone[row] = since.pop(row), at
        for row in there:
            since.setdefault(row, at)
            gone.pop(row, None)
    newest = sorted(gone.items(), key=lambda each: each[1][1])[-GONE:]
    return since, dict(newest)
