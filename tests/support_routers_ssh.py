"""A real router to sign in to: FRR's shell behind OpenSSH, both Debian's, in namespaces of its own."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from support_netns import namespaces
from support_processes import process, until

ZEBRA = Path("/usr/lib/frr/zebra")
SSHD = Path("/usr/sbin/sshd")
MAY = os.geteuid() == 0 and ZEBRA.exists() and SSHD.exists()
WHY_NOT = "needs root and Debian's frr and openssh-server"
PORT = 2222
USER, PASSWORD = "giamsat", "Mat-khau_cua-FRR"
CONFIG = """\
frr version 8.4.4
frr defaults traditional
hostname phuong-ha-nam
password Zebra-bi-mat
enable password Zebra-rat-bi-mat
log syslog informational
ip route 10.10.0.0/16 Null0
interface lo
 ip address 10.99.0.1/32
exit
key chain vung
 key 1
  key-string Chuoi-khoa-bi-mat
 exit
exit
line vty
exit
"""
SECRETS = ("Zebra-bi-mat", "Zebra-rat-bi-mat", "Chuoi-khoa-bi-mat")

# What is mounted here is seen by nobody else, and gone with the last process: the first of a process namespace ends them all.
_SCRIPT = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/frr /run/sshd
chown frr:frrvty /run/frr
chmod 775 /run/frr
install -m 644 "$1/authorized_keys" /run/authorized_keys
mount --bind "$1/frr" /etc/frr
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount --bind "$1/group" /etc/group
/usr/lib/frr/zebra -u frr -g frr -A 127.0.0.1 -P 0 &
/usr/lib/frr/staticd -u frr -g frr -A 127.0.0.1 -P 0 &
for i in $(seq 600); do test -S /run/frr/zebra.vty && test -S /run/frr/staticd.vty && break; sleep 0.1; done
vtysh -b
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
"""


@dataclass(frozen=True, slots=True)
class Router:
    """It is spoken to from within its namespace only: by a child of the agent that is started there."""

    namespace: str
    directory: Path
    pid: int

    @property
    def child(self) -> Callable[..., Awaitable[bytes]]:
        """As `agents.children.output_of`, in the router's own namespace."""

        async def output(module: str, *, given: BinaryIO) -> bytes:
            inside = ("ip", "netns", "exec", self.namespace, sys.executable, "-m", module)
            child = await asyncio.create_subprocess_exec(*inside, stdin=given, stdout=subprocess.PIPE)
            return (await child.communicate())[0]

        return output

    def type(self, *lines: str) -> None:
        """Configure it as somebody at its own console would."""
        commands = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
        self._inside("vtysh", *commands)

    def save(self) -> None:
        self._inside("vtysh", "-c", "write")

    def _inside(self, *command: str) -> None:
        target = ["nsenter", "-t", str(self.pid), "-m", "-p"]
        subprocess.run([*target, *command], check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def router(
    directory: Path, shell: str = "/usr/bin/vtysh", *, files: bool = True, keys: Sequence[str] = ()
) -> Iterator[Router]:
    """FRR behind OpenSSH on 127.0.0.1:PORT of a namespace of its own, with CONFIG; USER signs in with PASSWORD and gets `shell`.

    `keys` are public halves of keys with which USER signs in as well. With `files`, OpenSSH gives files by itself; else by a program that the shell would have to start, as Debian has it.
    """
    directory.chmod(0o755)
    (directory / "authorized_keys").write_text("".join(f"{key}\n" for key in keys))
    _prepare(directory, shell, "internal-sftp" if files else "/usr/lib/openssh/sftp-server")
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    log = directory / "log"
    with (
        namespaces(1) as (namespace,),
        process(
            ["ip", "netns", "exec", namespace, *alone, "sh", "-c", _SCRIPT, "sh", str(directory)], log
        ) as started,
    ):
        until(
            lambda: "Server listening" in log.read_text() or _ended(started, log),
            120,
            "a router that lets people in",
        )
        first = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()[0]
        try:
            yield Router(namespace, directory, int(first))
        finally:
            os.kill(int(first), signal.SIGKILL)  # and with it all that it began


def _ended(started: subprocess.Popen[bytes], log: Path) -> bool:
    assert started.poll() is None, log.read_text()
    return False


def _prepare(directory: Path, shell: str, sftp: str) -> None:
    folder = directory / "frr"
    folder.mkdir()
    (folder / "frr.conf").write_text(CONFIG)
    (folder / "vtysh.conf").write_text("service integrated-vtysh-config\n")
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "frr", "frr")
        path.chmod(0o775 if path.is_dir() else 0o644)
    hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True)
    home = directory / "home"
    home.mkdir()
    home.chmod(0o777)
    row = f"{USER}:x:64999:64999::{home}:{shell}\n"
    (directory / "passwd").write_text(Path("/etc/passwd").read_text() + row)
    (directory / "shadow").write_text(
        Path("/etc/shadow").read_text() + f"{USER}:{hashed.stdout.strip()}:20000::::::\n"
    )
    groups = Path("/etc/group").read_text().splitlines()
    groups = [
        f"{line}{'' if line.endswith(':') else ','}{USER}" if line.startswith("frr") else line
        for line in groups
    ]
    (directory / "group").write_text("\n".join([*groups, f"{USER}:x:64999:", ""]))
    (directory / "shadow").chmod(0o600)
    for name in ("passwd", "group"):
        (directory / name).chmod(0o644)
    new_key(directory)
    (directory / "sshd_config").write_text(
        f"Port {PORT}\nListenAddress 127.0.0.1\nHostKey {directory}/key\nPidFile none\nUsePAM no\n"
        "PasswordAuthentication yes\nKbdInteractiveAuthentication no\nPrintMotd no\nStrictModes no\nUseDNS no\n"
        f"Subsystem sftp {sftp}\nAuthorizedKeysFile /run/authorized_keys\nLogLevel VERBOSE\n"
    )


def new_key(directory: Path) -> None:
    """Give it another key, from when it is started next."""
    for name in ("key", "key.pub"):
        (directory / name).unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / "key")]
    subprocess.run(command, check=True)
