"""A real resolver, Debian's unbound, for the names of the lab; it can be made to lie, to fail and to be silent, name by name.

It answers from what it was told and asks nobody else: any other name does not exist. What it was told lies in
`records.json` in its folder, so that a lie can be taken back by another process than the one that told it.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from lab.eoffice.servers import free_port
from lab.netns import inside

ENDS_WITHIN_S, STARTS_WITHIN_S = 30.0, 60.0
TTL_S = 5
"""Short: a lie and its end are seen by whoever asks again."""
Fault = Literal["no such name", "refused", "servfail", "silent"]
_ZONES: Mapping[Fault, str] = {
    "no such name": "always_nxdomain",
    "refused": "always_refuse",
    "servfail": "transparent",
    "silent": "always_deny",
}
_NOBODY = "127.0.0.1@1"
_SETTINGS = """\
server:
    interface: {address}
    port: {port}
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    num-threads: 1
    msg-cache-size: 1m
    rrset-cache-size: 1m
    key-cache-size: 1m
    neg-cache-size: 1m
    module-config: "iterator"
    local-zone: "." static
{records}
remote-control:
    control-enable: yes
    control-interface: 127.0.0.1
    control-port: {control}
    control-use-cert: no
"""
Records = Mapping[str, Sequence[str]]
"""Of each name, as in a zone file: `A 10.0.0.20`."""


class Resolver:
    """The one in `folder`, which is told things on a port of its loopback, in `namespace` if it has one of its own."""

    def __init__(self, folder: Path, control: int, namespace: str | None = None) -> None:
        self.folder = folder
        self._control, self._namespace = control, namespace
        self._file = folder / "records.json"

    @property
    def truth(self) -> Records:
        return msgspec.json.decode(self._file.read_bytes(), type=dict[str, list[str]])

    def command(self, address: str, port: int, records: Records) -> list[str]:
        """Write what unbound is told, and give the command that starts it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file.write_bytes(msgspec.json.encode(records))
        lines = [f'    local-zone: "{name}." static' for name in records]
        lines += [
            f'    local-data: "{_line(name, text)}"' for name, texts in records.items() for text in texts
        ]
        settings = self.folder / "unbound.conf"
        settings.write_text(
            _SETTINGS.format(
                address=address,
                port=port,
                folder=self.folder,
                records="\n".join(lines),
                control=self._control,
            )
        )
        return [unbound(), "-d", "-c", str(settings)]

    def lie(self, name: str, *records: str) -> None:
        """It says these records of the name instead of those of the same types; none: that the name has none."""
        types = {text.split()[0] for text in records}
        kept = [text for text in self.truth.get(name, ()) if records and text.split()[0] not in types]
        # A name without any record at all would not exist.
        self._say(name, "static", [*records, *kept] or ['TXT "empty"'])

    def fail(self, name: str, how: Fault = "servfail") -> None:
        """It has no answer for the name, in one of several ways."""
        self._say(name, _ZONES[how], ())
        if how == "servfail":
            self._told(f"forward_add {name}. {_NOBODY}")

    def mend(self, name: str) -> None:
        """The truth again."""
        self._say(name, "static", self.truth.get(name, ()))

    def is_ready(self) -> bool:
        try:
            return "is running" in self._told("status")
        except OSError:
            return False

    def _say(self, name: str, zone: str, records: Sequence[str]) -> None:
        self._told(f"forward_remove {name}.")
        self._told(f"local_zone_remove {name}.")
        self._told(f"local_zone {name}. {zone}")
        for text in records:
            self._told(f"local_data {_line(name, text)}")
        # What it found out, or failed to find out, about the name must not answer for what it was told now.
        self._told(f"flush_zone {name}.")

    def _told(self, command: str) -> str:
        """What it says to a command of unbound-control(8); RuntimeError when it does not understand.

        Raises:
            OSError: it is not there.
        """
        if self._namespace is None:
            connection = socket.create_connection(("127.0.0.1", self._control), timeout=STARTS_WITHIN_S)
        else:
            with inside(self._namespace):
                connection = socket.create_connection(("127.0.0.1", self._control), timeout=STARTS_WITHIN_S)
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(f"UBCT1 {command}\n")
            stream.flush()
            said = stream.read()
        if said.startswith("error"):
            raise RuntimeError(f"unbound, {command}: {said.strip()}")
        return said


class Running(Resolver):
    """One that serves on 127.0.0.1 at `port`, over UDP and TCP."""

    def __init__(self, folder: Path, control: int, port: int) -> None:
        super().__init__(folder, control)
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def freeze(self) -> None:
        """Silent to everything, as a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


@contextmanager
def resolving(folder: Path, records: Records) -> Iterator[Running]:
    """A resolver on free ports of 127.0.0.1 for as long as the block lasts.

    Raises:
        RuntimeError: it did not start; with its words.
    """
    port, control = free_port(), free_port()
    resolver = Running(folder, control, port)
    command = resolver.command("127.0.0.1", port, records)
    log = folder / "unbound.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=file)
    resolver.process = process
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not resolver.is_ready():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"unbound did not start: {log.read_text()}")
            time.sleep(0.02)
        yield resolver
    finally:
        if process.poll() is None:
            resolver.thaw()
            process.terminate()
        process.wait(ENDS_WITHIN_S)


def _line(name: str, record: str) -> str:
    return f"{name}. {TTL_S} IN {record}"


def unbound() -> str:
    """Where Debian puts it is not on everybody's path."""
    return shutil.which("unbound") or "/usr/sbin/unbound"
