"""The columns of asset books in words, and what becomes of rows."""

from collections.abc import Mapping

from web.i18n import mark

COLUMNS: Mapping[str, str] = {
    "asset_number": mark("Asset number"),
    "description": mark("Description"),
    "serial": mark("Serial number"),
    "mac": mark("MAC"),
    "hostname": mark("Name"),
    "user": mark("User"),
    "room": mark("Room"),
    "bought": mark("Bought"),
    "warranty_end": mark("Warranty until"),
    "note": mark("Note"),
    "valid_from": mark("From"),
    "valid_to": mark("To"),
}
BOOK_COLUMNS = {name: title for name, title in COLUMNS.items() if not name.startswith("valid_")}
CHANGES: Mapping[str, str] = {
    "add": mark("new"),
    "change": mark("changed"),
    "end": mark("ends"),
    "remove": mark("removed"),
}
NAME, MACHINE = mark("Name"), mark("Machine")
