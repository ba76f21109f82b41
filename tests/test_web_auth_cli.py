"""`nhip user …`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.data import open_state
from cli.users import app
from core.clock import SystemClock
from core.errors import BadInput
from lab.manual_clock import ManualClock
from web.auth.auth import Auth
from web.auth.roles import Role, User
from web.auth.tokens import user_of_token
from web.auth.users import users


def run(data: Path, *words: str, typed: str = "") -> str:
    """What the command prints on standard output; foreseen failures are raised."""
    done = CliRunner().invoke(app, [*words, "--data", str(data)], input=typed, catch_exceptions=True)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def signs_in(data: Path, name: str, password: str) -> bool:
    with open_state(data) as state:
        return Auth(state, ManualClock()).sign_in(name, password, "127.0.0.1").session is not None


def test_a_user_is_added_with_a_password_made_for_them(tmp_path: Path):
    made = run(tmp_path, "add", "Lan", "--role", "technician", "--generate").strip()
    assert signs_in(tmp_path, "lan", made)
    assert run(tmp_path, "list").startswith("lan\ttechnician\t")


def test_a_user_is_added_with_a_password_that_is_asked_for_twice(tmp_path: Path):
    shown = run(tmp_path, "add", "lan", typed="mot-hai-ba-bon\nmot-hai-ba-bon\n")
    assert "mot-hai" not in shown
    assert signs_in(tmp_path, "lan", "mot-hai-ba-bon")
    with open_state(tmp_path) as state:
        assert [user.role for user in users(state)] == [Role.VIEWER]


def test_a_password_is_replaced(tmp_path: Path):
    first = run(tmp_path, "add", "lan", "--generate").strip()
    second = run(tmp_path, "password", "lan", "--generate").strip()
    assert not signs_in(tmp_path, "lan", first)
    assert signs_in(tmp_path, "lan", second)


def test_a_user_is_removed(tmp_path: Path):
    run(tmp_path, "add", "lan", "--generate")
    run(tmp_path, "remove", "LAN")
    assert run(tmp_path, "list") == ""


def test_faults_are_said_in_words(tmp_path: Path):
    with pytest.raises(BadInput, match="no user 'lan'"):
        run(tmp_path, "password", "lan", "--generate")
    with pytest.raises(BadInput, match="10 to 200"):
        run(tmp_path, "add", "lan", typed="short\nshort\n")


def test_a_token_lets_a_program_in_with_its_role(tmp_path: Path):
    token = run(tmp_path, "token", "prometheus", "--role", "manager", "--days", "2").splitlines()[0]
    now = SystemClock().now()
    with open_state(tmp_path) as state:
        assert user_of_token(state, token, now) == User("prometheus", Role.MANAGER, program=True)
        assert user_of_token(state, token, now + 2 * 86_400_000) is None


@pytest.mark.parametrize("command", ["add", "list", "password", "remove", "token"])
def test_every_command_has_an_example(command: str):
    assert f"Example: nhip user {command}" in " ".join(
        CliRunner().invoke(app, [command, "--help"]).stdout.split()
    )
