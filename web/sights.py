"""How services look to people: what a unit sees of one, what is true of it, and its headline, each with a word."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from collector.services.steps import EXCERPT
from collector.services.views import Headline, Sees, ServiceState, Shared, Standing
from core.values import Cause
from web.i18n import Speaker, mark
from web.palette import BY_KEY, Look

CUT = "M3.5 1.5 8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5z"
"""A cross: the unit itself has no line. Painted as what is unknown, for it says nothing of the service."""


@dataclass(frozen=True, slots=True)
class Face:
    """`shape` is a symbol of the page's sprite, `paint` the key of a `web.palette.Look` that colours it."""

    shape: str
    paint: str
    word: str


FACES: Mapping[Sees, Face] = {
    Sees.UP: Face("good", "good", mark("Works")),
    Sees.SLOW: Face("degraded", "degraded", mark("Slow")),
    Sees.DOWN: Face("down", "down", mark("Does not work")),
    Sees.NO_LINE: Face("cut", "unknown", mark("The unit has no line")),
    Sees.UNKNOWN: Face("unknown", "unknown", mark("No data")),
}

STANDINGS: Mapping[Standing, Face] = {
    Standing.UP: Face("good", "good", mark("Works")),
    Standing.SLOW: Face("degraded", "degraded", mark("Slow for all")),
    Standing.UNREACHABLE: Face("degraded", "degraded", mark("Not reached from everywhere")),
    Standing.DOWN: Face("down", "down", mark("Out of service")),
    Standing.UNKNOWN: Face("unknown", "unknown", mark("No data")),
}
PLANNED = Face("maintenance", "maintenance", mark("Planned work"))

WORST: Sequence[Standing] = (
    Standing.DOWN,
    Standing.UNREACHABLE,
    Standing.SLOW,
    Standing.UNKNOWN,
    Standing.UP,
)
"""The order in which services are listed."""

SIGNS_IN, PICTURES = frozenset({"scenario", "imap"}), frozenset({"rtsp", "onvif"})
SHARED: Mapping[str, str] = {
    "hub": mark("Hub: {value}"),
    "provider": mark("Provider: {value}"),
    "resolver": mark("Name server: {value}"),
    "dns": mark("Name resolution: {value}"),
    "certificate": mark("Certificate: {value}"),
    "family": mark("IPv{value}"),
}
UNKNOWN = mark("not known")


def face_of(state: ServiceState) -> Face:
    """Work that was planned shows before what it does."""
    if state.planned and state.status is not Standing.UP:
        return PLANNED
    return STANDINGS[state.status]


def headline(speaker: Speaker, found: Headline, kinds: Collection[str]) -> str:
    """The sentence behind the figures: what the units can do, by the kinds of the service's checks."""
    if SIGNS_IN.intersection(kinds):
        return speaker.ngettext("unit can sign in", "units can sign in", found.of)
    if kinds and PICTURES.issuperset(kinds):
        return speaker.ngettext("unit has a picture", "units have a picture", found.of)
    return speaker.ngettext("unit can use it", "units can use it", found.of)


def split(found: Headline) -> Sequence[tuple[str, int]]:
    """Why it does not work for units, the most first; what is not known comes last."""
    return sorted(found.not_for.items(), key=lambda each: (each[0] == "unknown", -each[1], each[0]))


def cause_key(cause: str) -> str:
    """What `web.verdicts.cause` has a word for."""
    return UNKNOWN if cause == "unknown" else cause


def shared(speaker: Speaker, common: Shared, value: str) -> str:
    """What units have in common, in words; `value` as people know it (a unit's name, a reason in words)."""
    message = SHARED.get(common.kind)
    return speaker.gettext(message, value=value) if message else f"{common.kind}: {value}"


def look_of_cause(cause: str) -> Look:
    """A power cut, planned work and what is not known have looks of their own."""
    own = {Cause.POWER.value: "power", Cause.PLANNED.value: "maintenance", "unknown": "unknown"}
    return BY_KEY[own.get(cause, "down")]


def is_cut(excerpt: str) -> bool:
    """Whether the page said more than the excerpt: agents keep whole characters, of four bytes at most."""
    return len(excerpt.encode()) > EXCERPT - 4
