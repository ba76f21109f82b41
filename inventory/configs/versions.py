"""From each time that a device was looked at to versions of its configuration. Pure.

A version is a stretch in which nothing changed. One that comes back is a version again: who changed something and took it
back is seen to have done both. What was seen, in any order, gives the same versions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a device. `running` and `startup` are digests; `startup` is empty where there is no such thing."""

    id: int
    at: int
    vendor: str
    running: str
    startup: str


@dataclass(frozen=True, slots=True)
class Version:
    """What ran from `first_seen` to `last_seen`, or longer: it was looked at in between only."""

    id: int
    """Of the first look that saw it; every look at it leads to it."""
    first_seen: int
    last_seen: int
    vendor: str
    running: str
    startup: str
    """As it was last."""
    looks: int

    @property
    def saved(self) -> bool | None:
        """Whether the device would start with it, as of last; None where it makes no such difference."""
        return self.running == self.startup if self.startup else None


def versions(seen: Iterable[Seen]) -> list[Version]:
    """Oldest first."""
    found: list[Version] = []
    for look in sorted(seen, key=lambda look: (look.at, look.id)):
        last = found[-1] if found else None
        if last is not None and (last.vendor, last.running) == (look.vendor, look.running):
            found[-1] = replace(last, last_seen=look.at, startup=look.startup, looks=last.looks + 1)
        else:
            found.append(Version(look.id, look.at, look.at, look.vendor, look.running, look.startup, looks=1))
    return found


def version_of(found: Iterable[Version], look: Seen) -> Version | None:
    """The one that a look belongs to."""
    return next((each for each in found if each.first_seen <= look.at <= each.last_seen), None)
