"""`nhip`: everything at the centre. `nhip-agent`, which stands in the units, is a program of its own."""

import logging
import sys
from importlib.util import find_spec

import typer

from cli import agent, doctor, inventory, maintenance, secrets, serve, units, users
from core.errors import NhipError

app = typer.Typer(
    name="nhip",
    help="Nhịp, the centre: watches the network of a province.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.add_typer(units.app, name="units")
app.add_typer(users.app, name="user")
app.add_typer(agent.app, name="agent")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(secrets.app, name="secrets")
app.add_typer(inventory.app, name="inventory")
app.command()(doctor.doctor)
if find_spec("trustme"):  # the lab is an extra: a centre does without
    from lab.cli import app as lab_app

    app.add_typer(lab_app, name="lab")


def main() -> None:
    """Run the command; a foreseen failure is one line for people, and exit code 1."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        app()
    except NhipError as error:
        print(f"nhip: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
