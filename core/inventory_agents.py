"""What the inventory agents of offices (GLPI Agent, FusionInventory, OCS Inventory) say over HTTP, and what they want to hear.

Bytes in, values out: the relay in a unit and the centre answer them with this. Nothing here reads an inventory, which is
the centre's work: only what kind of request it is. Observed of FusionInventory Agent 2.6, the OCS unified agent 2.10 and
GLPI Agent 1.x.
"""

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.compress import TooLarge
from core.errors import BadInput

MAX_PACKED = 1 << 20
"""Bytes of an inventory as sent."""
MAX_PLAIN = 16 << 20
"""Bytes of an inventory after decompression."""
OTHER_TASKS = ("collect", "deploy", "esx", "netdiscovery", "netinventory", "wakeonlan")
"""Of GLPI Agent: it would ask for each, and log that there is none."""
HOURS = 24
"""How long agents wait until their next inventory."""

Packing = Literal["zlib", "gzip", "plain"]
Kind = Literal["contact", "prolog", "inventory", "other"]
AGENT_ID = b"glpi-agent-id"
"""Header by which GLPI Agent tells that it is one."""
_HEAD = 4096
_QUERY = re.compile(rb"<QUERY>\s*([A-Za-z]+)\s*</QUERY>")
_ACTION = re.compile(rb'"action"\s*:\s*"([A-Za-z-]{1,32})"')
_DEVICE = re.compile(rb"""<DEVICEID>\s*([^<\s]{1,255})\s*</DEVICEID>|"deviceid"\s*:\s*"([^"\\]{1,255})\"""")
_TEXT = {"zlib": "application/x-compress-zlib", "gzip": "application/x-compress-gzip"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of an inventory agent."""

    kind: Kind
    form: Literal["xml", "json"]
    packing: Packing
    device: str = ""
    """The agent's own name for the machine; empty where it stands in an unusual place."""


@dataclass(frozen=True, slots=True)
class Answer:
    content_type: str
    body: bytes


def unpacked(body: bytes, limit: int = MAX_PLAIN) -> tuple[bytes, Packing]:
    """The plain bytes and how they were packed, as their own first bytes tell: content types of agents do not always.

    Raises:
        TooLarge: more than `limit` bytes would come out.
        BadInput: it begins like a packed body and is none, or is cut short.
    """
    packing: Packing = "plain"
    if body[:2] == b"\x1f\x8b":
        packing = "gzip"
    elif len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0:
        packing = "zlib"
    if packing == "plain":
        if len(body) > limit:
            raise TooLarge(f"inventory of {len(body)} bytes, the limit is {limit}")
        return body, packing
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | (16 if packing == "gzip" else 0))
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadInput(f"body is not valid {packing}: {error}") from error
    if len(plain) > limit:
        raise TooLarge(f"inventory inflates past the limit of {limit} bytes")
    if not unpacker.eof:
        raise BadInput(f"{packing} body is cut short")
    return plain, packing


def read(plain: bytes, packing: Packing = "plain", headers: Iterable[tuple[bytes, bytes]] = ()) -> Ask:
    """What an unpacked body asks for, from its beginning and its end. `headers` of the request: names in small letters.

    GLPI Agent begins with the PROLOG of its forefathers, until an answer shows that one understands it: it is heard as the contact
    that it would have sent. Where it is not, the agent goes on in XML for good.

    Raises:
        BadInput: it is neither XML nor a JSON object, or XML with declarations, which no reader here takes.
    """
    start = plain[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    named = _DEVICE.search(plain[:_HEAD]) or _DEVICE.search(plain[-_HEAD:])
    device = (named.group(1) or named.group(2)).decode("utf-8", "replace") if named else ""
    if start[:1] == b"{":
        found = _ACTION.search(plain[:_HEAD]) or _ACTION.search(plain[-_HEAD:])
        action = found.group(1).lower() if found else b"inventory"
        if action == b"contact":
            return Ask("contact", "json", packing, device)
        return Ask(
            "inventory" if action in (b"inventory", b"netinventory") else "other", "json", packing, device
        )
    if start[:1] == b"<":
        if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
            raise BadInput("XML that declares a type or entities", todo="Post XML without declarations")
        # FusionInventory puts the query last, after half a megabyte; OCS does so too.
        query = _QUERY.search(plain[:_HEAD]) or _QUERY.search(plain[-_HEAD:])
        name = query.group(1).upper() if query else b""
        if name == b"PROLOG" and any(header == AGENT_ID for header, _ in headers):
            return Ask("contact", "json", packing, device)
        kinds: dict[bytes, Kind] = {b"PROLOG": "prolog", b"INVENTORY": "inventory"}
        return Ask(kinds.get(name, "other"), "xml", packing, device)
    raise BadInput("neither XML nor JSON", todo="Post the inventory of a GLPI, FusionInventory or OCS agent")


def answer(ask: Ask, hours: int = HOURS) -> Answer:
    """What an agent that asked so goes on with."""
    if ask.form == "json":
        said: dict[str, object] = {"status": "ok", "expiration": hours}
        if ask.kind == "contact":
            said["tasks"] = {"inventory": {"server": "nhip", "version": "1"}}
            said["disabled"] = OTHER_TASKS
        return _packed(json.dumps(said).encode(), ask.packing, "application/json")
    inner = f"<RESPONSE>SEND</RESPONSE><PROLOG_FREQ>{hours}</PROLOG_FREQ>" if ask.kind == "prolog" else ""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<REPLY>{inner}</REPLY>\n'
    return _packed(text.encode(), ask.packing, "application/xml")


def refusal(ask: Ask, message: str) -> Answer:
    """What an agent logs when its inventory is not taken."""
    if ask.form == "json":
        return _packed(
            json.dumps({"status": "error", "message": message, "expiration": HOURS}).encode(),
            ask.packing,
            "application/json",
        )
    return _packed(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<REPLY></REPLY>\n', ask.packing, "application/xml"
    )


def _packed(plain: bytes, packing: Packing, content_type: str) -> Answer:
    if packing == "plain":
        return Answer(content_type, plain)
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | (16 if packing == "gzip" else 0))
    return Answer(_TEXT[packing], packer.compress(plain) + packer.flush())
