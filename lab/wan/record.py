"""What a run of the lab made: written before it is made, so that `down` finds it after any crash.

The record is one JSON file in the run's folder. A namespace is ours when its name is in the record and its inode is
the one that we saw when we had made it; a process when its start time is. Anything else is left alone.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.errors import BadInput
from lab.netns import FOLDER
from lab.wan.plan import Layout, Node, lay_out

FILE = "lab.json"
DEFAULT = Path("/run/nhip-wan")


class Process(msgspec.Struct, frozen=True):
    """A process that we started. `started` is the kernel's start time of it: a pid alone may be someone else's later."""

    name: str
    pid: int
    started: int


class Record(msgspec.Struct):
    run: str
    nodes: list[Node]
    boxes: list[str]
    pcs: int
    servers: list[str] = []
    """Machines of the e-office in the topmost unit's LAN."""
    port: int = 0
    """Where the wall is open on the host's loopback; 0 before it is."""
    namespaces: dict[str, int] = {}
    """Inode by name; 0 while it was not seen yet."""
    processes: list[Process] = []
    agents: dict[str, str] = {}
    """Names of the enrolled agents by unit."""

    def layout(self) -> Layout:
        return lay_out(self.nodes, run=self.run, boxes=self.boxes, pcs=self.pcs, servers=self.servers)


class Folder:
    """The folder of one run: the record, the relay's socket, logs, and the data of centre and agents."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_file = path / FILE
        self.relay = path / "relay.sock"
        self.logs = path / "logs"
        self.centre = path / "centre"
        self.agents = path / "agents"
        self.ca = path / "tls" / "ca.pem"
        self.eoffice = path / "eoffice"
        self.eoffice_ca = self.eoffice / "ca"

    def resolv_conf(self, who: str) -> Path:
        """The `/etc/resolv.conf` of machines that ask this resolver."""
        return self.eoffice / f"resolv-{who}.conf"

    def create(self, record: Record) -> None:
        """Make the folder and the record of what is going to be made.

        Raises:
            BadInput: a lab is up there already, or the folder holds something else.
        """
        if self.record_file.exists():
            raise BadInput(f"a lab is up in {self.path}", todo=f"End it: nhip lab wan down --dir {self.path}")
        if self.path.exists() and any(self.path.iterdir()):
            raise BadInput(
                f"{self.path} holds something that is not ours", todo="Give an empty folder as --dir"
            )
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.save(record)
        for folder in (self.logs, self.centre, self.agents):
            folder.mkdir(mode=0o700)

    def save(self, record: Record) -> None:
        """Replace the record, on disk before this returns."""
        fresh = self.record_file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(record)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.record_file)

    def load(self) -> Record:
        """The record.

        Raises:
            BadInput: there is none, or it is not one.
        """
        try:
            return msgspec.json.decode(self.record_file.read_bytes(), type=Record)
        except FileNotFoundError:
            raise BadInput(f"no lab is up in {self.path}", todo="Start one: nhip lab wan up") from None
        except msgspec.MsgspecError as error:
            raise BadInput(str(error), where=str(self.record_file)) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time changes what is in the folder.

        Raises:
            BadInput: another one is at it.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"another command is working on {self.path}", todo="Wait for it to end") from None
        else:
            yield
        finally:
            os.close(lock)


def inode(namespace: str) -> int | None:
    """What tells this namespace from another of the same name; None when there is none."""
    try:
        return (FOLDER / namespace).stat().st_ino
    except FileNotFoundError:
        return None


def process_of(name: str, pid: int) -> Process | None:
    """A process as it is to be recorded; None when it has ended."""
    started = _started(pid)
    return Process(name, pid, started) if started is not None else None


def alive(process: Process) -> bool:
    return _started(process.pid) == process.started


def inhabitants(inodes: Sequence[int]) -> list[Process]:
    """Every process whose network namespace is one of these."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            match = re.fullmatch(r"net:\[(\d+)\]", str((folder / "ns/net").readlink()))
        except OSError:  # it ended meanwhile
            continue
        if match and int(match[1]) in inodes and (process := process_of("", int(folder.name))):
            found.append(process)
    return found


def _started(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses, and may hold anything; a zombie has ended.
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] == "Z" else int(fields[19])
