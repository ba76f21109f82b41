"""Lines between network namespaces, made in user space: delay, jitter, loss, rate and cuts without kernel netem.

A line is a pair of TUN devices, each in a namespace of its own; one process carries the packets between them
(`lab/relay_server.py`). This module starts that process and talks to it over a Unix socket in lines of JSON.

    with Relay.between("left", "right", delay_ms=10, loss=0.05, seed=7) as line:
        # ping 10.99.0.2 from `left`: RTT 20 ms, every twentieth packet lost each way
        line.set(cut=True)
        print(line.counts())        # {"ab": {"entered": …, "forwarded": …, "lost": …, …}, "ba": …}

`delay_ms` and `loss` hold for each direction, unless `way="ab"` or `way="ba"` says for which.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import BadInput, Unavailable

Way = Literal["ab", "ba", "both"]
START_S = 60.0
QUEUE = 1_000
"""Packets that a TUN device holds for the relay before the kernel drops (counted as `overrun`), 8 bytes each whether
they are there or not."""
BURST = 30_000
"""The same for a single line, which benches fill."""


@dataclass(frozen=True, slots=True)
class Ends:
    """A line to be made: its name, and the namespace and device name of either end. With `frames` it carries Ethernet frames
    instead of IP packets."""

    name: str
    a: tuple[str, str]
    b: tuple[str, str]
    seed: int = 1
    frames: bool = False


class Relay:
    """The client of a running relay process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask(self, **request: object) -> dict[str, Any]:
        """One request, one answer.

        Raises:
            Unavailable: no relay answers at this socket.
            BadInput: it refused the request; says why.
        """
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(30)
                connection.connect(str(self.path))
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("rb") as lines:
                    line = lines.readline()
        except OSError as error:
            raise Unavailable(f"no relay answers at {self.path}: {error}") from error
        if not line:
            raise Unavailable(f"the relay at {self.path} went away")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BadInput(answer["error"])
        return answer

    def add(self, lines: Sequence[Ends], *, queue: int = QUEUE) -> None:
        """Make the TUN devices of these lines. They are down, without addresses, and live as long as the relay."""
        self.ask(
            do="add",
            queue=queue,
            lines=[{"name": e.name, "a": e.a, "b": e.b, "seed": e.seed, "frames": e.frames} for e in lines],
        )

    def set(self, names: Sequence[str], *, way: Way = "both", **conditions: float | bool) -> None:
        """Change conditions (`delay_ms`, `jitter_ms`, `loss`, `rate_bps`, `cut`); what is not named stays."""
        self.ask(do="set", lines=list(names), way=way, conditions=conditions)

    def cut(self, names: Sequence[str]) -> None:
        self.set(names, cut=True)

    def heal(self, names: Sequence[str]) -> None:
        self.set(names, cut=False)

    def conditions(self, names: Sequence[str] = ()) -> dict[str, dict[str, dict[str, Any]]]:
        """By line and direction, `{"line": {"ab": {"delay_ms": …}, "ba": …}}`. No names means all lines."""
        found: dict[str, dict[str, dict[str, Any]]] = self.ask(do="get", lines=list(names))["lines"]
        return found

    def counters(self, names: Sequence[str] = ()) -> dict[str, dict[str, dict[str, int]]]:
        """By line and direction: `lab.line.Counts`, `under_way`, and `overrun`: packets that the kernel dropped
        before the relay could read them. No names means all lines."""
        counts: dict[str, dict[str, dict[str, int]]] = self.ask(do="counters", lines=list(names))["lines"]
        return counts

    def usage(self) -> Mapping[str, float]:
        """Of the relay process: `pid`, `cpu_seconds`, `rss_bytes`."""
        usage: Mapping[str, float] = self.ask(do="usage")
        return usage

    @classmethod
    @contextmanager
    def running(cls, path: Path) -> Iterator["Relay"]:
        """A relay process of our own, which ends with this block, or with us."""
        process = launch(path, stdin=subprocess.PIPE)
        try:
            yield cls(path)
        finally:
            process.communicate()

    @classmethod
    @contextmanager
    def between(
        cls,
        ns_a: str,
        ns_b: str,
        *,
        addresses: tuple[str, str] = ("10.99.0.1/30", "10.99.0.2/30"),
        devices: tuple[str, str] = ("wan", "wan"),
        seed: int = 1,
        way: Way = "both",
        **conditions: float | bool,
    ) -> Iterator["Line"]:
        """One line between two namespaces (names as in `ip netns`), up and addressed, for the length of the block.

        Needs root. Routes to anything past the two addresses are the caller's.
        """
        with (
            tempfile.TemporaryDirectory(prefix="nhip-relay-") as folder,
            cls.running(Path(folder, "s")) as relay,
        ):
            relay.add([Ends("line", (ns_a, devices[0]), (ns_b, devices[1]), seed)], queue=BURST)
            relay.set(["line"], way=way, **conditions)
            for namespace, device, address in zip((ns_a, ns_b), devices, addresses, strict=True):
                commands = f"address add {address} dev {device}\nlink set {device} up\n"
                subprocess.run(["ip", "-n", namespace, "-batch", "-"], input=commands, text=True, check=True)
            yield Line(relay, "line")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a relay."""

    relay: Relay
    name: str

    def set(self, *, way: Way = "both", **conditions: float | bool) -> None:
        self.relay.set([self.name], way=way, **conditions)

    def counts(self) -> dict[str, dict[str, int]]:
        return self.relay.counters([self.name])[self.name]


def launch(
    path: Path, *, stdin: int, log: int | None = None, detached: bool = False
) -> subprocess.Popen[bytes]:
    """Start a relay process and wait until it answers at `path`. With a pipe as `stdin` it ends when that closes.

    Raises:
        Unavailable: it ended at once or never answered.
    """
    arguments = [sys.executable, "-m", "lab.relay_server", str(path)]
    if stdin == subprocess.PIPE:
        arguments.append("--while-stdin")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(
        arguments, stdin=stdin, stdout=log, stderr=log, env=environment, start_new_session=detached
    )
    until = time.monotonic() + START_S
    relay = Relay(path)
    while time.monotonic() < until and process.poll() is None:
        try:
            relay.ask(do="usage")
        except Unavailable:
            time.sleep(0.02)
        else:
            return process
    process.kill()
    process.communicate()
    raise Unavailable(f"the relay did not start (exit {process.returncode})")
