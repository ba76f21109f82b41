"""What people type at the centre: every command explains itself with an example; faults are one clear line."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import support_processes as support
import typer

from cli.main import app


def commands(group: click.Command, path: str = "nhip") -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group) or hasattr(group, "commands"):
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}")
    else:
        yield path, group


ALL = dict(commands(typer.main.get_command(app)))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*support.NHIP, *words], capture_output=True, text=True, cwd=support.ROOT, check=False, timeout=180
    )


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help_with_an_example(path: str) -> None:
    text = ALL[path].help or ""
    assert f"Example: {path}" in " ".join(text.split()), f"`{path} --help` shows no example of itself"


def test_the_promised_commands_are_there() -> None:
    promised = (
        "serve",
        "maintenance add",
        "units import",
        "units export",
        "user add",
        "agent token",
        "lab fleet",
        "doctor",
    )
    assert {f"nhip {name}" for name in promised} <= set(ALL)


def test_a_token_for_an_unknown_unit_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run("agent", "token", "nowhere", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_tls_the_centre_refuses_to_listen_beyond_loopback(tmp_path: Path) -> None:
    done = run("serve", "--data", str(tmp_path), "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "TLS" in done.stderr


def test_the_doctor_examines_a_new_data_folder(tmp_path: Path) -> None:
    done = run("doctor", "--data", str(tmp_path / "new"))
    assert "Python" in done.stdout
    assert "does not exist yet" in done.stdout


def test_the_doctor_finds_a_state_store_that_is_junk(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 100)
    done = run("doctor", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "■" in done.stdout
    assert "Traceback" not in done.stderr
