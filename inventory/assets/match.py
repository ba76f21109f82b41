"""Which row of a unit's asset book is which of its machines. Pure.

People write books, so nothing in one is believed against itself: a row is a machine when what agrees says so of this one machine
and of this row alone, and nothing that is stronger says otherwise. All else is left to a person, with what speaks for each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inventory.identity import forms
from inventory.identity.junk import JUNK

Sign = Literal["serial", "mac", "asset_number", "hostname"]
SIGNS: tuple[Sign, ...] = ("serial", "mac", "asset_number", "hostname")
"""The strongest first. A name alone is enough where nothing speaks against it: it can be given anew."""
_NETBIOS = 15


@dataclass(frozen=True, slots=True)
class Written:
    """What a row of the book says; `key` names it."""

    key: str
    asset_number: str = ""
    serial: str = ""
    mac: str = ""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a machine; `key` is its name, or a MAC that only sweeps heard."""

    key: str
    asset_number: str = ""
    serial: str = ""
    macs: tuple[str, ...] = ()
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """A row and a machine of which something agrees, by the strongest sign first; `differs` is what both tell otherwise."""

    row: str
    machine: str
    agrees: tuple[Sign, ...]
    differs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """`found`: by row. `unclear`: by row, the machines that it may be. `unseen`: rows without a machine; `unlisted`: machines
    that are in no row."""

    found: Mapping[str, Fit]
    unclear: Mapping[str, Sequence[Fit]]
    unseen: Sequence[str]
    unlisted: Sequence[str]


def match(book: Iterable[Written], machines: Iterable[Seen]) -> Matching:
    """The same whatever comes first. Keys are unique among rows, and among machines."""
    rows = {row.key: _of_row(row) for row in book}
    seen = {machine.key: _of_machine(machine) for machine in machines}
    by_value: defaultdict[tuple[Sign, str], list[str]] = defaultdict(list)
    for key, told in seen.items():
        for sign, values in told.items():
            for value in values:
                by_value[sign, value].append(key)
    fits: dict[str, list[Fit]] = {}
    for key, told in rows.items():
        near = {other for sign, values in told.items() for value in values for other in by_value[sign, value]}
        fits[key] = [_fit(key, told, other, seen[other]) for other in sorted(near)]
    chosen = {key: fit for key, some in fits.items() if (fit := _only(some)) is not None}
    claims: defaultdict[str, list[Fit]] = defaultdict(list)
    for fit in chosen.values():
        claims[fit.machine].append(fit)
    found = {fit.row: fit for some in claims.values() if (fit := _strongest(some)) is not None}
    unclear = {key: some for key, some in fits.items() if some and key not in found}
    taken = {fit.machine for fit in found.values()} | {
        fit.machine for some in unclear.values() for fit in some
    }
    return Matching(
        dict(sorted(found.items())),
        dict(sorted(unclear.items())),
        sorted(key for key, some in fits.items() if not some),
        sorted(seen.keys() - taken),
    )


def _only(fits: Sequence[Fit]) -> Fit | None:
    """The machine that a row is, by itself."""
    hard = [fit for fit in fits if fit.agrees[0] != "hostname"]
    sure = [fit for fit in hard or fits if _sure(fit)]
    return sure[0] if len(sure) == 1 and len(hard or fits) == 1 else None


def _sure(fit: Fit) -> bool:
    """Nothing speaks against it that is at least as strong as what speaks for it."""
    return all(SIGNS.index(sign) > SIGNS.index(fit.agrees[0]) for sign in fit.differs)


def _strongest(fits: Sequence[Fit]) -> Fit | None:
    """Of rows that are one machine, the one that says most clearly so; None where two say the same."""
    first, *rest = sorted(fits, key=lambda fit: SIGNS.index(fit.agrees[0]))
    return None if any(fit.agrees[0] == first.agrees[0] for fit in rest) else first


Told = Mapping[Sign, frozenset[str]]


def _fit(row: str, written: Told, machine: str, told: Told) -> Fit:
    both = [sign for sign in SIGNS if written[sign] and told[sign]]
    agrees = tuple(sign for sign in both if written[sign] & told[sign])
    return Fit(row, machine, agrees, tuple(sign for sign in both if sign not in agrees))


def _of_row(row: Written) -> Told:
    return _told(row.serial, (row.mac,), row.asset_number, row.hostname)


def _of_machine(machine: Seen) -> Told:
    return _told(machine.serial, machine.macs, machine.asset_number, machine.hostname)


def _told(serial: str, macs: Iterable[str], number: str, hostname: str) -> Told:
    name = hostname.strip().upper().partition(".")[0][:_NETBIOS]
    return {
        "serial": _some(forms.bare(serial), junk=JUNK.serial(forms.bare(serial))),
        "mac": frozenset(mac for each in macs if not JUNK.mac(mac := forms.mac(each))),
        "asset_number": _some(forms.bare(number), junk=forms.bare(number) in JUNK.serials),
        "hostname": _some(name, junk=forms.bare(name) in JUNK.hostnames),
    }


def _some(value: str, *, junk: bool) -> frozenset[str]:
    return frozenset() if junk or not value else frozenset({value})
