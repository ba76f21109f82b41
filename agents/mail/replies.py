"""Replies of SMTP servers, RFC 5321 section 4.2."""

from dataclasses import dataclass

from agents.listen.legible import legible
from core.errors import BadInput

_MOST_LINES = 100
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Reply:
    """A code of three digits and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """For people, on one line: `535 5.7.8 Error: authentication failed`."""
        return f"{self.code} {' '.join(self.lines)}".strip()[:_SHOWN]


class Replies:
    """Lines in, and a reply when its last line came."""

    def __init__(self) -> None:
        self._code, self._lines = 0, list[str]()

    def feed(self, line: bytes) -> Reply | None:
        """Take a line without its end. Raises BadInput where it is no line of a reply."""
        code, mark, text = line[:3], line[3:4], line[4:]
        if not code.isdigit() or not b"200" <= code <= b"599" or mark not in (b"-", b" ", b""):
            raise BadInput("not a reply")
        if self._lines and int(code) != self._code:
            raise BadInput("two codes in one reply")
        if len(self._lines) == _MOST_LINES:
            raise BadInput("a reply without end")
        self._code = int(code)
        self._lines.append(legible(text, _SHOWN * 4))
        if mark == b"-":
            return None
        reply = Reply(self._code, tuple(self._lines))
        self._lines = []
        return reply


def extensions(reply: Reply) -> dict[str, frozenset[str]]:
    """What the server can do, by keyword, with its parameters, from its reply to EHLO (the first line is its name)."""
    found: dict[str, frozenset[str]] = {}
    for line in reply.lines[1:]:
        # Some servers of old write `AUTH=LOGIN`.
        word, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        found[word] = found.get(word, frozenset()) | frozenset(parameters)
    return found
