"""Multicast DNS (RFC 6762) and LLMNR (RFC 4795): what answers tell of the machine that sends them. Pure, never raises on foreign bytes.

A question tells who looks for what and nothing of the sender, so only answers are read. A name counts when its record
holds the sender's own address: responders also tell of others (RFC 6763 section 10), and reflectors of whole networks.
"""

import struct
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from agents.sweep.heard import NOTHING, TEXT, Told, distinct, hinted, named

_PTR, _TXT, _A, _AAAA, _SRV = 12, 16, 1, 28, 33
_RECORDS = 64
"""Of one message that are read."""
_JUMPS = 16
_NAME_BYTES = 255
_SERVICES = 16
KINDS: Mapping[str, str] = {
    "_ipp.": "printer",
    "_ipps.": "printer",
    "_printer.": "printer",
    "_pdl-datastream.": "printer",
    "_uscan": "scanner",
    "_scanner.": "scanner",
    "_rtsp.": "camera",
    "_axis-video.": "camera",
    "_onvif.": "camera",
    "_psia.": "camera",
    "_googlecast.": "media",
    "_airplay.": "media",
    "_androidtvremote": "media",
    "_sip.": "phone",
    "_smb.": "file server",
    "_nfs.": "file server",
    "_afpovertcp.": "file server",
    "_workstation.": "computer",
    "_rfb.": "computer",
    "_apple-mobdev": "mobile",
    "_companion-link.": "mobile",
}
"""By types of services (RFC 6763; names of the IANA service registry)."""


class _Record(NamedTuple):
    name: str
    kind: int
    start: int
    end: int


def read_dns(data: bytes, source: str) -> Told:
    """Of a message from the address `source`; nothing where it is a question or makes no sense."""
    if len(data) < 12:
        return NOTHING
    _, flags, questions, answers, authorities, more = struct.unpack_from(">6H", data)
    # QR set, opcode 0, no error.
    if not flags & 0x8000 or flags & 0x780F:
        return NOTHING
    names: list[str] = []
    services: list[str] = []
    models: list[str] = []
    for record in _records(data, questions, answers + authorities + more):
        if _is_address(data, record, source):
            names.append(named(record.name.removesuffix(".local")))
        elif record.kind in (_PTR, _SRV):
            service = _service(record.name)
            if service == "_services._dns-sd._udp" and record.kind == _PTR:
                found = _name(data, record.start)
                service = _service(found[0]) if found else ""
            services.append(service)
        elif record.kind == _TXT:
            models += _models(data[record.start : record.end])
    kept = distinct(services, _SERVICES)
    kinds = hinted([f"{service}." for service in kept], KINDS)
    return Told(distinct(names, 4), kinds, kept, distinct(models, 2))


def _records(data: bytes, questions: int, count: int) -> Iterator[_Record]:
    place = 12
    for _ in range(min(questions, _RECORDS)):
        found = _name(data, place)
        if found is None:
            return
        place = found[1] + 4
    for _ in range(min(count, _RECORDS)):
        found = _name(data, place)
        if found is None or found[1] + 10 > len(data):
            return
        kind, _, _, length = struct.unpack_from(">HHIH", data, found[1])
        start = found[1] + 10
        if start + length > len(data):
            return
        yield _Record(found[0], kind, start, start + length)
        place = start + length


def _name(data: bytes, place: int) -> tuple[str, int] | None:
    """A name and where it ends (RFC 1035 section 4.1.4); None when it does not end, or runs in circles."""
    labels: list[bytes] = []
    end: int | None = None
    total = jumps = 0
    while place < len(data):
        length = data[place]
        if length >= 0xC0:
            if place + 1 >= len(data) or jumps == _JUMPS:
                return None
            end = place + 2 if end is None else end
            place = (length & 0x3F) << 8 | data[place + 1]
            jumps += 1
            continue
        if length == 0:
            text = b".".join(labels).decode("utf-8", "replace")
            return text, place + 1 if end is None else end
        total += length + 1
        if length > 63 or total > _NAME_BYTES:
            return None
        labels.append(data[place + 1 : place + 1 + length])
        place += 1 + length
    return None


def _is_address(data: bytes, record: _Record, source: str) -> bool:
    held = data[record.start : record.end]
    if record.kind == _A and len(held) == 4:
        return str(IPv4Address(held)) == source
    return record.kind == _AAAA and len(held) == 16 and str(IPv6Address(held)) == source


def _service(name: str) -> str:
    """`_ipp._tcp` of `HP LaserJet._ipp._tcp.local`; empty where there is none."""
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part in ("_tcp", "_udp") and at and parts[at - 1].startswith("_"):
            start = at - 2 if parts[at - 1] == "_dns-sd" and at > 1 else at - 1
            return named(".".join(parts[start : at + 1]))
    return ""


def _models(text: bytes) -> Iterator[str]:
    """Of a TXT record (RFC 6763 section 6): `ty=` and `md=` of printers, `model=` of Apple's."""
    place = 0
    while place < len(text):
        pair = text[place + 1 : place + 1 + text[place]]
        key, _, value = pair.partition(b"=")
        if key.lower() in (b"ty", b"md", b"model", b"product"):
            yield named(value.strip(b"()"), TEXT)
        place += 1 + text[place]
