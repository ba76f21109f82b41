"""`nhip secrets …`: passwords and keys that checks need. They go in, and never come out here again."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from core.errors import BadInput
from inventory.exchange import cells
from inventory.registry import Registry
from inventory.secret_uses import uses
from inventory.vault import LONGEST, Vault

app = typer.Typer(help="Passwords and keys that checks need: set, list, remove.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its name, as parameters say it: ${secret:NAME}.")]


@app.command("set")
def set_(
    name: Name,
    file: Annotated[Path | None, typer.Option(help="Take the value from this file, a key for one.")] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Keep a secret, or put another value in its place. The value is asked for, or is what is piped in.

    Example: nhip secrets set qlvb-password
    """
    value = _value(file)
    with open_state(data) as state:
        Vault(state).set(name, value, SystemClock().now(), f"{getpass.getuser()} (command line)")
    typer.echo(f"kept: {name}")


@app.command("list")
def list_(data: DataDir = DEFAULT_DATA) -> None:
    """List the secrets, without their values: name, when it was set, by whom, how many checks name it; of SSH keys the public half.

    Those that checks name and nobody has set are in the list as well.

    Example: nhip secrets list
    """
    with open_state(data) as state:
        keys = Vault(state).keys()
        for use in uses(Vault(state).kept(), Registry(state).checks().values()):
            at = cells.show_time(use.changed_at) or "missing"
            public = keys[use.name].public or "locked by a passphrase" if use.name in keys else ""
            typer.echo(
                "\t".join([use.name, at, use.who or "-", f"{use.checks}", *([public] if public else [])])
            )


@app.command()
def remove(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Forget a secret: checks that name it are unknown from then on.

    Example: nhip secrets remove qlvb-password
    """
    with open_state(data) as state:
        if not Vault(state).remove(name):
            raise BadInput(f"no secret has the name {name}", todo="See them with: nhip secrets list")
    typer.echo(f"removed: {name}")


def _value(file: Path | None) -> str:
    if file is None and sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True, confirmation_prompt=True))
    try:
        raw = sys.stdin.buffer.read(LONGEST + 3) if file is None else file.read_bytes()[: LONGEST + 3]
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"no text: {error}", where=str(file or "standard input")) from error
    # A line that was typed or echoed ends in a newline that is not meant; a key file keeps its own.
    return text if file else text.removesuffix("\n").removesuffix("\r")
