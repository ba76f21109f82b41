"""DHCP (RFC 2131, options of RFC 2132): what a client says of itself, and who serves. Pure, never raises on foreign bytes."""

from collections.abc import Mapping
from typing import NamedTuple

from agents.sweep.heard import NOTHING, TEXT, Told, distinct, hinted, named

_FIXED = 240
"""Bytes before the options, with the magic cookie."""
_COOKIE = b"\x63\x82\x53\x63"
_HOST, _WANTED, _CLASS, _FQDN = 12, 55, 60, 81
_OPTIONS = 64
VENDOR_KINDS: Mapping[str, str] = {
    "msft ": "computer",
    "android-dhcp": "mobile",
    "udhcp": "appliance",
    "cisco ap": "access point",
    "arubaap": "access point",
    "ubnt": "access point",
    "ip phone": "phone",
    "yealink": "phone",
    "grandstream": "phone",
    "mikrotik": "router",
    "hikvision": "camera",
    "dahua": "camera",
    "hewlett-packard jetdirect": "printer",
    "brother": "printer",
}
"""By parts of the vendor class (option 60), in lower case."""


class Lease(NamedTuple):
    """`client` is the hardware address that the message is about; `address` the one the client says it has, if it does."""

    client: bytes
    told: Told
    address: bytes


def read_dhcp(data: bytes) -> Lease | None:
    """A message of a client in this LAN (not one that a relay passes on), or of a server.

    Of a server's the client is empty: what it tells is that its sender serves.
    """
    if len(data) < _FIXED or data[_FIXED - 4 : _FIXED] != _COOKIE or data[0] not in (1, 2):
        return None
    if data[1:3] != b"\x01\x06" or any(data[24:28]):
        return None
    if data[0] == 2:
        return Lease(b"", Told(kinds=("dhcp server",)), b"")
    options = _options(data)
    vendor = named(options.get(_CLASS, b""), TEXT)
    full = options.get(_FQDN, b"")
    names = [named(options.get(_HOST, b"")), _fqdn(full)]
    wanted = ",".join(str(code) for code in options.get(_WANTED, b"")[:64])
    told = Told(distinct(names, 2), hinted([vendor], VENDOR_KINDS), (), (), vendor, wanted)
    has = data[12:16]
    return Lease(data[28:34], NOTHING if not options else told, has if any(has) else b"")


def _options(data: bytes) -> Mapping[int, bytes]:
    """Options by their code; parts of one that came in several are put together (RFC 3396)."""
    found: dict[int, bytes] = {}
    place = _FIXED
    for _ in range(_OPTIONS):
        while place < len(data) and data[place] == 0:
            place += 1
        if place + 1 >= len(data) or data[place] == 255:
            break
        value = data[place + 2 : place + 2 + data[place + 1]]
        found[data[place]] = found.get(data[place], b"") + value
        place += 2 + data[place + 1]
    return found


def _fqdn(value: bytes) -> str:
    """The name of option 81 (RFC 4702): text, or in the wire form of DNS where the flag E says so."""
    if len(value) < 4:
        return ""
    if not value[0] & 0x04:
        return named(value[3:])
    labels: list[bytes] = []
    place = 3
    while place < len(value) and 0 < value[place] < 64:
        labels.append(value[place + 1 : place + 1 + value[place]])
        place += 1 + value[place]
    return named(b".".join(labels))
