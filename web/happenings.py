"""What happened in a unit, each linked to the device that told it."""

from dataclasses import dataclass

from collector.notices import plain_address
from collector.views import Happening
from inventory.whose import Way, whose
from web.context import Context

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Told:
    """`source` is the address of the device that told it, empty for the agent's own word. `device` and `device_kind` are those of
    the watched device that had the address then, empty where none had; `whose` the address was by the unit's links: `gateway`,
    `router`, or empty."""

    at: int
    kind: str
    text: str
    source: str
    device: str
    device_kind: str
    whose: str


def told(context: Context, code: str, start: int, end: int, limit: int) -> list[Told]:
    """The newest `limit` of a period, in order of time."""
    # A chatty device is looked up once a day and not a thousand times: addresses seldom change hands.
    known: dict[tuple[str, int], tuple[str, str, str]] = {}
    found = []
    for each in context.views.happenings(code, start, end, limit):
        key = (each.source, each.at // DAY_MS)
        if key not in known:
            known[key] = _who(context, code, each) if each.source else ("", "", "")
        found.append(Told(each.at, each.kind, each.text, each.source, *known[key]))
    return found


def _who(context: Context, code: str, each: Happening) -> tuple[str, str, str]:
    """Name and kind of the watched device, and whose the address is."""
    watched = context.registry.watched_devices(code, each.at)
    device = next((one for one in watched if plain_address(one.address) == each.source), None)
    owner = whose(each.source, Way(code, context.registry.links(code, each.at), (), "")).whose
    return (
        device.name if device is not None else "",
        device.kind if device is not None else "",
        owner if owner in ("gateway", "router") else "",
    )
