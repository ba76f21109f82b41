"""Inventories of our own writing with every section and field that the readers know, as JSON and as XML, each field as agents write it."""

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from inventory.formats.sections import SECTIONS

PLAIN: Mapping[str, Any] = {"text": "Máy văn thư số 7", "whole": 4_096, "yes": True, "moment": "2026-05-31"}
QUOTED: Mapping[str, str] = {
    "text": "Máy văn thư số 7",
    "whole": " 4096 ",
    "yes": "1",
    "moment": "2026-05-31",
}
OTHER: Mapping[tuple[str, str], Any] = {
    ("local_groups", "members"): ["vanthu", "ketoan@hungyen.local"],
    ("operatingsystem", "timezone"): {"name": "Asia/Ho_Chi_Minh", "offset": "+0700"},
    ("virtualmachines", "ipaddress"): "10.33.1.7",
    ("virtualmachines", "operatingsystem"): {"full_name": "Debian GNU/Linux 12"},
    ("modems", "imei"): ["350000000000017"],
    ("cameras", "resolution"): ["4000x3000", "1920x1080"],
    ("cameras", "imageformats"): ["JPEG"],
    ("cameras", "resolutionvideo"): ["1920x1080"],
    ("cameras", "supports"): ["flash"],
    ("network_ports", "connections"): [{"mac": "3c:52:82:00:00:01"}, {"ifdescr": "Gi0/1", "ip": "10.33.0.1"}],
    ("network_ports", "aggregate"): [1_001, 1_002],
    ("network_ports", "ips"): ["10.33.0.2"],
    ("network_ports", "vlans"): [{"name": "Một cửa", "number": "20", "tagged": True}],
    ("versionprovider", "comments"): ["Platform: linux"],
    ("versionprovider", "perl_config"): ["usethreads"],
    ("versionprovider", "perl_module"): ["LWP @ 6.68", "Net::SSLeay @ 1.92"],
    ("network_device", "ips"): ["127.0.0.1", "10.33.0.2"],
    ("databases_services", "databases"): [{"name": "motcua", "size": 52_000, "is_active": True}],
}


def whole(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Every section, with every field of it."""
    found: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        row = {
            field: OTHER[name, field] if kind == "other" else kinds[kind]
            for field, kind in section.fields.items()
        }
        found[name] = row if section.one else [row]
    return found


def as_json(content: Mapping[str, Any], **head: Any) -> bytes:
    return json.dumps(
        {"action": "inventory", "deviceid": "pc-7", "itemtype": "Computer", "content": content, **head}
    ).encode()


def as_xml(content: Mapping[str, Any]) -> bytes:
    inner = "".join(_element(name, value) for name, value in content.items())
    return f"<REQUEST><CONTENT>{inner}</CONTENT><DEVICEID>pc-7</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>".encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    tag = name.upper()
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_element(*pair) for pair in value.items())}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"
