"""SSDP (UPnP device architecture 2.0) and WS-Discovery (OASIS 1.1): what devices announce. Pure, never raises on foreign bytes.

WS-Discovery is XML from strangers. It is not parsed but searched for the two elements that tell something, within one
datagram, so no entity is ever resolved.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from agents.sweep.heard import NOTHING, TEXT, Told, distinct, hinted, named

_LONGEST = 8_192
_HEADERS = 32
_URN = re.compile(r"^urn:([^:\s]{1,64}):device:([^:\s]{1,64})")
SSDP_KINDS: Mapping[str, str] = {
    "internetgatewaydevice": "router",
    "wandevice": "router",
    "wlanaccesspoint": "access point",
    "printer": "printer",
    "scanner": "scanner",
    "digitalsecuritycamera": "camera",
    "mediarenderer": "media",
    "mediaserver": "media",
    "dial": "media",
}
WSD_KINDS: Mapping[str, str] = {
    "networkvideotransmitter": "camera",
    "networkvideostorage": "recorder",
    "networkvideodisplay": "media",
    "printdevicetype": "printer",
    "scandevicetype": "scanner",
    "printerservicetype": "printer",
    "computer": "computer",
}
_ACTION = re.compile(rb"/discovery/(Hello|ProbeMatches|ResolveMatches)\s*<")
_TYPES = re.compile(rb"<(?:[\w.-]{1,32}:)?Types(?:\s[^<>]{0,512})?>([^<]{1,1024})<")
_SCOPES = re.compile(rb"<(?:[\w.-]{1,32}:)?Scopes(?:\s[^<>]{0,512})?>([^<]{1,4096})<")
_SCOPE = "onvif://www.onvif.org/"


def read_ssdp(data: bytes) -> Told:
    """An announcement or an answer; of a search only what program searches. `ssdp:byebye` tells nothing."""
    head, *lines = data[:_LONGEST].split(b"\r\n")[: _HEADERS + 1]
    headers: dict[bytes, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().upper(), named(value, TEXT))
    if head.startswith(b"M-SEARCH "):
        return Told(models=distinct([headers.get(b"USER-AGENT", "")], 1))
    answer = head.startswith(b"HTTP/1.1 200")
    if not answer and not (head.startswith(b"NOTIFY ") and headers.get(b"NTS") != "ssdp:byebye"):
        return NOTHING
    about = headers.get(b"ST" if answer else b"NT", "")
    urn = _URN.match(about)
    services = [f"{urn[1]}:{urn[2]}"] if urn else []
    models = distinct([headers.get(b"SERVER", "")], 1)
    return Told((), hinted(services, SSDP_KINDS), distinct(services, 1), models)


def read_wsd(data: bytes) -> Told:
    """A Hello, or matches of somebody's question. A question tells what is sought and nothing of who seeks."""
    data = data[:_LONGEST]
    if not _ACTION.search(data):
        return NOTHING
    types = _words(_TYPES, data)
    # Prefixes are each sender's own: what counts is the name behind them.
    bare = [named(word.rpartition(":")[2]) for word in types]
    names: list[str] = []
    models: list[str] = []
    for scope in _words(_SCOPES, data):
        key, _, value = scope.removeprefix(_SCOPE).partition("/")
        if not scope.startswith(_SCOPE) or not value:
            continue
        if key.lower() == "name":
            names.append(named(unquote(value)))
        elif key.lower() == "hardware":
            models.append(named(unquote(value), TEXT))
    return Told(distinct(names, 1), hinted(bare, WSD_KINDS), distinct(bare, 8), distinct(models, 1))


def _words(pattern: re.Pattern[bytes], data: bytes) -> list[str]:
    found = pattern.search(data)
    return found[1].decode("utf-8", "replace").split()[:64] if found else []
