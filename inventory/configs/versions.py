"""From each time that a device was looked at to versions of its configuration. Pure.

A version is a stretch in which nothing changed. One that comes back is a version again: who changed something and took it
back is seen to have done both. What was seen, in any order, gives the same versions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

KEEPS: Mapping[str, str] = {
    "mikrotik": "at once",
    "cisco": "saved",
    "huawei": "saved",
    "h3c": "saved",
    "juniper": "committed",
    "zte": "saved",
    "vyos": "saved",
    "frr": "saved",
    "linux": "files",
}
"""By vendor, when what is changed is what a device starts with: at once, with each commit, when somebody saves it; or its files are read, and
nothing is said of what runs. As agents have it (`agents/config/vendors.toml`)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a device. `running` and `startup` are digests; `startup` is empty where there is no such thing."""

    id: int
    at: int
    vendor: str
    running: str
    startup: str
    draft: str = ""
    """What is entered and not in effect yet; empty where nothing is."""
    unconfirmed: bool = False
    """The device takes back what runs unless somebody confirms it."""
    host_key: str = ""
    """The fingerprint of its SSH key; empty where the agent did not tell it."""

    @property
    def saved(self) -> bool | None:
        """Whether the device would start with what runs; None where that is not known, or makes no difference."""
        return not self.unconfirmed and self.running == self.startup if self.startup else None


@dataclass(frozen=True, slots=True)
class Version:
    """What ran from `first_seen` to `last_seen`, or longer: it was looked at in between only."""

    id: int
    """Of the first look that saw it; every look at it leads to it."""
    first_seen: int
    last_seen: int
    vendor: str
    running: str
    last: Seen
    """How it was seen last."""
    looks: int

    @property
    def startup(self) -> str:
        return self.last.startup

    @property
    def saved(self) -> bool | None:
        """As of last."""
        return self.last.saved


def versions(seen: Iterable[Seen]) -> list[Version]:
    """Oldest first."""
    found: list[Version] = []
    for look in sorted(seen, key=lambda look: (look.at, look.id)):
        last = found[-1] if found else None
        if last is not None and (last.vendor, last.running) == (look.vendor, look.running):
            found[-1] = replace(last, last_seen=look.at, last=look, looks=last.looks + 1)
        else:
            found.append(Version(look.id, look.at, look.at, look.vendor, look.running, look, looks=1))
    return found


def since(seen: Iterable[Seen], holds: Callable[[Seen], bool | None]) -> int | None:
    """The first of the last looks, oldest first, of which it is true; None if it is not true of the last that says anything. A look of which it
    is not known whether it is (None) says nothing."""
    first = None
    for look in seen:
        if (found := holds(look)) is not None:
            first = (look.at if first is None else first) if found else None
    return first


def version_of(found: Iterable[Version], look: Seen) -> Version | None:
    """The one that a look belongs to."""
    return next((each for each in found if each.first_seen <= look.at <= each.last_seen), None)
