"""Values that stand where a sign of one machine should be, and are no sign: `junk.toml`, read once."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from inventory.identity import forms

_COUNTING = "0123456789" * 3
_SHORTEST = 4
"""Letters and digits of the shortest serial that is taken for one."""
_FEW = 2
"""So many different characters or fewer make no serial: `0000`, `FFFFFFFF`, `1010`."""
_GROUP = 1
"""The bit of a MAC's first octet that says: of a group, not of one adapter (IEEE 802)."""


@dataclass(frozen=True, slots=True)
class Junk:
    """All values in the form in which signs are compared."""

    serials: frozenset[str]
    uuids: frozenset[str]
    macs: frozenset[str]
    mac_prefixes: tuple[str, ...]
    kept_prefixes: tuple[str, ...]
    hostnames: frozenset[str]
    domains: frozenset[str]

    def serial(self, form: str) -> bool:
        """Whether it is no serial: on the list, too short, one or two characters repeated, or counting up."""
        return len(form) < _SHORTEST or form in self.serials or len(set(form)) <= _FEW or form in _COUNTING

    def uuid(self, form: str) -> bool:
        return not form or form in self.uuids or len(set(form)) == 1

    def mac(self, form: str) -> bool:
        """Whether it is no address of one adapter: on the list, of a group, without a maker, or of one digit."""
        return (
            not form
            or form in self.macs
            or form.startswith(("000000", *self.mac_prefixes))
            or len(set(form)) == 1
            or bool(int(form[1], 16) & _GROUP)
        )


def read(path: Path) -> Junk:
    """Raises OSError, tomllib.TOMLDecodeError, KeyError."""
    lists: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))

    def bare(name: str) -> frozenset[str]:
        return frozenset(forms.bare(value) for value in lists[name])

    return Junk(
        serials=bare("serials"),
        uuids=frozenset(forms.uuid(value) for value in lists["uuids"]),
        macs=frozenset(forms.mac(value) for value in lists["macs"]),
        mac_prefixes=tuple(sorted(bare("mac_prefixes"))),
        kept_prefixes=tuple(sorted(bare("kept_prefixes"))),
        hostnames=bare("hostnames"),
        domains=bare("domains"),
    )


JUNK = read(Path(__file__).with_name("junk.toml"))
