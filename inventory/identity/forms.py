"""The barest form of a sign, in which what several agents tell of one machine is equal. Pure."""

import re

_SIGNS = re.compile(r"[^0-9A-Z]+")
_HEX = re.compile(r"[0-9A-F]+")
_UUID = 32
_MAC = 12
_ATA_SERIAL = 40
"""Hexadecimal digits in which Windows 7 and older tell a disk's serial, each two characters swapped."""


def bare(text: str) -> str:
    """Letters and digits alone, as capitals: agents differ in blanks, dots, dashes and slashes."""
    capitals = text.upper()
    return capitals if capitals.isalnum() and capitals.isascii() else _SIGNS.sub("", capitals)


def uuid(text: str) -> str:
    """32 hexadecimal digits, the lesser of both byte orders of the first three fields; empty if it is no UUID.

    SMBIOS before 2.6 left the order open, so two programs on one machine can tell it either way.
    """
    digits = bare(text)
    if len(digits) != _UUID or not _HEX.fullmatch(digits):
        return ""
    fields = (digits[:8], digits[8:12], digits[12:16])
    other = "".join(bytes.fromhex(field)[::-1].hex() for field in fields).upper() + digits[16:]
    return min(digits, other)


def disk(text: str) -> str:
    """A disk's serial, also from the digits of swapped characters that old Windows makes of it."""
    digits = bare(text)
    if len(digits) == _ATA_SERIAL and _HEX.fullmatch(digits):
        told = bytes.fromhex(digits)
        if all(0x20 <= byte < 0x7F for byte in told):
            return bare("".join(chr(told[i + 1]) + chr(told[i]) for i in range(0, len(told), 2)))
    return digits


def mac(text: str) -> str:
    """Twelve hexadecimal digits; empty if it is no MAC."""
    digits = bare(text)
    return digits if len(digits) == _MAC and _HEX.fullmatch(digits) else ""
