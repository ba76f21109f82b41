"""Machines in the columns in which NetBox takes devices (Devices → Import, as of NetBox 4). Pure.

NetBox knows the role, the manufacturer, the device type and the site by their names, which have to be there before. Within a site
it wants each name once, and each asset tag once at all.
"""

from collections.abc import Iterable, Iterator, Mapping

from web.pages.machines.about import KINDS
from web.pages.machines.items import Item
from web.pages.machines.tables import Cell, Table

COLUMNS = (
    "name",
    "role",
    "manufacturer",
    "device_type",
    "serial",
    "asset_tag",
    "status",
    "site",
    "description",
    "comments",
)
UNKNOWN = "unknown"
"""Stands for what NetBox needs and nobody told."""


def for_netbox(unit_name: Mapping[str, str], items: Iterable[tuple[str, Item]]) -> Table:
    """One row for each machine: `items` are units' codes and their machines."""
    return Table("netbox", COLUMNS, _rows(unit_name, items))


def _rows(unit_name: Mapping[str, str], items: Iterable[tuple[str, Item]]) -> Iterator[tuple[Cell, ...]]:
    names: set[tuple[str, str]] = set()
    tags: set[str] = set()
    for unit, item in items:
        site = unit_name.get(unit, unit)[:100]
        tag = item.asset[:50] if item.asset[:50] not in tags else ""
        tags.add(tag)
        yield (
            _once(item.told, site, names),
            KINDS[item.kind],
            item.vendor[:100] or UNKNOWN,
            item.model[:100] or UNKNOWN,
            item.serial[:50],
            tag,
            "offline" if item.finding and item.finding.kind == "missing" else "active",
            site,
            item.system[:200],
            " ".join((*item.addresses, *item.macs)),
        )


def _once(name: str, site: str, taken: set[tuple[str, str]]) -> str:
    """The name, with a number behind it where the site has it already; case makes no difference to NetBox."""
    found, number = name[:64], 1
    while (site, found.casefold()) in taken:
        number += 1
        found = f"{name[:58]} ({number})"
    taken.add((site, found.casefold()))
    return found
