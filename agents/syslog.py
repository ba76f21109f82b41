"""Syslog messages as values: RFC 5424, RFC 3164 as devices really write it, and the framing of both over TCP (RFC 6587).

Pure, takes any bytes, and raises on none. The time of a message is kept as it is written: RFC 3164 has no year and no
zone, and clocks of devices are often wrong, so an event is dated by when it was heard.
"""

import re
from typing import NamedTuple

from agents.listen.legible import legible

MAX_BYTES = 2 << 10
"""Of one message: more is cut. That much is what RFC 5424, 6.1 asks for."""

SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
WARNING = 4

_NO_PRI = 13
"""user.notice, as RFC 3164, 4.3.3 has it for messages without a priority."""
_PRI = re.compile(rb"<(\d{1,3})>")
_HEADER_5424 = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,48}) \S{1,128} \S{1,32} (?=[\[-])")
_SEQUENCE = re.compile(r"\d{1,10}: ")
_NAMED = re.compile(r"([\w.-]{1,64}): (?=[*.]?(?:[A-Z][a-z]{2} |\d{4}-))")
"""Cisco's `logging origin-id`: who sends stands before the time."""
_TIME = re.compile(
    r"[*.]?("
    r"[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d{1,2}:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4}\b)?(?: [A-Z]{2,5}(?=:))?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    r")(:?)(?: |$)"
)
_HOST = re.compile(r"([\w.:-]{0,254}\w) ")
_APP = re.compile(r"([\w./-]{1,48})(?:\[[^\]\s]{0,64}\])?: ?")
_COUNT = re.compile(rb"([1-9]\d{0,6}) (?=<)")
_MAY_BE_COUNT = re.compile(rb"[1-9]\d{0,6} ?\Z")


class Message(NamedTuple):
    """`host`, `app` and `time` are empty where the message does not say, or says `-`."""

    facility: int
    severity: int
    time: str
    host: str
    app: str
    text: str


class Malformed(NamedTuple):
    """It was no message; `why` is for people."""

    why: str


def parse(data: bytes) -> Message | Malformed:
    """The message in a datagram or a frame."""
    data = data[:MAX_BYTES]
    priority = _PRI.match(data)
    number = int(priority[1]) if priority else _NO_PRI
    if number > 191:
        return Malformed(f"priority {number} is over 191")
    body = data[priority.end() :] if priority else data
    if not body.strip(b"\0\r\n\t "):
        return Malformed("empty")
    if _is_binary(body):
        return Malformed("binary")
    text = legible(body, MAX_BYTES)
    facility, severity = divmod(number, 8)
    return _rfc_5424(facility, severity, text) or _rfc_3164(facility, severity, text)


def _is_binary(data: bytes) -> bool:
    """Whether a tenth and more of it are control characters."""
    control = sum(sign < 9 or 13 < sign < 27 or 27 < sign < 32 for sign in data.rstrip(b"\0"))
    return control * 10 > len(data)


def _rfc_5424(facility: int, severity: int, text: str) -> Message | None:
    head = _HEADER_5424.match(text)
    if head is None:
        return None
    rest = _without_data(text[head.end() :])
    if rest is None:
        return None
    time, host, app = ("" if part == "-" else part for part in head.groups())
    return Message(facility, severity, time, host, app, rest.removeprefix("\ufeff").strip())


def _without_data(text: str) -> str | None:
    """The message after its structured data (RFC 5424, 6.3); None when that does not end."""
    if text.startswith("-"):
        return text[1:]
    at = 0
    while at < len(text) and text[at] == "[":
        quoted = False
        at += 1
        while at < len(text) and (quoted or text[at] != "]"):
            if quoted and text[at] == "\\":
                at += 1
            elif text[at] == '"':
                quoted = not quoted
            at += 1
        if at >= len(text):
            return None
        at += 1
    return text[at:]


def _rfc_3164(facility: int, severity: int, text: str) -> Message:
    time = host = app = ""
    if (sequence := _SEQUENCE.match(text)) is not None:
        text = text[sequence.end() :]
    if (named := _NAMED.match(text)) is not None:
        host, text = named[1], text[named.end() :]
    if (dated := _TIME.match(text)) is not None:
        time, text = dated[1], text[dated.end() :]
        # `Jan  2 03:04:05: %LINK-…` names nobody; after a bare time stands the host.
        if not dated[2] and not host and (sender := _HOST.match(text)) is not None:
            host, text = sender[1], text[sender.end() :]
    if (tagged := _APP.match(text)) is not None:
        app, text = tagged[1], text[tagged.end() :]
    return Message(facility, severity, time, host, app, text.strip())


class Frames:
    """Messages out of a stream: counted by octets, or each on a line; a stream may mix both. Holds MAX_BYTES and what came
    last; a longer message is cut, and what follows it is found again."""

    def __init__(self, longest: int = MAX_BYTES) -> None:
        self._longest = longest
        self._held = bytearray()
        self._octets_to_skip = 0
        self._skips_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""
        self._held += data
        found: list[bytes] = []
        while self._held and (frame := self._next()) is not None:
            found.append(frame)
        return [frame for frame in found if frame]

    def end(self) -> list[bytes]:
        """The stream has ended: what was still held, if that is a message."""
        rest, self._held = bytes(self._held), bytearray()
        return [rest] if rest.strip() and not self._octets_to_skip and not self._skips_line else []

    def _next(self) -> bytes | None:
        """One frame, empty where something was only skipped; None when more has to come first."""
        held = self._held
        if self._octets_to_skip:
            skipped = min(self._octets_to_skip, len(held))
            self._octets_to_skip -= skipped
            return self._cut(skipped, keep=False)
        if self._skips_line:
            end = held.find(b"\n")
            self._skips_line = end < 0
            return self._cut(len(held) if end < 0 else end + 1, keep=False)
        if (counted := _COUNT.match(held)) is not None:
            size, start = int(counted[1]), counted.end()
            taken = min(size, self._longest)
            if len(held) < start + taken:
                return None
            self._octets_to_skip = size - taken
            self._cut(start, keep=False)
            return self._cut(taken)
        if _MAY_BE_COUNT.match(held):
            return None
        end = held.find(b"\n", 0, self._longest + 1)
        if end >= 0:
            return self._cut(end + 1).strip(b"\r\n\0")
        if len(held) > self._longest:
            self._skips_line = True
            return self._cut(self._longest)
        return None

    def _cut(self, size: int, *, keep: bool = True) -> bytes:
        piece = bytes(self._held[:size]) if keep else b""
        del self._held[:size]
        return piece
