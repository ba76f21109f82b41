"""Requests and heads of answers of RTSP 1.0, RFC 2326: what cameras speak."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from agents.listen.legible import legible
from core.errors import BadInput

_STATUS = re.compile(rb"RTSP/1\.\d ([1-5]\d\d)(?: (.*))?$")
_QUESTION = re.compile(rb"[A-Z_]{3,20} [!-~]{1,2000} RTSP/1\.\d$")
_CHANNELS = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?", re.IGNORECASE)
_MOST_HEADERS = 64
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and headers of an answer; names in lower case, in their order. `code` is 0 for a question of the camera's own."""

    code: int
    words: str
    headers: Sequence[tuple[str, str]]

    @property
    def text(self) -> str:
        """For people: `401 Unauthorized`."""
        return f"{self.code} {self.words}".strip()

    def first(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        return next((value for found, value in self.headers if found == name), "")

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


def head(lines: Sequence[bytes]) -> Head:
    """Read the lines before the empty one. Raises BadInput where they are no RTSP."""
    status = _STATUS.match(lines[0]) if lines else None
    if status is None and not (lines and _QUESTION.match(lines[0])):
        raise BadInput("not RTSP")
    if len(lines) > _MOST_HEADERS:
        raise BadInput("headers without end")
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in (b" ", b"\t") and headers:  # a long one, folded
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.decode('utf-8', 'replace').strip()}")
            continue
        name_, colon, value_ = line.partition(b":")
        if not colon:
            raise BadInput("not a header")
        headers.append((name_.decode("latin-1").strip().lower(), value_.decode("utf-8", "replace").strip()))
    if status is None:
        return Head(0, "", headers)
    return Head(int(status[1]), legible(status[2] or b"", _SHOWN), headers)


def request(method: str, url: str, number: int, headers: Mapping[str, str]) -> bytes:
    """A request without a body."""
    lines = [
        f"{method} {url} RTSP/1.0",
        f"CSeq: {number}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def control(base: str, path: str) -> str:
    """The URL of a stream: `path` as the description has it (`*`, absolute or relative), seen from `base`.

    Raises:
        BadInput: it leads to another server, or is no URL.
    """
    if path in ("", "*"):
        return base
    if any(sign.isspace() or not sign.isprintable() for sign in path) or not path.isascii():
        raise BadInput("control is no URL")
    try:
        if urlsplit(path).scheme:
            found = path
        elif "?" in base:  # as many cameras mean it: behind all of the address, whatever RFC 3986 says
            found = f"{base.rstrip('/')}/{path.lstrip('/')}"
        else:
            found = urljoin(base if base.endswith("/") else f"{base}/", path)
        own, other = urlsplit(base), urlsplit(found)
        if (own.hostname, own.port) != (other.hostname, other.port):
            raise BadInput("control leads to another server")
    except ValueError as error:
        raise BadInput("control is no URL") from error
    return found


def session(head: Head) -> str:
    """The session's name, without its parameters."""
    return head.first("session").partition(";")[0].strip()[:200]


def channels(head: Head) -> tuple[int, int]:
    """Which of the connection's channels bring RTP and RTCP, as SETUP was answered. Raises BadInput where it was not agreed to."""
    found = _CHANNELS.search(head.first("transport"))
    if found is None:
        raise BadInput("no channel")
    media = int(found[1])
    return media, int(found[2]) if found[2] else media + 1


def length(head: Head) -> int:
    """Bytes of the body. Raises BadInput where it is no number."""
    text = head.first("content-length") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput("length of the body")
    return int(text)
