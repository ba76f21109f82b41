"""What is asked of each vendor's devices, and what of their answers is secret or moves: `vendors.toml`, read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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


Keeps = Literal["at once", "committed", "saved", "files"]
"""When what is changed is what a device starts with: at once, with each commit, when somebody saves it; or files are read, whatever runs."""


class _Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    netmiko: str
    keeps: Keeps
    running: str
    startup: str = ""
    startup_file: str = ""
    any_order: bool = False
    draft: str = ""
    unconfirmed: str = ""
    masks: list[str] = []
    ignore: list[str] = []
    facts: list[Question] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refused: str
    none: str
    rollback: str
    nothing_kept: str
    blocks: list[str]
    well_known: list[str]
    masks: dict[str, list[str]]
    vendors: dict[str, _Vendor]


@dataclass(frozen=True, slots=True)
class Vendor:
    """`running` and `startup` are commands; `startup` is empty where it is a file, or where there is no such difference."""

    name: str
    netmiko: str
    """Its driver there."""
    keeps: Keeps
    running: str
    startup: str
    startup_file: str
    """Read by SFTP: where the command line is the device's own, no command shows it."""
    any_order: bool
    """The order of sections, and of lines in one, means nothing."""
    draft: str
    """In configuration mode; what it answers is what would run if it were committed."""
    unconfirmed: str
    """Its answer tells of a commit that is taken back if nobody confirms it."""
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
            each.keeps,
            each.running,
            each.startup,
            each.startup_file,
            each.any_order,
            each.draft,
            each.unconfirmed,
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
ROLLBACK = re.compile(_file.rollback, re.IGNORECASE | re.MULTILINE)
"""How Junos says that its last commit is not confirmed: of older ones the history keeps for good that they had to be."""
NOTHING_KEPT = re.compile(_file.nothing_kept, re.IGNORECASE | re.MULTILINE)
"""How devices say that they would start with nothing: it was never saved."""
BLOCKS = [re.compile(block, re.DOTALL) for block in _file.blocks]
"""Secrets of several lines."""
WELL_KNOWN = frozenset(_file.well_known)
"""Secrets that everybody knows, in small letters: worth a word of warning, and hidden all the same."""
