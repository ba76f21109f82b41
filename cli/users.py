"""`nhip user …`: people who sign in, and tokens for programs."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.data import DEFAULT_DATA, DataDir, open_state
from core.clock import SystemClock
from web.auth.roles import Role
from web.auth.secrets import check_password_rules, new_password
from web.auth.tokens import create_token, revoke_token, tokens
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
            typer.echo(f"{user.name}\t{user.role.name.lower()}\t{_time(user.seen_at)}")


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


@app.command("tokens")
def tokens_(data: DataDir = DEFAULT_DATA) -> None:
    """List the tokens of programs: number, name, role, when each expires and when it was last used.

    Example: nhip user tokens
    """
    now = SystemClock().now()
    with open_state(data) as state:
        for one in tokens(state):
            ends = "expired" if one.expires_at <= now else "expires"
            typer.echo(
                f"{one.id}\t{one.name}\t{one.role.name.lower()}\t"
                f"{ends} {_time(one.expires_at)}\tused {_time(one.used_at)}"
            )


@app.command("token-revoke")
def token_revoke(
    token: Annotated[int, typer.Argument(help="The token's number, as `nhip user tokens` lists it.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Revoke a token: the program that has it is refused from its next request on.

    Example: nhip user token-revoke 3
    """
    with open_state(data) as state:
        gone = revoke_token(state, token)
    typer.echo(f"revoked: {gone.id}\t{gone.name}\t{gone.role.name.lower()}")


def _time(at: int | None) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC" if at else "-"


def _password(*, generate: bool) -> str:
    if generate:
        return new_password()
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password_rules(asked)
    return asked


def _show(password: str, *, generated: bool) -> None:
    if generated:
        typer.echo(password)
