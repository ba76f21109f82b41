"""What a device said of itself over SNMP, for people: the facts that matter."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.samples import Point
from collector.views import CheckState
from inventory.devices import Device
from web.i18n import Speaker, mark
from web.pages.hosts import join, parts
from web.words import KINDS, figure, word

NEIGHBOURS, SUPPLIES = 12, 12
"""That are listed; more are counted."""
ADDRESS, NAME, KIND, MODEL = mark("Address"), mark("Name"), mark("Kind"), mark("Model")
SERIAL, VERSION, PLACE, LOAD = mark("Serial number"), mark("Version"), mark("Place"), mark("Load")
MEMORY, SUPPLY, NEXT_TO = mark("Memory and disks"), mark("Supplies"), mark("Connected to")
LOADS = (
    "uptime_seconds",
    "cpu_ratio",
    "memory_used_ratio",
    "temperature_celsius",
    "ups_charge_ratio",
    "ups_minutes_left",
    "ups_load_ratio",
    "pages_printed",
)


def asked_facts(
    speaker: Speaker, device: Device, check: CheckState | None
) -> Sequence[tuple[str, Sequence[str]]]:
    """(translated title, lines); what the device does not say is left out. `check` asks it and has its figures."""
    body, figures = device.body, check.figures if check else {}
    kind = speaker.gettext(KINDS.get(device.kind, device.kind))
    found = [
        (ADDRESS, [device.address]),
        (NAME, [device.name if device.name != device.address else ""]),
        (KIND, [kind]),
        (MODEL, [join(body.get("vendor"), body.get("model")) or _short(body.get("description"))]),
        (SERIAL, [_short(body.get("serial"))]),
        (VERSION, [_short(body.get("version"))]),
        (PLACE, [_short(body.get("location"))]),
        (
            LOAD,
            [
                f"{word(speaker, name)}: {figure(speaker, name, figures[name].value)}"
                for name in LOADS
                if name in figures
            ],
        ),
        (MEMORY, [_store(speaker, each, figures) for each in parts(body, "storage")]),
        (SUPPLY, _supplies(speaker, body, figures)),
        (NEXT_TO, _neighbours(speaker, body)),
    ]
    lines = [(speaker.gettext(title), [line for line in some if line]) for title, some in found]
    return [(title, some) for title, some in lines if some]


def _store(speaker: Speaker, store: Mapping[str, Any], figures: Mapping[str, Point]) -> str:
    name, size = _short(store.get("name")), store.get("bytes")
    used = figures.get(f"disk_used_ratio#{name[:40]}")
    return join(
        name,
        speaker.bytes(size) if isinstance(size, int | float) else "",
        speaker.gettext("{share} used", share=speaker.percent(used.value, 0)) if used else "",
    )


def _supplies(speaker: Speaker, body: Mapping[str, Any], figures: Mapping[str, Point]) -> list[str]:
    said = body.get("supplies")
    names = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    lines = []
    for name in names[:SUPPLIES]:
        left = figures.get(f"supply_left_ratio#{name}")
        lines.append(join(name, speaker.percent(left.value, 0) if left else ""))
    return [*lines, *_more(speaker, len(names) - SUPPLIES)]


def _neighbours(speaker: Speaker, body: Mapping[str, Any]) -> list[str]:
    said = parts(body, "neighbours")
    lines = [
        f"{_short(each.get('port'))} → {join(each.get('name') or each.get('chassis'), each.get('their_port'))}"
        for each in said[:NEIGHBOURS]
    ]
    return [*lines, *_more(speaker, len(said) - NEIGHBOURS)]


def _more(speaker: Speaker, count: int) -> list[str]:
    return [speaker.ngettext("and {count} more", "and {count} more", count)] if count > 0 else []


def _short(value: object) -> str:
    return value[:120] if isinstance(value, str) else ""
