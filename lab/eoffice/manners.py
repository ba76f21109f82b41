"""How the e-office behaves: well, or badly in ways that are chosen while it runs. Kept in a file, so that anyone may change it."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

Phase = Literal["open", "sign in", "documents", "sign out", "api", "identity", "exchange"]
PHASES: tuple[Phase, ...] = ("open", "sign in", "documents", "sign out", "api", "identity", "exchange")
Phases = tuple[Phase, ...]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]


class Manners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each names the phases of a visit that it concerns; without any, the office is well."""

    slow: dict[Phase, Seconds] = {}
    """Answers come so many seconds late."""
    broken: Phases = ()
    """503."""
    silent: Phases = ()
    """The request is taken and never answered."""
    wrong: Phases = ()
    """200, and the page is another one."""


WELL = Manners()


class Switch:
    """The manners in the file at `path`; without one, good ones."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, Manners] = (None, WELL)

    def now(self) -> Manners:
        """Those that are in the file; what was there before, as long as that is no manners."""
        try:
            found = self.path.stat()
            seen = (found.st_ino, found.st_mtime_ns)
            if seen != self._read[0]:
                self._read = (seen, msgspec.json.decode(self.path.read_bytes(), type=Manners))
        except FileNotFoundError:
            self._read = (None, WELL)
        except msgspec.MsgspecError:
            pass
        return self._read[1]

    def set(self, manners: Manners) -> None:
        """From the next request on."""
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(manners))
        fresh.replace(self.path)
