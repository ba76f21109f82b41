"""The tables of a PC's firmware (SMBIOS 3.0, DMTF DSP0134), for a machine that has none: what dmidecode reads from a dump."""

import struct
import uuid
from pathlib import Path

ENTRY_BYTES = 32


def tables(
    *, vendor: str, model: str, serial: str, board_serial: str, system_uuid: uuid.UUID, asset: str
) -> bytes:
    """As `dmidecode --from-dump` takes them."""
    system = struct.pack("<BBBB16sBBB", 1, 2, 0, 3, system_uuid.bytes_le, 6, 0, 0)
    board = struct.pack("<BBBBBBBHBB", 1, 2, 0, 3, 4, 9, 0, 3, 10, 0)
    chassis = struct.pack("<BBBBBBBBBIBBBB", 1, 3, 0, 2, 3, 3, 3, 3, 3, 0, 0, 1, 0, 0)
    body = (
        _structure(1, 1, system, vendor, model, serial)
        + _structure(2, 2, board, vendor, f"{model} board", board_serial, asset)
        + _structure(3, 3, chassis, vendor, serial, asset)
        + _structure(127, 4, b"")
    )
    entry = bytearray(struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, 3, 0, 0, 1, 0, len(body), ENTRY_BYTES))
    entry[5] = -sum(entry) & 0xFF
    return bytes(entry).ljust(ENTRY_BYTES, b"\0") + body


def _structure(kind: int, handle: int, formatted: bytes, *strings: str) -> bytes:
    text = b"".join(string.encode() + b"\0" for string in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(formatted), handle) + formatted + text + b"\0"


def dmidecode_of(folder: Path, dump: bytes) -> Path:
    """A folder for PATH with a `dmidecode` that reads this dump by the real one."""
    (folder / "smbios.bin").write_bytes(dump)
    program = folder / "dmidecode"
    program.write_text(f'#!/bin/sh\nexec /usr/sbin/dmidecode --from-dump {folder / "smbios.bin"} "$@"\n')
    program.chmod(0o755)
    return folder
