"""`nhip doctor`: is this machine and this data folder fit to run the centre? Each finding says what to do."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from cli.data import DEFAULT_DATA, DataDir, state_path
from core.errors import NhipError
from inventory.state import State
from inventory.vault import Vault
from web.migrate import behind

ENOUGH_DISK = 5 << 30


class Finding(NamedTuple):
    """`good` None: not a fault, but worth knowing."""

    good: bool | None
    text: str


def doctor(
    data: DataDir = DEFAULT_DATA,
    ports: Annotated[bool, typer.Option(help="Also look at ICMP and the rights it needs.")] = True,
) -> None:
    """Examine this machine and the data folder; exit code 1 when something must be mended.

    Example: nhip doctor --data /var/lib/nhip
    """
    findings = [*_machine(), *_data(data), *(_icmp() if ports else ())]
    for finding in findings:
        sign = {True: "●", False: "■", None: "▲"}[finding.good]
        typer.echo(f"{sign} {finding.text}")
    if any(finding.good is False for finding in findings):
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), f"Python {version} (3.11 or later is needed)")
    yield Finding(True, f"SQLite {sqlite3.sqlite_version}")
    vendor = Path(__file__).parent.parent / "web" / "static" / "vendor"
    there = any(vendor.glob("*.js"))
    yield Finding(
        there, "Front-end assets are there" if there else "Front-end assets are missing: run `make setup`"
    )


def _data(data: Path) -> Iterator[Finding]:
    if not data.exists():
        yield Finding(None, f"{data} does not exist yet: `nhip serve --data {data}` makes it")
        return
    free = shutil.disk_usage(data).free
    yield Finding(free >= ENOUGH_DISK, f"{free / (1 << 30):.1f} GiB free in {data} (5 GiB are sensible)")
    mode = data.stat().st_mode & 0o777
    yield Finding(
        mode & 0o007 == 0, f"{data} has mode {mode:o}" + (": run `chmod o-rwx` on it" if mode & 7 else "")
    )
    if not os.access(data, os.W_OK):
        yield Finding(False, f"{data} cannot be written by this user")
        return
    path = state_path(data)
    if not path.exists():
        yield Finding(None, "no state store yet: the first start makes it")
        return
    yield from _state(path)


def _state(path: Path) -> Iterator[Finding]:
    try:
        state = State(path, guest=True)
    except NhipError as error:
        yield Finding(False, str(error))
        return
    try:
        with state.read() as connection:
            verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar_one()
        yield Finding(verdict == "ok", f"State store is whole: {verdict}")
        steps = behind(state)
        yield Finding(
            None if steps else True,
            f"{steps} migration(s) to do at the next start" if steps else "Tables are of this version",
        )
        if not steps:
            yield _secrets(Vault(state))
    except NhipError as error:
        yield Finding(False, str(error))
    finally:
        state.close()


def _secrets(vault: Vault) -> Finding:
    kept = vault.kept()
    try:
        vault.values(secret.name for secret in kept)
    except NhipError as error:
        return Finding(False, f"Secrets cannot be read: {error}")
    return Finding(True, f"{len(kept)} secret(s), each can be read")


def _icmp() -> Iterator[Finding]:
    group_range = Path("/proc/sys/net/ipv4/ping_group_range")
    if not group_range.exists():
        return
    low, high = map(int, group_range.read_text().split())
    unprivileged = low <= os.getgid() <= high
    if unprivileged:
        yield Finding(True, "ICMP without privileges is allowed to this user")
    elif os.geteuid() == 0:
        yield Finding(True, "ICMP through a raw socket, as root")
    else:
        yield Finding(False, 'ICMP is not allowed: sysctl -w net.ipv4.ping_group_range="0 2147483647"')
