"""`nhip inventory …`: what the centre makes of an inventory; addresses for agents that post to the centre itself."""

import getpass
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import book
from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from core.errors import BadInput
from core.inventory_agents import MAX_PLAIN, unpacked
from inventory.formats import Inventory, read_inventory
from inventory.formats.sections import steady
from inventory.machines.addresses import addresses, close_addresses, open_address
from inventory.machines.contents import canonical
from inventory.registry import Registry

app = typer.Typer(
    help="Inventories of machines: read files of them, addresses to post them to, asset books.",
    no_args_is_help=True,
)
app.add_typer(book.app, name="book")
SUFFIXES = frozenset({".json", ".xml", ".ocs", ".zlib", ".gz"})


@app.command("read")
def read(
    files: Annotated[
        list[Path], typer.Argument(help="Files, or folders of them (.json, .xml, .ocs, .zlib, .gz).")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what was refused or left out.")] = False,
) -> None:
    """Say of each inventory whether it is taken, and what of it is left out, or where it is wrong and what to do.

    JSON of GLPI Agent, XML of FusionInventory and OCS Inventory, plain or as sent. Nothing is stored. Exit code 1
    when one is refused.

    Example: nhip inventory read /tmp/glpi-agent-inventories
    """
    taken = faulty = refused = 0
    for path in (file for each in files for file in _files(each)):
        try:
            found = _read(path)
        except BadInput as error:
            refused += 1
            typer.echo(f"{path}: refused: {error}")
            continue
        taken += 1
        faulty += bool(found.faults)
        if not quiet or found.faults:
            typer.echo(f"{path}: taken: {_line(found)}")
        for where, what in found.faults:
            typer.echo(f"    {where}: {what}")
    typer.echo(f"{taken + refused} read: {taken} taken, {faulty} of them with faults; {refused} refused")
    if refused:
        raise typer.Exit(1)


@app.command("open")
def open_(
    unit: Annotated[str, typer.Argument(help="The unit's code.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Make an address at the centre for the inventory agents of a unit whose PCs reach it. It is shown this once.

    Example: nhip inventory open 11950
    """
    now = SystemClock().now()
    with open_state(data) as state:
        if Registry(state).unit(unit, now) is None:
            raise BadInput(f"no unit {unit!r}", todo="`nhip units export` lists them")
        path = open_address(state, unit, now, f"{getpass.getuser()} (command line)")
    typer.echo(f"https://THE-CENTRE{path}")


@app.command("close")
def close(
    unit: Annotated[str, typer.Argument(help="The unit's code.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Take nothing more at the addresses of a unit.

    Example: nhip inventory close 11950
    """
    with open_state(data) as state:
        typer.echo(f"closed: {close_addresses(state, unit, SystemClock().now())}")


@app.command("addresses")
def list_(data: DataDir = DEFAULT_DATA) -> None:
    """The addresses that were made: unit, when, by whom, and since when closed. The tokens in them are not kept.

    Example: nhip inventory addresses
    """
    with open_state(data) as state:
        for each in addresses(state):
            closed = f", closed {_moment(each.closed_at)}" if each.closed_at is not None else ""
            typer.echo(f"{each.unit}: made {_moment(each.made_at)} by {each.who}{closed}")


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _read(path: Path) -> Inventory:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_PLAIN + 1)
    except OSError as error:
        raise BadInput(str(error)) from error
    plain, _ = unpacked(body)
    found = read_inventory(plain)
    canonical(steady(found.content))
    return found


def _line(found: Inventory) -> str:
    rows = sum(len(value) if isinstance(value, list) else 1 for value in found.content.values())
    part = " (a part)" if found.partial else ""
    return f"{found.item_type} {found.device_id}{part}, {len(found.content)} sections, {rows} entries, {found.client or 'agent not told'}"


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
    if not found:
        raise BadInput(f"no {', '.join(sorted(SUFFIXES))} file in this folder", where=str(path))
    yield from found
