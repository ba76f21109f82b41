"""URLs that a probe is to fetch."""

import re
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from agents.probes.outcome import BadParameter

LONGEST = 8 << 10
_START = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*)?(.*)", re.DOTALL)
"""Scheme and authority of an absolute reference, and the rest of any."""
_AS_IS = "".join(map(chr, range(0x21, 0x7F)))


class Url(msgspec.Struct, frozen=True):
    """`authority` is what the Host header says, `path` what the request line does: with the query."""

    secure: bool
    host: str
    port: int
    authority: str
    path: str

    @property
    def origin(self) -> str:
        """Equal for what the same server answers (RFC 6454)."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def scheme(self) -> str:
        return "https" if self.secure else "http"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.ascii_authority}{self.path}"

    @property
    def without_query(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"

    @property
    def ascii_authority(self) -> str:
        """UnicodeError where it cannot be written so."""
        return self.authority if self.authority.isascii() else self.authority.encode("idna").decode("ascii")

    @property
    def tunnelled(self) -> str:
        """`host:port`, always with the port, as CONNECT wants it."""
        host = self.host if self.host.isascii() else self.host.encode("idna").decode("ascii")
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def parse(target: str) -> Url:
    """The parts of an http(s) URL; what is before an @ and behind a # is left out.

    Raises:
        BadParameter: it is none, or has a character in its path that should be escaped.
    """
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise BadParameter(f"target: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadParameter(f"target {target[:80]!r} is not an http(s) URL")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or not path.isprintable() or " " in path:
        raise BadParameter("target: write what is not ASCII in its path as %XX")
    authority = parts.netloc.rpartition("@")[2]
    return Url(secure, parts.hostname, port or (443 if secure else 80), authority, path)


def join(base: Url, reference: str) -> Url:
    """Where a link on the page at `base` leads (RFC 3986 section 5); what should be escaped in it is.

    Raises:
        BadParameter: nowhere that a probe can go.
    """
    if len(reference) > LONGEST:
        raise BadParameter("a link without end")
    start, rest = _START.match(reference.strip()).groups()  # type: ignore[union-attr]  # it matches any text
    try:
        found = urljoin(
            f"{base.scheme}://{base.authority}{base.path}", (start or "") + quote(rest, safe=_AS_IS)
        )
        return parse(found)
    except ValueError as error:
        raise BadParameter(f"link {reference[:80]!r}") from error
