"""`nhip secrets …`: values go in, and do not come out."""

from pathlib import Path

import pytest
from support_registry import NOW, small_province
from typer.testing import CliRunner

from cli.data import open_state
from cli.main import app
from core.errors import BadInput
from inventory.catalogue import write_service
from inventory.changes import put_template
from inventory.vault import KEY_FILE, Vault

WORD = "Mật-khẩu-của-tài-khoản"


def run(data: Path, *words: str, typed: str = "") -> str:
    done = CliRunner().invoke(app, ["secrets", *words, "--data", str(data)], input=typed)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def kept(data: Path, name: str) -> str | None:
    with open_state(data) as state:
        return Vault(state).values([name]).get(name)


def test_a_secret_is_taken_from_standard_input_without_its_newline(tmp_path: Path) -> None:
    shown = run(tmp_path, "set", "qlvb-password", typed=f"{WORD}\n")
    assert shown == "kept: qlvb-password\n"
    assert kept(tmp_path, "qlvb-password") == WORD
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_key_is_taken_from_a_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("-----BEGIN KEY-----\nabc\n-----END KEY-----\n", encoding="utf-8")
    run(tmp_path / "data", "set", "lgsp-key", "--file", str(file))
    assert kept(tmp_path / "data", "lgsp-key") == file.read_text(encoding="utf-8")


def test_the_list_says_what_is_kept_and_what_is_missing_without_any_value(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        small_province(state, NOW)
        params = {"headers": {"x": "${secret:a}${secret:b}"}}
        check = {"name": "Trang", "kind": "http", "target": "https://x.vn/", "params": params}
        write_service(state, NOW, {"code": "x", "name": "X"}, [check])
        put_template(state, NOW, level="commune", vantage="unit", label="S", role="service", service="*")
    run(tmp_path, "set", "a", typed=WORD)
    run(tmp_path, "set", "c", typed=WORD)
    lines = [line.split("\t") for line in run(tmp_path, "list").splitlines()]
    assert [(line[0], line[1] == "missing", line[3]) for line in lines] == [
        ("a", False, "2"),
        ("b", True, "2"),
        ("c", False, "0"),
    ]
    assert "(command line)" in lines[0][2]
    assert WORD not in str(lines)


def test_a_secret_is_removed(tmp_path: Path) -> None:
    run(tmp_path, "set", "a", typed=WORD)
    assert run(tmp_path, "remove", "a") == "removed: a\n"
    assert kept(tmp_path, "a") is None
    with pytest.raises(BadInput, match="no secret has the name a"):
        run(tmp_path, "remove", "a")


def test_a_value_that_will_not_do_is_refused_without_being_shown(tmp_path: Path) -> None:
    for typed in ("abc", "x" * 20_000):
        with pytest.raises(BadInput) as refused:
            run(tmp_path, "set", "a", typed=typed)
        assert typed not in str(refused.value)
    with pytest.raises(BadInput, match="no text"):
        run(tmp_path, "set", "a", "--file", str(tmp_path / "none"))


def test_the_doctor_finds_that_the_key_of_the_secrets_is_lost(tmp_path: Path) -> None:
    run(tmp_path, "set", "a", typed=WORD)
    command = ["doctor", "--data", str(tmp_path), "--no-ports"]
    assert "1 secret(s), each can be read" in CliRunner().invoke(app, command).stdout
    (tmp_path / KEY_FILE).unlink()
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 1
    assert "Secrets cannot be read" in found.stdout
