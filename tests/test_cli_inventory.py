"""`nhip inventory read`: what is said of files of inventories."""

import gzip
import zlib
from pathlib import Path

import pytest
from support_inventories import as_json, as_xml
from typer.testing import CliRunner, Result

from cli.inventory import app
from core.errors import BadInput


def read(*words: object) -> Result:
    return CliRunner().invoke(app, ["read", *map(str, words)])


def test_an_inventory_that_is_taken_says_which_machine_and_what_was_left_out(tmp_path: Path) -> None:
    file = tmp_path / "pc.json"
    file.write_bytes(as_json({"bios": {"ssn": "1"}, "cpus": [{"name": "i5", "speed": "fast"}]}))
    done = read(file)
    assert done.exit_code == 0
    assert f"{file}: taken: Computer pc-7, 2 sections, 2 entries, agent not told" in done.output
    assert "    $.content.cpus[0].speed: not a whole number" in done.output
    assert "1 read: 1 taken, 1 of them with faults; 0 refused" in done.output


def test_one_that_is_refused_says_where_and_what_to_do_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"deviceid": "a"}')
    (tmp_path / "b.xml").write_bytes(as_xml({"bios": {"SSN": "1"}}))
    (tmp_path / "notes.txt").write_bytes(b"not looked at")
    done = read(tmp_path)
    assert done.exit_code == 1
    assert (
        f"{tmp_path / 'a.json'}: refused: $.content: is missing. Post what a GLPI Agent writes" in done.output
    )
    assert "2 read: 1 taken, 0 of them with faults; 1 refused" in done.output


def test_bodies_are_read_as_they_were_sent(tmp_path: Path) -> None:
    plain = as_json({"bios": {"ssn": "1"}})
    (tmp_path / "a.zlib").write_bytes(zlib.compress(plain))
    (tmp_path / "b.gz").write_bytes(gzip.compress(plain))
    assert "2 read: 2 taken" in read(tmp_path).output


def test_quiet_tells_only_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(as_json({"bios": {"ssn": "1"}}))
    assert "taken:" not in read("--quiet", tmp_path).output


def test_a_file_that_is_not_there_is_refused_by_its_name() -> None:
    assert "No such file" in read("/nowhere/pc.json").output


def test_a_folder_without_inventories_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no \.gz, \.json, \.ocs, \.xml, \.zlib file"):
        CliRunner().invoke(app, ["read", str(tmp_path)], catch_exceptions=False)
