"""Configuration from TOML files. A key that is not known is refused: a typing error must not pass for a default."""

import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from core.errors import BadInput

T = TypeVar("T")


def load(path: Path, shape: type[T]) -> T:
    """The file at `path` as a `shape` (a msgspec Struct with `forbid_unknown_fields=True`).

    Raises:
        BadInput: the file cannot be read, is not TOML, or does not fit; names the file and the key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(str(error), where=str(path)) from error
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), where=str(path), todo="Correct or remove that key") from error
