"""What is asked over HTTP and what is answered, as values; bodies unpacked and read as text within a bound. Pure."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.probes.outcome import Failed
from agents.probes.urls import Url

AGENT = "nhip-agent"
_ZIPPED = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN = frozenset({"", "identity"})
_CHARSETS = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "latin-1"}
    | {f"windows-{page}" for page in range(1250, 1259)}
)
"""Those that pages are written in. Python knows many more, some of them slow, some no charsets at all."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` go before those that every request has, in whatever case their names are."""

    method: str
    url: Url
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def fields(self, *, keep: bool) -> list[tuple[bytes, bytes]]:
        """All header fields as sent; `keep` tells whether the connection is to stay.

        UnicodeError where the host's name cannot be written.
        """
        given = {name.lower() for name in self.headers}
        own = [
            ("Host", self.url.ascii_authority),
            ("User-Agent", AGENT),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "keep-alive" if keep else "close"),
        ]
        found = [(name, value) for name, value in own if name.lower() not in given]
        found += self.headers.items()
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            found.append(("Content-Length", str(len(self.body))))
        return [(name.encode("ascii"), _as_sent(value)) for name, value in found]


def _as_sent(value: str) -> bytes:
    """What came in a header goes back as it was (both are read as Latin-1); other texts go as UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


@dataclass(slots=True)
class Answer:
    """`headers` by their names in lower case, in order, each as often as it came. `body` as sent; `whole` unless cut."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    whole: bool = True

    def header(self, name: str) -> str:
        """The first of that name (in lower case); empty if there is none."""
        return next((value for each, value in self.headers if each == name), "")

    def plain(self, limit: int) -> bytes:
        """The body, at most `limit` bytes; also of a server that compresses although it was asked not to.

        Raises:
            Failed: it is coded in a way that was not asked for, or not as it says.
        """
        coded = self.header("content-encoding").strip().lower()
        if coded in _PLAIN:
            if len(self.body) > limit:
                self.whole = False
            return self.body[:limit]
        if coded not in _ZIPPED:
            raise Failed("bad answer")
        try:
            return self._unzipped(zlib.MAX_WBITS | 32, limit)
        except zlib.error as error:
            if coded != "deflate":
                raise Failed("bad answer") from error
        try:  # RFC 9110 section 8.4.1.2: some senders leave the zlib wrapper out
            return self._unzipped(-zlib.MAX_WBITS, limit)
        except zlib.error as error:
            raise Failed("bad answer") from error

    def _unzipped(self, wbits: int, limit: int) -> bytes:
        unzip = zlib.decompressobj(wbits)
        found = unzip.decompress(self.body, max(limit, 1))
        if unzip.unconsumed_tail:
            self.whole = False
        return found[:limit]

    @property
    def charset(self) -> str:
        """The one that it says; UTF-8 where it says none, or none that is known."""
        _, _, rest = self.header("content-type").lower().partition("charset=")
        charset = rest.partition(";")[0].strip("\"' \t")
        return charset if charset in _CHARSETS else "utf-8"
