"""What is asked of each vendor's devices, and what of their answers is secret or moves: `vendors.toml`, read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

Columns = Mapping[str, Sequence[str]]
"""From a fact to the columns of a template that may have it, the first that is filled counts."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command whose answer a template of ntc-templates reads, and which of its columns are facts."""

    command: str
    skip: str = ""
    """Lines of the answer that the template need not see, and would stumble over."""
    needs: str = ""
    """What has to stand in the answer, where the template would take any words for facts."""
    device: Columns = {}
    modules: Columns = {}
    neighbours: Columns = {}


class _Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    netmiko: str
    running: str
    startup: str = ""
    masks: list[str] = []
    ignore: list[str] = []
    facts: list[Question] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refused: str
    none: str
    blocks: list[str]
    well_known: list[str]
    masks: dict[str, list[str]]
    vendors: dict[str, _Vendor]


@dataclass(frozen=True, slots=True)
class Vendor:
    """`running` and `startup` are commands; `startup` is empty where a device saves each change by itself."""

    name: str
    netmiko: str
    """Its driver there."""
    running: str
    startup: str
    masks: Sequence[re.Pattern[str]]
    """Of a line: what their group `secret` matches is hidden, what `moving` matches is left out."""
    ignore: Sequence[re.Pattern[str]]
    """Lines that one of these matches are left out."""
    facts: Sequence[Question]


def _read() -> tuple[_File, Mapping[str, Vendor]]:
    file = msgspec.toml.decode((Path(__file__).parent / "vendors.toml").read_bytes(), type=_File)
    vendors = {
        name: Vendor(
            name,
            each.netmiko,
            each.running,
            each.startup,
            [re.compile(mask, re.IGNORECASE) for group in (*each.masks, "all") for mask in file.masks[group]],
            [re.compile(line) for line in each.ignore],
            each.facts,
        )
        for name, each in file.vendors.items()
    }
    return file, vendors


_file, VENDORS = _read()
REFUSED = re.compile(_file.refused, re.IGNORECASE | re.MULTILINE)
"""How devices say that they do not know a command, or do not let this user have it."""
NONE = re.compile(_file.none, re.IGNORECASE | re.MULTILINE)
"""How devices say that there is nothing of what they were asked for."""
BLOCKS = [re.compile(block, re.DOTALL) for block in _file.blocks]
"""Secrets of several lines."""
WELL_KNOWN = frozenset(_file.well_known)
"""Secrets that everybody knows, in small letters: worth a word of warning, and hidden all the same."""
