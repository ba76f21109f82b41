"""Secrets beside the checks that name them: what is set, what is missing. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.secrets import names_in
from inventory.records import PlannedCheck


class Named(Protocol):
    """A secret that is kept."""

    @property
    def name(self) -> str: ...
    @property
    def changed_at(self) -> int: ...
    @property
    def who(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Use:
    """A secret, and how many planned checks name it. `changed_at` is None where it is named and not kept."""

    name: str
    changed_at: int | None
    who: str
    checks: int


def uses(kept: Iterable[Named], checks: Iterable[PlannedCheck]) -> Sequence[Use]:
    """All secrets that are kept or named, by name."""
    named = Counter(name for planned in checks for name in names_in(planned.check.params))
    known = {secret.name: secret for secret in kept}
    return [
        Use(name, known[name].changed_at, known[name].who, named[name])
        if name in known
        else Use(name, None, "", named[name])
        for name in sorted(known.keys() | named.keys())
    ]
