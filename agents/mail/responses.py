"""Responses of IMAP servers, RFC 3501 and RFC 9051."""

import re
from datetime import UTC, datetime, timedelta, timezone

from agents.listen.legible import legible
from core.errors import BadInput

_SHOWN = 120
_LITERAL = re.compile(rb"\{(\d{1,9})\+?\}$")
_EXISTS = re.compile(rb"\* (\d{1,9}) EXISTS\s*$", re.IGNORECASE)
_DATE = re.compile(
    rb'INTERNALDATE "([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"', re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def literal(line: bytes) -> int:
    """How many bytes follow this line before the response goes on: 0 where it ends here."""
    found = _LITERAL.search(line)
    return int(found[1]) if found else 0


def condition(response: bytes, tag: str) -> tuple[str, str] | None:
    """(`OK`, `NO`, `BAD`, `BYE` or `PREAUTH`, the words after it) of a response with that tag, `*` for none; None if it is no such."""
    own, _, rest = response.partition(b" ")
    word, _, text = rest.partition(b" ")
    if own != tag.encode() or word.upper() not in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
        return None
    return word.upper().decode(), legible(text, _SHOWN)


def capabilities(response: bytes) -> frozenset[str] | None:
    """What the server can do, where the response tells: as data, or as a code in brackets."""
    text = response.upper()
    if text.startswith(b"* CAPABILITY "):
        words = text[len(b"* CAPABILITY ") :]
    elif (at := text.find(b"[CAPABILITY ")) >= 0 and (end := text.find(b"]", at)) >= 0:
        words = text[at + len(b"[CAPABILITY ") : end]
    else:
        return None
    return frozenset(word.decode("ascii", "replace") for word in words.split())


def exists(response: bytes) -> int | None:
    """How many messages are in the mailbox, where the response tells."""
    found = _EXISTS.match(response)
    return int(found[1]) if found else None


def received_at(response: bytes) -> int | None:
    """When the message of a FETCH response came in (INTERNALDATE), in ms; None where the response tells of none.

    Raises:
        BadInput: no such date is in any calendar.
    """
    found = _DATE.search(response)
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        zone = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == b"-" else 1)
        when = datetime(
            int(year),
            _MONTHS.index(month.decode("ascii").lower()) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(zone),
        )
        return int(when.astimezone(UTC).timestamp()) * 1000
    except (ValueError, OverflowError) as error:
        raise BadInput("not a date") from error
