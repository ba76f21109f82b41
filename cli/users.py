"""`nhip user …`: people who sign in, and tokens for programs."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from web.auth.roles import Role
from web.auth.secrets import check_password_rules, new_password
from web.auth.tokens import create_token
from web.auth.users import add_user, remove_user, set_password, users

DAY_MS = 24 * 3_600_000

app = typer.Typer(help="People who sign in, and tokens for programs.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name; capitals make no difference.")]
RoleName = Annotated[
    str,
    typer.Option(
        "--role", help="viewer, technician, manager, operator or admin; each includes those before it."
    ),
]
Generate = Annotated[bool, typer.Option(help="Make a password and print it, instead of asking for one.")]


@app.command()
def add(
    name: Name,
    role: RoleName = "viewer",
    generate: Generate = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a user.

    Example: nhip user add lan --role technician
    """
    rights = Role.named(role)
    password = _password(generate=generate)
    with open_state(data) as state:
        add_user(state, name, rights, password, SystemClock().now())
    _show(password, generated=generate)


@app.command("list")
def list_(data: DataDir = DEFAULT_DATA) -> None:
    """List the users, their roles and when they were last seen.

    Example: nhip user list
    """
    with open_state(data) as state:
        for user in users(state):
            seen = (
                f"{datetime.fromtimestamp(user.seen_at / 1000, UTC):%Y-%m-%d %H:%M} UTC"
                if user.seen_at
                else "-"
            )
            typer.echo(f"{user.name}\t{user.role.name.lower()}\t{seen}")


@app.command()
def password(name: Name, generate: Generate = False, data: DataDir = DEFAULT_DATA) -> None:
    """Set a user's password; all their sessions end.

    Example: nhip user password lan --generate
    """
    new = _password(generate=generate)
    with open_state(data) as state:
        set_password(state, name, new, SystemClock().now())
    _show(new, generated=generate)


@app.command()
def remove(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Remove a user; all their sessions end.

    Example: nhip user remove lan
    """
    with open_state(data) as state:
        remove_user(state, name)


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="What the program is called, in logs.")],
    role: RoleName = "viewer",
    days: Annotated[int, typer.Option(help="Days until it expires.", min=1, max=3_650)] = 365,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Make a token with which a program reads the API and /metrics, shown once.

    Example: nhip user token prometheus --days 730
    """
    rights = Role.named(role)
    with open_state(data) as state:
        made = create_token(state, name, rights, SystemClock().now(), days * DAY_MS)
    typer.echo(made)
    typer.echo("It is sent as: Authorization: Bearer <token>", err=True)


def _password(*, generate: bool) -> str:
    if generate:
        return new_password()
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password_rules(asked)
    return asked


def _show(password: str, *, generated: bool) -> None:
    if generated:
        typer.echo(password)
