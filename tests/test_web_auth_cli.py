"""`nhip user …`, and `nhip agent revoke`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.agent import app as agent_app
from cli.data import open_state
from cli.users import app
from collector.agents import Agents
from core.clock import SystemClock
from core.errors import BadInput, Refused
from core.wire import Enrol
from lab.manual_clock import ManualClock
from web.auth.auth import Auth
from web.auth.roles import Role, User
from web.auth.tokens import KEPT_MS, create_token, user_of_token
from web.auth.users import users


def run(data: Path, *words: str, typed: str = "", of: typer.Typer = app) -> str:
    """What the command prints on standard output; foreseen failures are raised."""
    done = CliRunner().invoke(of, [*words, "--data", str(data)], input=typed, catch_exceptions=True)
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


def in_two_days() -> str:
    return f"{datetime.fromtimestamp(SystemClock().now() / 1000, UTC) + timedelta(days=2):%Y-%m-%d}"


def test_tokens_are_listed_with_their_role_expiry_and_last_use_and_without_their_secret(tmp_path: Path):
    before = in_two_days()
    made = run(tmp_path, "token", "prometheus", "--role", "manager", "--days", "2").splitlines()[0]
    days = {before, in_two_days()}  # two, if midnight was just then
    (line,) = run(tmp_path, "tokens").splitlines()
    number, name, role, expires, used = line.split("\t")
    assert (number, name, role, used) == ("1", "prometheus", "manager", "used -")
    assert expires.startswith("expires ")
    assert expires.split()[1] in days
    with open_state(tmp_path) as state:
        user_of_token(state, made, SystemClock().now())
    assert run(tmp_path, "tokens").strip().split("\t")[-1] != "used -"
    assert made not in run(tmp_path, "tokens")


def test_a_revoked_token_opens_nothing_and_the_others_stay(tmp_path: Path):
    one, two = (run(tmp_path, "token", name).splitlines()[0] for name in ("grafana", "prometheus"))
    assert "grafana" in run(tmp_path, "token-revoke", "1")
    now = SystemClock().now()
    with open_state(tmp_path) as state:
        assert user_of_token(state, one, now) is None
        assert user_of_token(state, two, now) is not None
    with pytest.raises(BadInput, match="no token 1"):
        run(tmp_path, "token-revoke", "1")


def test_the_number_of_a_revoked_token_is_not_given_again(tmp_path: Path):
    run(tmp_path, "token", "grafana")
    run(tmp_path, "token-revoke", "1")
    run(tmp_path, "token", "prometheus")
    assert run(tmp_path, "tokens").startswith("2\tprometheus")


def test_an_expired_token_is_listed_as_such_for_90_days(tmp_path: Path):
    now = SystemClock().now()
    with open_state(tmp_path) as state:
        for name, ago in (("lately", KEPT_MS - 3_600_000), ("long ago", KEPT_MS + 3_600_000)):
            create_token(state, name, Role.VIEWER, now - ago - 1, 1)
        create_token(state, "new", Role.VIEWER, now, 3_600_000)
    lines = [line.split("\t") for line in run(tmp_path, "tokens").splitlines()]
    assert [(line[1], line[3].split()[0]) for line in lines] == [("lately", "expired"), ("new", "expires")]


def test_a_revoked_agent_is_refused_and_not_listed(tmp_path: Path):
    with open_state(tmp_path) as state:
        agents, secret = Agents(state, ManualClock()), "s" * 32
        made = agents.enrol(
            Enrol(token=agents.create_token("11950"), secret=secret, hostname="x", version="1")
        )
    assert "revoked" in run(tmp_path, "revoke", made.agent, of=agent_app)
    assert run(tmp_path, "list", of=agent_app) == ""
    with open_state(tmp_path) as state, pytest.raises(Refused):
        Agents(state, ManualClock()).authenticate(f"Bearer {made.agent}.{secret}")
    with pytest.raises(BadInput, match="nhip agent list"):
        run(tmp_path, "revoke", made.agent, of=agent_app)


@pytest.mark.parametrize("command", ["add", "list", "password", "remove", "token", "tokens", "token-revoke"])
def test_every_command_has_an_example(command: str):
    assert f"Example: nhip user {command}" in " ".join(
        CliRunner().invoke(app, [command, "--help"]).stdout.split()
    )
