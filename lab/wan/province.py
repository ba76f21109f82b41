"""A run of the lab from its start to its end: the order in which things are made, and unmade."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core.errors import BadInput, Unavailable
from lab import relay as relays
from lab.relay import Relay
from lab.wan.namespaces import connect, make_lines, make_namespaces, remove_namespaces
from lab.wan.plan import Layout, Node
from lab.wan.record import Folder, Process, Record, alive, inhabitants, inode, process_of

ROOT = Path(__file__).parent.parent.parent
ENDS_WITHIN_S = 8.0
Say = Callable[[str], None]


def refuse_elsewhere() -> None:
    """The lab needs root on Linux.

    Raises:
        BadInput: this is not; says what is missing.
    """
    if not sys.platform.startswith("linux"):
        raise BadInput(f"network namespaces are Linux's; this is {sys.platform}")
    if os.geteuid() != 0:
        raise BadInput("network namespaces need root", todo="Run it with sudo")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise BadInput("there is no /dev/net/tun here", todo="Load the kernel's tun module: modprobe tun")
    if shutil.which("ip") is None:
        raise BadInput("the program `ip` is missing", todo="Install the package iproute2")


class Province:
    """What is up in one folder."""

    def __init__(self, folder: Folder, record: Record) -> None:
        self.folder, self.record = folder, record
        self.layout: Layout = record.layout()
        self.relay = Relay(folder.relay)
        self._children: list[subprocess.Popen[bytes]] = []

    @classmethod
    def at(cls, path: Path) -> "Province":
        """The one that is up in the folder at `path`; BadInput when none is."""
        folder = Folder(path)
        return cls(folder, folder.load())

    @classmethod
    def build(
        cls,
        path: Path,
        nodes: Sequence[Node],
        boxes: Sequence[str],
        pcs: int,
        say: Say,
        servers: Sequence[str] = (),
    ) -> "Province":
        """Make the network: namespaces, lines, LANs. On any failure what was made is taken away again."""
        run = f"nhip-{secrets.token_hex(3)}"
        record = Record(run=run, nodes=list(nodes), boxes=list(boxes), pcs=pcs, servers=list(servers))
        # What cannot be laid out is refused before anything is made.
        record.namespaces = dict.fromkeys(record.layout().namespaces(), 0)
        folder = Folder(path)
        folder.create(record)
        province = cls(folder, record)
        try:
            began = time.monotonic()
            province._make()
            say(
                f"{len(province.layout.sites)} units, {len(record.namespaces)} namespaces, "
                f"{len(list(province.layout.lines()))} lines in {time.monotonic() - began:.1f} s"
            )
        except BaseException:
            province.remove()
            raise
        return province

    def _make(self) -> None:
        self.record.namespaces |= make_namespaces(self.layout)
        self.folder.save(self.record)
        with (self.folder.logs / "relay.log").open("wb") as log:
            process = relays.launch(
                self.folder.relay, stdin=subprocess.DEVNULL, log=log.fileno(), detached=True
            )
        self._children.append(process)
        self.started("relay", [process.pid])
        make_lines(self.layout, self.relay)
        connect(self.layout)

    def started(self, name: str, pids: Iterable[int]) -> None:
        """Record processes that were just started."""
        found = [process for pid in pids if (process := process_of(name, pid)) is not None]
        self.record.processes += found
        self.folder.save(self.record)

    def running(self, name: str) -> list[Process]:
        """The recorded processes of this name that have not ended."""
        return [process for process in self.record.processes if process.name == name and alive(process)]

    def start(
        self, name: str, command: Sequence[str], *, namespace: str | None = None, keep: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a program of ours, in a namespace if one is named, with its own session and log file; `keep` are
        descriptors that it inherits. It is not recorded yet: `started` does that for many at once."""
        into = ["ip", "netns", "exec", namespace] if namespace else []
        with (self.folder.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*into, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder.path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
                pass_fds=keep,
            )
        self._children.append(process)
        return process

    def remove(self) -> list[str]:
        """End every process and remove everything that was made. Returns names of namespaces that are not ours any
        more and were left alone."""
        mine = [process for process in self.record.processes if alive(process)]
        with contextlib.suppress(Unavailable):
            # A relay that was started just before a crash is not in the record yet.
            mine += filter(None, [process_of("relay", int(self.relay.usage()["pid"]))])
        # What was started just now may not be in its namespace yet, and would not be found in there.
        running = [child.pid for child in self._children if child.poll() is None]
        mine += filter(None, [process_of("", pid) for pid in running])
        end(mine)
        now = {name: inode(name) for name in self.record.namespaces}
        ours = [n for name, n in now.items() if n is not None and self.record.namespaces[name] in (0, n)]
        end(inhabitants(ours))
        for child in self._children:
            child.wait()
        left = remove_namespaces(self.record.namespaces)
        # The record goes last, so that a crash in here leaves something for the next try to find.
        for each in self.folder.path.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            elif each != self.folder.record_file:
                each.unlink()
        shutil.rmtree(self.folder.path)
        return left


def end(processes: Iterable[Process]) -> None:
    """Ask them to end, all at once; kill those that have not after ENDS_WITHIN_S."""
    waiting = list({process.pid: process for process in processes}.values())
    for process in waiting:
        _signal(process, signal.SIGTERM)
        _signal(process, signal.SIGCONT)  # one that was stopped would not hear it
    until = time.monotonic() + ENDS_WITHIN_S
    while waiting and time.monotonic() < until:
        time.sleep(0.02)
        waiting = [process for process in waiting if alive(process)]
    for process in waiting:
        _signal(process, signal.SIGKILL)
    while any(map(alive, waiting)):
        time.sleep(0.01)


def _signal(process: Process, number: signal.Signals) -> None:
    if alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
