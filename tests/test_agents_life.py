"""Life marks, host facts and small files."""

import json
import stat
from pathlib import Path

import pytest

from agents import host, life
from agents.files import write_whole


def test_the_first_life_does_not_know_how_the_last_one_ended(tmp_path: Path) -> None:
    assert life.begin(tmp_path, 1_000).clean_shutdown is None


def test_an_orderly_end_is_known_to_the_next_life_and_only_to_it(tmp_path: Path) -> None:
    life.begin(tmp_path, 1_000)
    life.end(tmp_path, 2_000)
    assert life.begin(tmp_path, 3_000).clean_shutdown is True
    assert life.begin(tmp_path, 4_000).clean_shutdown is False


def test_a_life_names_the_boot_it_belongs_to(tmp_path: Path) -> None:
    mine = life.begin(tmp_path, 1_000)
    assert mine.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert mine.booted_at > 0
    assert mine.started_at == 1_000


def test_the_same_machine_gives_the_same_facts() -> None:
    assert host.facts() == host.facts()


def test_the_facts_are_plain_json_with_the_keys_of_the_inventory_format() -> None:
    facts = host.facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["hardware"]["memory"] > 0
    assert facts["cpus"][0]["thread"] >= 1
    assert facts["operatingsystem"]["kernel_name"] == "Linux"
    assert any(network["description"] == "lo" for network in facts["networks"])
    assert all("description" in network for network in facts["networks"])


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old", 0o644)
    write_whole(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_a_crash_left_half_written_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".file.part").write_bytes(b"hal")
    write_whole(tmp_path / "file", b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
