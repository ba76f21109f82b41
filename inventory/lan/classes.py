"""What a device of a LAN is, by the signs that it gives; the table is data (`classes.toml`). Pure."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

OTHER = "other"


class _Signs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fingerprint: frozenset[int] = frozenset()
    makers: tuple[str, ...] = ()


SIGNS: Mapping[str, _Signs] = msgspec.convert(
    tomllib.loads((Path(__file__).parent / "classes.toml").read_text("utf-8")), dict[str, _Signs]
)


def class_of(hints: Mapping[str, Sequence[str]], names: Sequence[str] = (), maker: str = "") -> str:
    """A class of `inventory.census.facts.CLASSES`, by the hints of a sighting, what it calls itself and who made its adapter."""
    kinds = frozenset(hints.get("kind", ()))
    models = [model.lower() for model in hints.get("model", ())]
    own = [name.lower() for name in names]
    asked = [_numbers(text) for text in hints.get("fingerprint", ())]
    made = maker.lower()
    told: tuple[Callable[[_Signs], bool], ...] = (
        lambda signs: not kinds.isdisjoint(signs.kinds),
        lambda signs: any(part in model for part in signs.models for model in models),
        lambda signs: any(name.startswith(part) for part in signs.names for name in own),
        lambda signs: not kinds.isdisjoint(signs.roles),
        lambda signs: bool(signs.fingerprint) and any(signs.fingerprint <= each for each in asked),
        lambda signs: bool(made) and made.startswith(signs.makers),
    )
    for sign in told:
        for name, signs in SIGNS.items():
            if sign(signs):
                return name
    return OTHER


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split(",") if part.isdecimal() and part.isascii())
