"""DER (ITU-T X.690), read and written as far as certificates and what is said of them need it: no I/O, no library.

Every length is definite, every tag one byte; what is not so is refused, and nothing recurses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import BadInput

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERAL_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
UTF8 = 0x0C
_MULTI_BYTE_TAG = 0x1F
_LONGEST_LENGTH = 4
_LONGEST_IDENTIFIER = 64


@dataclass(frozen=True, slots=True)
class Element:
    tag: int
    content: bytes
    whole: bytes
    """With its tag and length, as it came."""


class Elements:
    """The elements that stand behind each other in some bytes, taken one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def more(self) -> bool:
        return self._at < len(self._data)

    def take(self, tag: int | None = None) -> Element:
        """The next one.

        Raises:
            BadInput: there is none, it is cut short, or it is none of `tag`.
        """
        data, at = self._data, self._at
        if len(data) < at + 2:
            raise BadInput("DER: cut short")
        found, length, start = data[at], data[at + 1], at + 2
        if found & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG or (tag is not None and found != tag):
            raise BadInput(f"DER: tag {found:#x}" + ("" if tag is None else f" where {tag:#x} should be"))
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= _LONGEST_LENGTH:
                raise BadInput("DER: a length that cannot be")
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > len(data):
            raise BadInput("DER: cut short")
        self._at = start + length
        return Element(found, data[start : self._at], data[at : self._at])

    def optional(self, tag: int) -> Element | None:
        """The next one if it is of `tag`, else None, and it stays."""
        return self.take() if self.more and self._data[self._at] == tag else None

    def rest(self) -> Iterator[Element]:
        while self.more:
            yield self.take()

    def inside(self, tag: int = SEQUENCE) -> "Elements":
        """Those in the next one."""
        return Elements(self.take(tag).content)


def only(data: bytes, tag: int) -> Elements:
    """What is in the one element that `data` is.

    Raises:
        BadInput: it is not that.
    """
    elements = Elements(data)
    found = elements.inside(tag)
    if elements.more:
        raise BadInput("DER: more behind the end")
    return found


def integer(element: Element) -> int:
    """Also of an ENUMERATED, or one with a tag of its own."""
    if not element.content:
        raise BadInput("DER: an empty number")
    return int.from_bytes(element.content, "big", signed=True)


def bits(element: Element) -> bytes:
    """A bit string of whole bytes."""
    if element.content[:1] != b"\0":
        raise BadInput("DER: not a string of whole bytes")
    return element.content[1:]


def dotted(element: Element) -> str:
    """An object identifier, such as `1.2.840.113549.1.1.11`."""
    content, numbers, number = element.content, [], 0
    if not content or content[-1] & 0x80 or len(content) > _LONGEST_IDENTIFIER:
        raise BadInput("DER: not an identifier")
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def moment(element: Element) -> int:
    """A UTCTime or GeneralizedTime as RFC 5280 has them, fractions of a second allowed; ms since 1970."""
    try:
        text = element.content.decode("ascii")
        if element.tag == UTC_TIME:  # two digits of the year, 1950 to 2049
            text = ("19" if text[:2] >= "50" else "20") + text
        elif element.tag != GENERAL_TIME:
            raise ValueError("not a time")
        body, _, fraction = text.removesuffix("Z").partition(".")
        if text[-1:] != "Z" or len(body) != 14 or not (body + fraction).isdigit():
            raise ValueError("not a time")
        month, day, hour, minute, second = (int(body[i : i + 2]) for i in range(4, 14, 2))
        at = datetime(int(body[:4]), month, day, hour, minute, second, tzinfo=UTC)
        return (at - _EPOCH) // _MILLISECOND + int((fraction + "000")[:3])
    except ValueError as error:
        raise BadInput(f"DER: {error}") from error


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


def sequence(*contents: bytes) -> bytes:
    return element(SEQUENCE, *contents)


def number(value: int) -> bytes:
    """A whole number that is not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def identifier(dotted: str) -> bytes:
    """The object identifier that is written so.

    Raises:
        BadInput: it is none.
    """
    parts = dotted.split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        raise BadInput(f"{dotted!r} is no object identifier")
    first, second, *others = map(int, parts)
    if first > 2 or (first < 2 and second > 39):
        raise BadInput(f"{dotted!r} is no object identifier")
    return element(OID, *map(_base128, (40 * first + second, *others)))


def _base128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
