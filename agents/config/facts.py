"""What a device says of itself: which model it is, what is in it, what it is connected to. Text in, facts out.

Templates of ntc-templates read the answers. They are others' and many: one that fails, or reads nothing, costs only its own
facts, and is told. Neighbours' names are what strangers say: they are kept short and printable.
"""

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as where configurations are fetched
    from netmiko.utilities import get_structured_data_textfsm

from agents.config.orders import Facts, Module, Neighbour
from agents.config.vendors import NONE, REFUSED, Columns, Question

ROWS = 256
"""Modules, and neighbours, that are kept of a device."""
TEXT = 128
"""Characters of one fact."""
ANSWER = 256 << 10
"""Characters of an answer that is read; a line of it may have LINE."""
LINE = 1_000
_SHORT = 2_000
"""As where configurations are fetched: a long answer is no refusal."""
_NOTHING = frozenset({"NA", "n/a", "N/A", "BUILTIN"})


class Late(Exception):
    """Time is up."""


class Found:
    """Takes answers one after the other; what is filled already stays."""

    def __init__(self) -> None:
        self._device: dict[str, str] = {}
        self._modules: set[Module] | None = None
        self._neighbours: set[Neighbour] | None = None
        self.notes: list[str] = []

    def take(self, question: Question, platform: str, said: str) -> None:
        """`platform` is netmiko's driver."""
        rows, note = _rows(question, platform, said)
        if note:
            self.notes.append(f"{note}|{question.command}")
            return
        if question.device:
            for row in rows:
                self._device = _fields(row, question.device) | self._device
        if question.modules:
            found = (_fields(row, question.modules) for row in rows)
            made = {Module(*(each.get(name, "") for name in Module.__struct_fields__)) for each in found}
            self._modules = (self._modules or set()) | {each for each in made if each.model or each.serial}
        if question.neighbours:
            found = (_fields(row, question.neighbours) for row in rows)
            ends = {
                Neighbour(*(each.get(name, "") for name in Neighbour.__struct_fields__)) for each in found
            }
            self._neighbours = (self._neighbours or set()) | {
                each for each in ends if each.name or each.address
            }

    def facts(self) -> Facts:
        """All that was found. Of too many rows the first stay."""
        notes = self.notes + [
            f"too many|{name}"
            for name, rows in (("modules", self._modules), ("neighbours", self._neighbours))
            if rows is not None and len(rows) > ROWS
        ]
        return Facts(
            **self._device,
            modules=None if self._modules is None else sorted(self._modules)[:ROWS],
            neighbours=None if self._neighbours is None else sorted(self._neighbours)[:ROWS],
            notes=notes,
        )


def _rows(question: Question, platform: str, said: str) -> tuple[list[Mapping[str, Any]], str]:
    """What the template makes of it, and why it makes nothing."""
    if len(said) > ANSWER:
        return [], "too long"
    if len(said) < _SHORT and REFUSED.search(said):
        return [], "refused"
    skip = re.compile(question.skip) if question.skip else None
    lines = (line[:LINE] for line in said.splitlines() if skip is None or not skip.search(line))
    text = "\n".join(lines)
    if not re.search(question.needs, text, re.MULTILINE):
        return [], "not understood"
    try:
        # What it cannot read it gives back as it is.
        read = get_structured_data_textfsm(text, platform=platform, command=question.command)
    except Late:
        raise
    except Exception:  # noqa: BLE001 - a template's own error, of whatever kind
        return [], "not understood"
    if isinstance(read, list) and read:
        return list(read), ""
    nothing = question.neighbours and (not text.strip() or NONE.search(text))
    return [], "" if nothing else "not understood"


def _fields(row: Mapping[str, Any], columns: Columns) -> dict[str, str]:
    """Those that are filled."""
    found = ((name, _first(row.get(column) for column in places)) for name, places in columns.items())
    return {name: text for name, text in found if text}


def _first(values: Iterable[object]) -> str:
    return next((text for value in values if (text := _plain(value))), "")


def _plain(value: object) -> str:
    if isinstance(value, list):
        return _first(value)
    if not isinstance(value, str):
        return ""
    text = "".join(sign if sign.isprintable() else " " for sign in value[: 4 * TEXT])
    text = " ".join(text.split())[:TEXT].strip()
    return text if any(sign.isalnum() for sign in text) and text not in _NOTHING else ""
