"""Lists as files, for people who open them in a spreadsheet. Text stays text there, whatever it begins with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from starlette.responses import Response

from inventory.exchange.csv_files import write_csv
from inventory.exchange.xlsx_files import write_xlsx
from web.i18n import Speaker, local_time, mark
from web.pages.machines.about import FOUND, KINDS
from web.pages.machines.items import Item

Cell = str | int | float | None
Format = Annotated[Literal["csv", "xlsx"] | None, Query(description="As a file instead of a page.")]
MachinesFormat = Annotated[
    Literal["csv", "xlsx", "netbox"] | None,
    Query(
        description="As a file instead of a page; `netbox`: CSV with the columns in which NetBox takes devices."
    ),
]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MACHINES = (
    mark("Unit code"),
    mark("Unit"),
    mark("Kind"),
    mark("Name"),
    mark("Users"),
    mark("Maker"),
    mark("Model"),
    mark("Serial number"),
    mark("Asset number"),
    mark("System"),
    mark("Memory, MB"),
    mark("Addresses"),
    mark("MAC"),
    mark("First seen"),
    mark("Last seen"),
    mark("Findings"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is that of the sheet and of the file; titles are translated already."""

    name: str
    titles: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def as_file(table: Table, kind: Literal["csv", "xlsx"], now: int) -> Response:
    """The table as a file to keep, its name with the day."""
    rows = [table.titles, *([_plain(cell) for cell in row] for row in table.rows)]
    if kind == "csv":
        body = write_csv([["" if cell is None else str(cell) for cell in row] for row in rows])
    else:
        body = write_xlsx({table.name: rows})
    name = f"nhip-{table.name}-{local_time(now).date().isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Cookie"}
    return Response(body, headers=headers, media_type=_TYPES[kind])


def of_machines(speaker: Speaker, unit_name: dict[str, str], items: Iterable[tuple[str, Item]]) -> Table:
    """One row for each machine: `items` are units' codes and their machines."""
    rows = (
        (
            unit,
            unit_name.get(unit, unit),
            speaker.gettext(KINDS[item.kind]),
            item.told,
            item.user,
            item.vendor,
            item.model,
            item.serial,
            item.asset,
            item.system,
            item.memory_mb,
            " ".join(item.addresses),
            " ".join(item.macs),
            time(item.first_seen),
            time(item.last_seen),
            speaker.gettext(FOUND[item.finding.kind].word) if item.finding else "",
        )
        for unit, item in items
    )
    return Table("machines", [speaker.gettext(title) for title in _MACHINES], rows)


def time(at: int | None) -> str:
    """As spreadsheets sort and read it, in the province's time."""
    if at is None:
        return ""
    then: datetime = local_time(at)
    return f"{then:%Y-%m-%d %H:%M}"


def _plain(cell: Cell) -> Cell:
    return ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell
