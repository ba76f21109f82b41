"""Until when operating systems get security updates: dates as data (`systems.toml`). Pure."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

_BUILD = re.compile(r"\b(?:10\.0\.)?(\d{5})\b")
_VERSION = re.compile(r"\d+(?:\.\d+)*")


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry. It fits where all of `words`, one of `edition`, one of `build` and `version` are, as far as it names them."""

    name: str
    words: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    until: date
    edition: tuple[str, ...] = ()
    build: tuple[int, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What an inventory says of its operating system."""

    full_name: str
    version: str = ""
    kernel: str = ""
    """`kernel_version`: of Windows `10.0.22631`."""


def load(text: str) -> Sequence[System]:
    """Raises msgspec.ValidationError: an entry has another shape."""
    return msgspec.convert(tomllib.loads(text)["system"], list[System])


SYSTEMS: Sequence[System] = load((Path(__file__).parent / "systems.toml").read_text("utf-8"))


def known(told: Told, systems: Sequence[System] = SYSTEMS) -> System | None:
    """The entry that fits; None where none does: nothing is said of such a system."""
    name = told.full_name.lower()
    builds = {int(each) for text in (told.kernel, told.version) for each in _BUILD.findall(text)}
    numbers = _VERSION.findall(told.version)[:1] + _VERSION.findall(name)[:1]
    for each in systems:
        if (
            all(word in name for word in each.words)
            and (not each.edition or any(word in name for word in each.edition))
            and (not each.build or not builds.isdisjoint(each.build))
            and (not each.version or any(_begins(number, each.version) for number in numbers))
        ):
            return each
    return None


def _begins(number: str, version: str) -> bool:
    return number == version or number.startswith(f"{version}.")
