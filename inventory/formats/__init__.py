"""Inventories of machines as agents send them, read into the one form that is kept: GLPI's `inventory_format`.

Bytes in, values out. `read_inventory` takes JSON (GLPI Agent) and XML (FusionInventory, OCS Inventory). What is wrong with a
part of one is told with its JSON path, and costs that part only; what cannot be read at all is refused.
"""

from dataclasses import dataclass, field
from typing import Any

from core.errors import BadInput
from inventory.formats.json_documents import read_json
from inventory.formats.raw import Fault, Raw
from inventory.formats.sections import checked, plain_text
from inventory.formats.xml_documents import read_xml

ITEMTYPES = ("Computer", "NetworkEquipment", "Phone", "Printer", "Unmanaged")
MAX_NAME = 255
NEITHER = "Post the inventory of a GLPI, FusionInventory or OCS agent"


@dataclass(frozen=True, slots=True)
class Inventory:
    """One report about one machine. `content` has the sections and fields of the `inventory_format`."""

    device_id: str
    """The agent's own name for the machine: changes when the agent is installed anew."""
    item_type: str
    client: str
    """Which agent made it, with its version; may be empty."""
    tag: str
    partial: bool
    """Only sections that have changed."""
    content: dict[str, Any] = field(hash=False)
    faults: tuple[Fault, ...] = ()
    """What was wrong and left out."""


def read_inventory(plain: bytes) -> Inventory:
    """The inventory in an unpacked body.

    Raises:
        BadInput: it is not one, or is past a bound; `where` is the JSON path (or the line, in XML that is no XML).
    """
    if plain[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in plain[:4]:
        raise BadInput("UTF-16 or UTF-32", where="$", todo="Post it in UTF-8")
    start = plain[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start not in (b"{", b"<"):
        raise BadInput("neither JSON nor XML", where="$", todo=NEITHER)
    raw = read_json(plain) if start == b"{" else read_xml(plain)
    return _of(raw)


def _of(raw: Raw) -> Inventory:
    device_id = plain_text(raw.device_id)
    if not device_id or len(device_id) > MAX_NAME:
        raise BadInput("no name of the agent" if not device_id else "name too long", where="$.deviceid")
    if raw.item_type not in ITEMTYPES:
        raise BadInput(
            f"item type {raw.item_type[:40]!r} is not known",
            where="$.itemtype",
            todo=f"Known are {', '.join(ITEMTYPES)}",
        )
    content, faults = checked(raw.content)
    if not content:
        raise BadInput("nothing in it", where="$.content")
    client = content.pop("versionclient", "")
    return Inventory(
        device_id=device_id,
        item_type=raw.item_type,
        client=client if isinstance(client, str) else "",
        tag=plain_text(raw.tag)[:MAX_NAME],
        partial=raw.partial,
        content=content,
        faults=(*raw.faults, *faults),
    )
